"""Pages of the reference, made from the code each time that the site is built (by mkdocs-gen-files)."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import mkdocs_gen_files
import pytest
from pydantic import BaseModel

from pytest_soak import cli
from pytest_soak import plugin as soak_plugin
from pytest_soak.config.profiles import available_profiles, load_profile
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.settings import Profile
from pytest_soak.guards import BUILT_IN
from pytest_soak.market import available_scenarios, load_scenario
from pytest_soak.market.scenario.model import Scenario
from pytest_soak.observe.metrics import LABELS, SoakCollector, metric_name
from pytest_soak.observe.watching import Watch

SCHEMAS = Path("pytest_soak") / "store" / "exports" / "schemas"


class Registered:
    """Takes what the plugin registers with pytest, in place of pytest's own parser."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.inis: dict[str, str] = {}

    def getgroup(self, *_names: str) -> Registered:
        """The same object: all options are in one group."""
        return self

    def addoption(self, name: str, **words: Any) -> None:
        """Keep an option."""
        self.options.append((name, words))

    def addini(self, name: str, _help: str, **words: Any) -> None:
        """Keep an ini option."""
        self.inis[name] = str(words.get("type"))


def page(name: str, title: str, lines: Iterable[str], intro: str = "") -> None:
    """Write one page of the site."""
    with mkdocs_gen_files.open(f"reference/{name}.md", "w", encoding="utf-8") as file:
        file.write("\n".join([f"# {title}", "", *([intro, ""] if intro else []), *lines, ""]))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell(value) for value in row) + " |"
    yield ""


def cell(value: object) -> str:
    """Text within one cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def options() -> None:
    """Command line and ini."""
    found = Registered()
    soak_plugin.pytest_addoption(cast("pytest.Parser", found))
    rows = []
    for name, words in found.options:
        ini = name.removeprefix("--").replace("-", "_")
        shown = f"`{name}{'=' + words['metavar'] if words.get('metavar') else ''}`"
        rows.append((shown, f"`{ini}` ({found.inis[ini]})" if ini in found.inis else "", words["help"]))
    intro = (
        "Values on the command line win over those of the ini file. `~` is expanded in paths. Write paths "
        "with an equals sign: pytest takes a word of its own for a test path."
    )
    page("options", "Options", table(("option", "ini (type)", "meaning"), rows), intro)


def commands() -> None:
    """Help of each command of the console script."""
    lines = []
    for name in (module.__name__.rpartition(".")[2] for module in modules_of_commands()):
        for command in ("profiles", "scenarios", "kpis", "guards") if name == "listing" else (name,):
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
                cli.main([command, "--help"])
            lines += [f"## {command}", "", "```text", out.getvalue().rstrip(), "```", ""]
    page("commands", "Commands of `pytest-soak`", lines)


def modules_of_commands() -> Iterator[types.ModuleType]:
    """Modules that add a command, by name."""
    for path in sorted(Path(str(cli.__file__)).parent.glob("[a-z]*.py")):
        module = importlib.import_module(f"pytest_soak.cli.{path.stem}")
        if hasattr(module, "add"):
            yield module


def kpis() -> None:
    """All KPIs."""
    rows = (
        (f"`{name}`", kpi.unit, kpi.better or "-", kpi.meaning, f"`{metric_name(name)}`")
        for name, kpi in KPI_MEANINGS.items()
    )
    intro = (
        "Each stands in `summary` of an `ITER_SUMMARY_<n>.json`; a gate can be set on any of them, also "
        "under another [fill model](../explanation/fills.md), as `net_bps@through`."
    )
    page("kpis", "KPIs", table(("KPI", "unit", "better", "meaning", "metric"), rows), intro)


def parameters() -> None:
    """The table of parameters, and what the shipped profiles set."""
    profiles = [load_profile(name).profile for name in available_profiles()]
    rows = (
        (
            f"`{p.name}`",
            p.unit,
            f"{p.low:g} to {p.high:g}",
            f"{p.step:g}",
            "up" if p.safer > 0 else "down",
            p.meaning,
            *(f"{profile.parameters[p.name]:g}" for profile in profiles),
        )
        for p in PARAMETERS.values()
    )
    head = ("parameter", "unit", "bounds", "step", "safer is", "meaning", *(p.name for p in profiles))
    page("parameters", "Parameters", table(head, rows))


def fields(model: type[BaseModel], key: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The model and those that its fields hold, each with its place in the file."""
    yield key, model
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            yield from fields(inner, f"{key}.{name}" if key else name)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Models in an annotation, also in lists and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def keys(model: type[BaseModel]) -> Iterator[str]:
    """A section for each model in it."""
    seen = set()
    for key, inner in fields(model, ""):
        if inner in seen:
            continue
        seen.add(inner)
        yield f"## {'`[' + key + ']`' if key else 'Top level'}"
        yield ""
        yield (inner.__doc__ or "").partition("\n\n")[0]
        yield ""
        schema = inner.model_json_schema()["properties"]
        yield from table(
            ("key", "accepted", "default", "meaning"),
            (
                (f"`{name}`", accepted(spec), f"`{spec['default']}`" if "default" in spec else "",
                 spec.get("description", ""))
                for name, spec in schema.items()
            ),
        )  # fmt: skip


