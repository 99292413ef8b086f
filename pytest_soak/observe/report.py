"""The report of a run: what is in it, and as Markdown."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_soak.config.limits import POSITION
from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.outcome import UNJUDGED, verdict_over
from pytest_soak.domain.text import money, number
from pytest_soak.domain.unread import unread_text
from pytest_soak.observe.data import Json, canary_of, row_of
from pytest_soak.observe.markdown import escaped, table
from pytest_soak.observe.reading import RunReading, Unreadable
from pytest_soak.observe.series import path_of, spans
from pytest_soak.observe.sheet import PLACE, shown

MOST_CANARIES = 20
"""Canaries that a report has a section for, the worst first; its table has all of them."""
MOST_PATHS = 5
"""Canaries of which the path of the worst iteration is shown."""
MOST_ITERATIONS = 24

WHERE = (
    "A place in the journal is a column of the table `iterations` of the canary's `soak.db`, then keys in "
    "the JSON that it holds.",
    "A value over the run is pooled from its place in each iteration after the warm-up: counts and money "
    "are added, bps are shares of the added `record.kpis.notional`, other shares those of the added counts; "
    "percentiles, intervals, and what goes over the border of two iterations, as the drawdown, are taken "
    "from the distributions and paths in the column `edge`.",
    "A row of an iteration has `record.kpis.net_bps`, `.profit_quote`, `.fills`, `.position_end` and "
    "`.risk_ratio`, `record.decision.zone` and `.applied_deltas`, `record.verdict`, `record.market.labels`.",
    "`n` is in `record.kpis.samples`, a gate with its bound in `record.gates`, what guards said in "
    "`record.decision.opinions`, the last value of a parameter in `record.parameters_after`, how long a "
    "label was on in `record.market.label_ms`, seed and hashes in `record.provenance`, the settings of the "
    "run in its `RUN.json`.",
)
"""Where each number of a report is found, beside the places that rows name."""

_ORDER = ("FAIL", "NO_DATA", "damaged", "INCONCLUSIVE", UNJUDGED, "WARN", "OK")


def report_of(run: RunReading) -> Json:
    """What a report holds, as JSON values.

    ``canaries`` has a row of each, worst first; ``sections`` has the first of them whole; ``problems`` says
    which journals cannot be read.
    """
    canaries, problems = [], []
    for canary in run.readable():
        if isinstance(canary, Unreadable):
            problems.append({"name": canary.name, "problem": canary.problem})
        else:
            canaries.append(row_of(canary))
    canaries.sort(key=_rank)
    sections = [canary_of(run.canary(row["name"])) for row in canaries[:MOST_CANARIES]]
    for section in sections[:MOST_PATHS]:
        section["worst"] = _worst_path(run.folder / section["name"], section["iterations"])
    manifest = run.manifest
    verdict = "damaged" if problems else verdict_over([canary["verdict"] for canary in canaries])
    missing = sum(canary["planned"] - canary["done"] for canary in canaries)
    return {
        "run": run.run_id,
        "folder": run.folder.as_posix(),
        "created_at": manifest.created_at,
        "versions": manifest.versions,
        "settings": manifest.settings.model_dump(mode="json"),
        "extensions": list(manifest.extensions),
        "command": command_of(run),
        "verdict": verdict,
        "missing": missing,
        "canaries": canaries,
        "sections": sections,
        "problems": problems,
        "where": list(WHERE),
    }


def _worst_path(folder: Path, iterations: Sequence[Json]) -> Json | None:
    """The path of the iteration that earned least of those that have a series; None where none has.

    ``lost`` says where another one earned less.
    """
    known = [one for one in iterations if one["kpis"]["profit_quote"] is not None]
    lost = ""
    for one in sorted(known, key=lambda one: float(one["kpis"]["profit_quote"])):
        try:
            path = path_of(folder, one["iteration"])
        except SoakError as error:
            lost = lost or f"Iteration {one['iteration']} earned less, but has no path to show: {error}."
        else:
            return {"iteration": one["iteration"], "path": path, "lost": lost}
    return None


def _rank(canary: Json) -> tuple[int, float, str]:
    net = canary["net_bps"]
    return _ORDER.index(canary["verdict"]), float("-inf") if net is None else net, canary["name"]


def command_of(run: RunReading) -> str:
    """The command that makes the run again; overrides from files or the environment are named as options."""
    return shlex.join(words_of(run))


def words_of(run: RunReading) -> list[str]:
    """The words of that command."""
    settings = run.manifest.settings
    words = ["pytest", f"--soak-iterations={settings.iterations + sum(run.manifest.extensions)}"]
    words += [f"--soak-profile={name}" for name in settings.profiles or ()]
    if settings.replay is None:
        words += [f"--soak-scenario={name}" for name in settings.scenarios]
        words += [f"--soak-seed={seed}" for seed in spans(settings.seeds, "..")]
    else:
        words += [f"--soak-replay={path}" for path in settings.replay]
        steps = (("tick", settings.tick_size), ("lot", settings.lot_size))
        words += [f"--soak-{name}-size={size:.17g}" for name, size in steps if size is not None]
    words += [f"--soak-override={text}" for text in settings.overrides]
    if settings.minutes is not None:
        words.append(f"--soak-minutes={settings.minutes:.10g}")
    if settings.gate is not None:
        words.append(f"--soak-gate={settings.gate}")
    if settings.fills is not None:
        words.append(f"--soak-fills={settings.fills}")
    if settings.position != POSITION:
        words.append(f"--soak-position={settings.position}")
    for name in ("contract", "contract_size", "funding"):
        if getattr(settings, name) is not None:
            words.append(f"--soak-{name.replace('_', '-')}={getattr(settings, name)}")
    if not settings.tune:
        words.append("--soak-no-tune")
    return words


def markdown(report: Json) -> str:
    """The report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Json) -> Iterator[str]:
    yield f"# Soak report {escaped(report['run'])}"
    yield ""
    yield f"**{_verdict(report)}**{_because(report)}"
    yield ""
    if report["missing"]:
        yield f"{report['missing']} iterations are missing: `pytest --soak-resume={report['run']}` goes on."
        yield ""
    rows = [_row(canary) for canary in report["canaries"]]
    rows += [[one["name"], *["-"] * 7, "damaged", one["problem"]] for one in report["problems"]]
    head = (
        "canary",
        "strategy",
        "iterations",
        "net bps",
        "profit",
        "risk",
        "zone",
        "source",
        "verdict",
        "why",
    )
    yield from table(head, rows, most=200)
    for canary in report["sections"]:
        yield from _canary(canary)
    yield from _provenance(report)


