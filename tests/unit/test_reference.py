"""The reference is made from the code: what is on its pages is what there is."""

from __future__ import annotations

import io
import json
import re
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.guards import BUILT_IN
from pytest_soak.observe.metrics import RESOURCES, metric_name

ROOT = Path(__file__).parents[2]


class _Page(io.StringIO):
    def close(self) -> None:
        """Keep the text."""


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    """Text of each page by its name, as the site's generator writes it."""
    written: dict[str, _Page] = {}
    module = ModuleType("mkdocs_gen_files")
    module.open = lambda name, *_, **__: written.setdefault(name, _Page())  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mkdocs_gen_files", module)
        patch.chdir(ROOT)
        runpy.run_path(str(ROOT / "docs" / "generate.py"))
    return {
        name.removeprefix("reference/").removesuffix(".md"): page.getvalue() for name, page in written.items()
    }


def test_options_are_those_of_the_help(pages: Mapping[str, str], pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_inprocess("--help").stdout.str()
    group = text[text.index("soak: market-making strategies") : text.index("soak_iterations (")]
    options = set(re.findall(r"--soak-[a-z-]+", group)) - {"--soak-"}
    rows = {
        row.split("`")[1].partition("=")[0]: row
        for row in pages["options"].splitlines()
        if row.startswith("| `--")
    }
    assert options == set(rows)
    # An option that an ini option's help names is one of them.
    assert set(re.findall(r"see (--soak-[\w-]+)", re.sub(r"\s+", " ", text))) <= options
    # In an ini file it would extend a run every time that one is resumed.
    for option in options - {"--soak-extend"}:
        assert f"`soak_{option.removeprefix('--soak-').replace('-', '_')}`" in rows[option]


def test_kpis_parameters_and_guards_are_there_as_they_are(pages: Mapping[str, str]) -> None:
    for name, kpi in KPI_MEANINGS.items():
        assert f"| `{name}` | {kpi.unit} | {kpi.better or '-'} | {kpi.meaning} |" in pages["kpis"]
    for one in PARAMETERS.values():
        row = next(line for line in pages["parameters"].splitlines() if line.startswith(f"| `{one.name}`"))
        assert f"| {one.low:g} to {one.high:g} |" in row
        assert f"| {'up' if one.safer > 0 else 'down'} |" in row
    for name in BUILT_IN:
        assert f"## `{name}`" in pages["guards"]


def test_every_metric_is_there_also_those_that_dashboards_and_rules_name(pages: Mapping[str, str]) -> None:
    found = set(re.findall(r"^\| `(soak_\w+)`", pages["metrics"], re.MULTILINE))
    assert {metric_name(kpi) for kpi in KPI_MEANINGS} <= found
    assert {name for name, _ in RESOURCES.values()} <= found
    assert {
        "soak_verdict",
        "soak_guard_refusals_total",
        "soak_up",
        "soak_run_info",
        "soak_parameter",
    } <= found
    panels = json.loads((ROOT / "ops" / "soak.json").read_text(encoding="utf-8"))["panels"]
    asked = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    assert set(re.findall(r"\bsoak_\w+", asked)) <= found
