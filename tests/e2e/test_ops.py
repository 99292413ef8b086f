"""Rules for Prometheus: each metric is one the exporter gives, each alert is tested and in the runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops import grafana
from pytest_soak.observe.metrics import exposition
from pytest_soak.observe.watching import Watch

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
RULES = (OPS / "rules.yml").read_text(encoding="utf-8")
ALERTS = re.findall(r"- alert: (\w+)", RULES)
PROMTOOL = shutil.which("promtool")


def test_every_metric_of_rules_and_panels_is_one_that_the_exporter_gives(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess("--soak-iterations=1", "--soak-minutes=0.5", "--soak-gate=off")
    run = next((pytester.path / "artifacts/soak/runs").iterdir())
    text = exposition(Watch(lambda: run)).decode("utf-8")
    given = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    given = {f"{name}_total" if name == "soak_guard_refusals" else name for name in given}
    asked = [target["expr"] for panel in grafana.dashboard()["panels"] for target in panel["targets"]]
    named = set(re.findall(r"\bsoak_[a-z0-9_]+", "\n".join([*re.findall(r"expr: (.*)", RULES), *asked])))
    assert len(named) > 20
    assert named <= given
    assert {"soak_resident_memory_bytes", "soak_canary_readable"} <= named


def test_the_dashboard_is_what_its_script_makes() -> None:
    assert grafana.PLACE.read_text(encoding="utf-8") == grafana.text(), "run: python -m ops.grafana"


def test_grafanas_own_model_takes_every_key_of_the_dashboard() -> None:
    """Read into the classes that Grafana generates from its schemas, and written again, nothing is lost."""
    reason = "grafana-foundation-sdk is not installed"
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason=reason)
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder", reason=reason)
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins", reason=reason)
    plugins.register_default_plugins()
    read = models.Dashboard.from_json(grafana.dashboard())
    assert _within(grafana.dashboard(), json.loads(encoder.JSONEncoder().encode(read)))


def _within(ours: Any, theirs: Any) -> bool:
    """Whether all that is in ours is in theirs, which may hold defaults too."""
    if isinstance(ours, dict):
        return all(key in theirs and _within(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(_within, ours, theirs))
    return bool(ours == theirs)


def test_every_alert_is_in_the_runbook_and_in_the_tests_of_the_rules() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    tests = (OPS / "rules_test.yml").read_text(encoding="utf-8")
    told = [name for line in re.findall(r"^Alert: (.*)", runbook, re.MULTILINE) for name in line.split(", ")]
    assert sorted(name.strip("`.") for name in told) == sorted(ALERTS)
    for name in ALERTS:
        assert tests.count(f"alertname: {name}\n") == 2, "one series that fires, one that does not"


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool is installed here (Debian's package prometheus)")
@pytest.mark.parametrize(
    "words", [("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")]
)
def test_promtool_passes_what_is_in_ops(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(PROMTOOL), *words], cwd=OPS, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