def _because(report: Json) -> str:
    reasons = [canary["why"] for canary in report["canaries"] if canary["why"]]
    return f": {escaped(reasons[0])}" if reasons else ""


def _verdict(one: Json) -> str:
    """The verdict of a run or canary as a text of its own."""
    return "no verdict yet" if one["verdict"] == UNJUDGED else str(one["verdict"])


def _row(canary: Json) -> list[str]:
    return [
        canary["name"],
        canary["strategy"],
        f"{canary['done']}/{canary['planned']}",
        number(canary["net_bps"], "+.2f"),
        money(canary["profit"]),
        number(canary["risk_ratio"], ".1%"),
        canary["zone"] or "-",
        canary["source"],
        canary["verdict"],
        canary["why"] or "-",
    ]


def _canary(canary: Json) -> Iterator[str]:
    yield ""
    yield f"## {escaped(canary['name'])}: {_verdict(canary)}"
    yield ""
    kpis = canary["kpis"]
    if kpis is None:
        yield "No iteration after the warm-up yet."
        return
    yield (
        "Over the iterations after the warm-up, from the table `iterations` of "
        f"`{escaped(canary['name'])}/soak.db`, whose column `record` holds JSON."
    )
    yield ""
    rows = [_kpi(name, canary) for name in KPI_MEANINGS if kpis[name] is not None]
    rows += [_own(name, canary) for name in sorted(kpis["own"])]
    shown_above = {*KPI_MEANINGS, *kpis["own"]}
    rows += [_gate(gate) for gate in canary["gates"] if gate["kpi"] not in shown_above]
    yield from table(("KPI", "value", f"+- ({canary['confidence']})", "n", "gate", "verdict", PLACE), rows)
    yield ""
    for made in canary["sheet"]:
        yield f"### {escaped(made['title'])}"
        yield ""
        yield from table(made["columns"], made["rows"])
        yield ""
    reverts = [one["iteration"] for one in canary["iterations"] if one["reverted"]]
    if reverts:
        yield f"Panic revert after iteration {', '.join(map(str, reverts))}."
        yield ""
    unread = unread_text(
        canary["strategy"], ((one["applied"], one["unread"]) for one in canary["iterations"])
    )
    if unread:
        yield f"{escaped(unread)}."
        yield ""
    yield "### Iterations"
    yield ""
    yield from _iterations(canary["iterations"])
    if canary["without_series"]:
        yield ""
        yield escaped(canary["without_series"])


