"""``pytest-soak data``: what a recording holds, and whether it can be soaked; and other forms of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_soak.cli.outputs import output_file
from pytest_soak.config.arguments import path, step_size
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands
    from pytest_soak.domain.market_facts import MarketFacts
    from pytest_soak.market import ReplayMarket

_SHARES = (0.5, 0.95, 0.99)
_NAME_WIDTH = 26


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "data",
        help="Look at recorded market data, or write it in another form",
        description="Recorded market data: what it holds and whether it can be soaked; other forms of it.",
    )
    tasks = command.add_subparsers(required=True, metavar="TASK")
    inspect = tasks.add_parser("inspect", help="Print what a recording holds, and whether it can be soaked")
    convert = tasks.add_parser("convert", help="Write a recording as .npz of hftbacktest or as Parquet")
    for task in (inspect, convert):
        task.add_argument("recording", type=path, help="A file, a glob, or files with commas between them")
        for name, what in (("tick", "Price"), ("lot", "Quantity")):
            task.add_argument(
                f"--{name}-size", type=step_size, metavar="SIZE", help=f"{what} step (default: from the data)"
            )
    convert.add_argument(
        "-o",
        "--output",
        type=output_file,
        required=True,
        metavar="OUT",
        help="The .npz or .parquet file to write",
    )
    inspect.set_defaults(run=_inspect)
    convert.set_defaults(run=_convert)


def _inspect(options: argparse.Namespace) -> int:
    """Print what a recording holds; 1 where it cannot be soaked."""
    from pytest_soak.cli.recorded import facts_of_whole

    try:
        market = _market(options)
    except SoakConfigError as error:
        _print(f"can be soaked: no: {error}")
        return 1
    found = facts_of_whole(market)
    for name, value in _lines(market, found):
        _print(f"{name:{_NAME_WIDTH}} {value}")
    return 0


def _convert(options: argparse.Namespace) -> None:
    """Write a recording in another form.

    Raises:
        SoakConfigError: the recording or the output is not usable.
    """
    from pytest_soak.market.recording.saving import save

    market = _market(options)
    save(market.recording, market.facts, options.output)
    for note in market.notes:
        _print(note)
    _print(f"{options.output}: {market.facts.rows} rows")


def _market(options: argparse.Namespace) -> ReplayMarket:
    from pytest_soak.market import ReplayMarket

    return ReplayMarket(options.recording, tick_size=options.tick_size, lot_size=options.lot_size)


def _lines(market: ReplayMarket, found: MarketFacts) -> Iterator[tuple[str, str]]:
    about, facts = market.recording.about, market.facts
    yield "format", about.format
    yield "instrument", about.symbol or "not named"
    yield "rows", f"{facts.rows}, {found.events} of the exchange's side, {found.trades} trades"
    yield "span", _span(facts.first_ns, facts.last_ns)
    yield "tick", f"{facts.tick_size:g} (from the {facts.tick_from})"
    yield "lot", f"{facts.lot_size:g} (from the {facts.lot_from})"
    yield "gaps in the sequence", f"{found.gaps or 0}, the book not known for {_ms(found.gap_ms)}"
    yield "snapshots", "unknown" if about.snapshots is None else str(about.snapshots)
    yield "before the first snapshot", f"{about.before_snapshot} events, left out"
    locked = found.locked_ms or 0.0
    yield "crossed", _ms((found.crossed_ms or 0.0) - locked)
    yield "locked", _ms(locked)
    yield "one-sided", _ms(found.one_sided_ms)
    yield "longest silence", _ms(found.longest_silence_ms)
    back = f"{about.steps_back}, by up to {_ms(about.largest_step_back_ns / 1e6)}"
    yield "clock steps back", back if about.steps_back else "0"
    yield "events that overtook", str(about.reordered)
    yield "feed latency", _latency(market)
    for note in (*found.notes, *(str(finding) for finding in facts.findings)):
        yield "note", note
    for what, count in sorted(about.ignored.items()):
        yield "not used", f"{count} x {what}"
    yield "can be soaked", "yes"
    for reason in found.withheld:
        yield "one iteration: NO_DATA", reason


def _span(first_ns: int, last_ns: int) -> str:
    from pytest_soak.market.recording.times import shown

    return f"{(last_ns - first_ns) / 1e9:.6g} s, from {shown(first_ns)} to {shown(last_ns)}"


def _latency(market: ReplayMarket) -> str:
    """Quantiles of the delay from the exchange to the receiver."""
    import numpy as np

    from pytest_soak.market.recording.checks import delays_ms

    if not market.recording.about.has_receipt:
        return "not known: there are no times of receipt"
    shift_ms = market.facts.local_shift_ns / 1e6
    delays = delays_ms(market.recording.rows) + shift_ms
    told = ", ".join(f"p{share * 100:g} {np.quantile(delays, share):.4g} ms" for share in _SHARES)
    return f"{told}, above the least: the clocks are {shift_ms:.6g} ms apart" if shift_ms else told


def _ms(ms: float | None) -> str:
    value = ms or 0.0
    return f"{value / 1000.0:.6g} s" if value >= 1000.0 else f"{value:.6g} ms"


def _print(line: str) -> None:
    from pytest_soak.domain.text import printable

    sys.stdout.write(f"{printable(line)}\n")
