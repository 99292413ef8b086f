"""A fitted scenario as a file: every number, where it is from, and what was not matched."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_soak.domain.text import printable
from pytest_soak.market.calibration.fields import BASE, fields_of, scales_of
from pytest_soak.market.calibration.fitting import SEEDS, UNMATCHED, Fit

_READ = ("book.batch_ms",)
_NAME_WIDTH = 36
_WIDTH = 100
_SAID = {
    "instrument": "Read from the recordings: steps, and the median of the mid.",
    "latency": f"The feed's delays are read where times of receipt are known; those of orders are of {BASE}.",
}


def text_of(fit: Fit, options: str = "") -> str:
    """The file's text; the same of the same fit. ``options`` are what else the command was given."""
    lines = [*_head(fit, options), ""]
    data = fit.scenario.model_dump(mode="json", exclude_defaults=False)
    searched = {".".join(map(str, field.path[:2])) for field in fields_of(scales_of(fit.sample))}
    lines += [f"{key} = {_value(data[key])}" for key in ("schema_version", "name", "description")]
    for section in ("instrument", "fair", "book", "flow", "impact", "latency"):
        lines += _table(section, data[section], searched)
    return "\n".join(lines) + "\n"


def told_by(fit: Fit) -> Iterator[str]:
    """What was matched, a line a statistic."""
    yield f"{'statistic':{_NAME_WIDTH}} {'recorded':>10} {'fitted':>10} {'errors off':>10}"
    for match in fit.matches:
        mark = "" if match.holds else "  not matched"
        yield (
            f"{match.name:{_NAME_WIDTH}} {match.recorded:10.4g} {match.fitted:10.4g} {match.away:10.2f}{mark}"
        )


def unmatched(fit: Fit) -> str:
    """One sentence on what could not be matched."""
    missed = [match.name for match in fit.matches if not match.holds]
    if not missed:
        return f"every statistic is matched: none is {UNMATCHED:g} errors off"
    return f"not matched, {UNMATCHED:g} errors off or more: {', '.join(missed)}"


def changing(fit: Fit) -> str:
    """One sentence on what changes while the recordings last; empty where they are of one market."""
    if not fit.changes:
        return ""
    told = ", ".join(f"{one.name} {one.recorded:.2g} (fitted {one.fitted:.2g})" for one in fit.changes)
    return (
        f"not one market all the time: from part to part of {fit.sample.part_s:.3g} s, these change by a "
        f"factor of: {told}; the fit has one state for all of it, in which a maker may earn something else"
    )


def _head(fit: Fit, options: str) -> Iterator[str]:
    yield "# Fitted to the statistics below, of"
    for source in fit.sample.sources:
        name = printable(source.name)
        yield f"#   {name}, sha256 {source.sha256},"
        yield f"#   {source.tape.seconds:.6g} s with {len(source.tape.trade_s)} market orders."
    begun = f", begun at scenario {fit.start}" if fit.start else ""
    yield f"# Seed {fit.seed}{begun}, {fit.simulations} trials of {SEEDS} x {fit.sample.stretch_s:.6g} s:"
    names = " ".join(printable(source.name) for source in fit.sample.sources)
    yield f"#   pytest-soak calibrate {names} -o {fit.scenario.name}.toml{options}" + (
        f" --simulations {fit.simulations} --seed {fit.seed}"
    )
    yield f"# Distance that remained, on seeds that the fit has not seen: {fit.distance:.4g}"
    yield "# (mean of 2 (sqrt(1 + z**2) - 1), z the errors that a statistic is off: 0.83 if all are one off)"
    for sentence in filter(None, (unmatched(fit), changing(fit))):
        yield from (f"# {line}" for line in textwrap.wrap(f"{sentence.capitalize()}.", _WIDTH))
    yield from (f"#   {line}".rstrip() for line in told_by(fit))
    yield f"# Not told by recordings and of {BASE}: delays of orders, and what is marked."
    yield "# No regimes, windows, shocks or times of day are fitted."


def _table(name: str, data: Mapping[str, Any], searched: set[str]) -> Iterator[str]:
    yield ""
    if name in _SAID:
        yield f"# {_SAID[name]}"
    yield f"[{name}]"
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    for key, value in data.items():
        if key not in tables and value is not None:
            yield f"{key} = {_value(value)}{_from(name, key, searched)}"
    for key, table in tables.items():
        yield from _table(f"{name}.{key}", table, {f"{name}.{key}.{inner}" for inner in table})


def _from(name: str, key: str, searched: set[str]) -> str:
    """Where a value is from, unless it was searched or its section says so."""
    path = f"{name}.{key}"
    if name in _SAID or path in searched:
        return ""
    return "  # read from the recordings" if path in _READ else "  # not searched"


def _value(value: Any) -> str:
    """A value as TOML: strings, numbers and lists of numbers are as in JSON, which has no bare exponent."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value) if isinstance(value, float) else json.dumps(value)