def accepted(spec: dict[str, Any]) -> str:
    """What a JSON Schema takes, in words."""
    if "anyOf" in spec:
        return " or ".join(accepted(one) for one in spec["anyOf"])
    if "$ref" in spec:
        return str(spec["$ref"]).rpartition("/")[2]
    if "enum" in spec or "const" in spec:
        return ", ".join(f"`{value}`" for value in spec.get("enum", [spec.get("const")]))
    words = [str(spec.get("type", "any"))]
    names = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    words += [f"{sign} {spec[name]:g}" for name, sign in names.items() if name in spec]
    return ", ".join(words)


def profiles() -> None:
    """Keys of a profile."""
    intro = (
        "A profile is a TOML file: one of those that ship, or `soak_profiles/NAME.toml` of your project. It "
        'may begin with `extends = "steady_safe"` and then say only in what it differs. '
        "`pytest-soak profiles --show NAME` prints one."
    )
    shipped = table(
        ("profile", "description"),
        ((f"`{n}`", load_profile(n).profile.description) for n in available_profiles()),
    )
    page("profiles", "Profiles", [*shipped, *keys(Profile)], intro)


def scenarios() -> None:
    """Shipped scenarios and the keys of one."""
    rows = ((f"`{name}`", load_scenario(name).description) for name in available_scenarios())
    intro = (
        "A scenario is a TOML file: one of those that ship, or `soak_profiles/scenarios/NAME.toml` of your "
        'project, which may begin with `extends = "calm"`. `pytest-soak scenarios --show NAME` prints one.'
    )
    page("scenarios", "Scenarios", [*table(("scenario", "market"), rows), *keys(Scenario)], intro)


def guards() -> None:
    """Built-in guards, from the documentation of their modules."""
    lines = []
    for name, home in BUILT_IN.items():
        lines += [f"## `{name}`", "", str(importlib.import_module(home).__doc__), ""]
    intro = (
        "Each is a plugin of its own: `-p no:soak_freeze` switches exactly one off, and the records say so."
    )
    page("guards", "Guards", lines, intro)


def artifacts() -> None:
    """Fields of each artifact, from its JSON Schema."""
    lines = []
    for path in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"## {path.name.partition('.')[0]}", "", str(schema.get("description", "")), ""]
        models = {"": schema, **schema.get("$defs", {})}
        for name, model in models.items():
            if "properties" not in model:
                continue
            lines += [f"### {name}", "", str(model.get("description", "")), ""] if name else []
            lines += table(
                ("field", "type", "meaning"),
                (
                    (f"`{field}`", accepted(spec), spec.get("description", ""))
                    for field, spec in model["properties"].items()
                ),
            )
    page("artifacts", "Artifacts", lines, "The JSON Schemas ship in `pytest_soak/store/exports/schemas`.")


class Idle:
    """Stands for a run that is watched and has no canary yet."""

    def look(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """No rows, and a header."""
        return {}, {"run": "-", "versions": {}}


def metrics() -> None:
    """Metrics of the exporter, as it gives them itself."""
    suffixes = {"counter": "_total", "info": "_info"}
    labels = ", ".join(f"`{name}`" for name in LABELS)
    rows = []
    for family in SoakCollector(cast("Watch", Idle())).collect():
        names = tuple(getattr(family, "_labelnames", ()))
        own = names if names[: len(LABELS)] != LABELS else ("of the canary", *names[len(LABELS) :])
        shown = (name if name == own[0] == "of the canary" else f"`{name}`" for name in own)
        name = f"`{family.name}{suffixes.get(family.type, '')}`"
        rows.append((name, family.type, ", ".join(shown), family.documentation))
    intro = (
        f"Labels of a canary: {labels}. The iteration is never one. Times are in seconds, sizes in bytes. "
        "A KPI that was not measured has no sample."
    )
    page("metrics", "Metrics", table(("metric", "type", "labels", "meaning"), rows), intro)


def documented() -> None:
    """Pages that mkdocstrings fills."""
    page("hooks", "Hooks", ["::: pytest_soak.hookspecs", "    options:", "      show_root_heading: false"])
    names = (
        "soak_profile",
        "soak_market",
        "soak_overrides",
        "soak_artifacts",
        "soak_canary",
        "soak_iteration",
    )
    page("fixtures", "Fixtures", [f"::: pytest_soak.plugin.fixtures.{name}\n" for name in names])
    places = (
        "pytest_soak.market.strategy.Strategy",
        "pytest_soak.market.view.View",
        "pytest_soak.market.compiled.CompiledStrategy",
        "pytest_soak.market.compiled.CompiledView",
        "pytest_soak.market.stepping.Simulation",
        "pytest_soak.plugin.handles.SoakIteration",
    )
    page("python", "Python", [f"::: {name}\n" for name in places])


for write in (
    options, commands, kpis, parameters, profiles, scenarios, guards, artifacts, metrics, documented,
):  # fmt: skip
    write()