def _kpi(name: str, canary: Json) -> list[str]:
    unit = canary["units"][name]
    text = f"{shown(canary['kpis'][name], unit)}{'' if unit in ('ratio', 'count') else f' {unit}'}"
    return [name, text, *_judged(name, canary), f"record.kpis.{name}"]


def _own(name: str, canary: Json) -> list[str]:
    """A KPI of the strategy's own, whether a gate asks for it or not."""
    return [name, number(canary["kpis"]["own"][name], ".4g"), *_judged(name, canary), "record.kpis.own"]


def _judged(name: str, canary: Json) -> list[str]:
    """Interval, sample, bound and verdict of a KPI."""
    gate = next((gate for gate in canary["gates"] if gate["kpi"] == name), None)
    return [
        number(None if gate is None else gate["margin"], ".3g"),
        number(canary["kpis"]["samples"].get(name), "d"),
        "-" if gate is None else gate["bound"],
        "-" if gate is None else gate["verdict"],
    ]


def _gate(gate: Json) -> list[str]:
    """A gate on what is no row of the table itself: of another fill model, or of what nobody recorded."""
    measured = number(gate["measured"], ".4g")
    margin, n = number(gate["margin"], ".3g"), number(gate["n"], "d")
    return [gate["kpi"], measured, margin, n, gate["bound"], gate["verdict"], "record.gates"]


def _iterations(iterations: Sequence[Json]) -> Iterator[str]:
    kept = _worth(iterations)
    head = (
        "iteration",
        "net bps",
        "profit",
        "fills",
        "position",
        "risk",
        "zone",
        "changed",
        "verdict",
        "market",
    )
    yield from table(head, [_iteration(one) for one in kept], most=80)
    if len(kept) < len(iterations):
        yield ""
        yield f"({len(iterations) - len(kept)} more iterations are in the journal.)"


def _worth(iterations: Sequence[Json]) -> Sequence[Json]:
    """All iterations where they are few, else those that are not OK, the worst net first, and the last."""
    if len(iterations) <= MOST_ITERATIONS:
        return iterations
    poor = sorted(iterations, key=lambda one: (one["verdict"] == "OK", _or_low(one["kpis"]["net_bps"])))
    kept = {one["iteration"] for one in [*poor[: MOST_ITERATIONS - 4], *iterations[-4:]]}
    return [one for one in iterations if one["iteration"] in kept]


def _or_low(value: float | None) -> float:
    return float("-inf") if value is None else value


def _iteration(one: Json) -> list[str]:
    kpis: dict[str, Any] = one["kpis"]
    return [
        str(one["iteration"]),
        number(kpis["net_bps"], "+.2f"),
        money(kpis["profit_quote"]),
        number(kpis["fills"], "d"),
        number(kpis["position_end"], "+.4g"),
        number(kpis["risk_ratio"], ".1%"),
        one["zone"] or "-",
        "PANIC" if one["reverted"] else str(len(one["applied"])),
        f"{one['verdict']}{' (w)' if one['warmup'] else ''}",
        ", ".join([*one["labels"], *one["notes"]]) or "-",
    ]


def _provenance(report: Json) -> Iterator[str]:
    yield ""
    yield "## Where it comes from"
    yield ""
    yield f"- made again by: `{report['command']}`"
    yield f"- run `{report['run']}`, begun {report['created_at']}"
    yield f"- versions: {', '.join(f'{name} {text}' for name, text in sorted(report['versions'].items()))}"
    for canary in report["sections"]:
        origin = canary["provenance"]
        if origin:
            hashes = ", ".join(
                f"{name} `{origin[f'{name}_hash'][:12]}`" for name in ("profile", "market", "inputs")
            )
            yield f"- {escaped(canary['name'])}: source {origin['source']}, seed {origin['seed']}, {hashes}"
    yield ""
    yield "## Where its numbers are"
    yield ""
    for text in report["where"]:
        yield f"- {text}"
    yield ""
