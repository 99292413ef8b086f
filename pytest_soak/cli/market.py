"""``pytest-soak market``: the stylised facts of a scenario beside those of a recording, and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.facts import cell_of, print_facts
from pytest_soak.cli.options import FOLDERS, add_scenario
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import market_seconds, path, positive_int
from pytest_soak.config.limits import ARTIFACTS
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands
    from pytest_soak.cli.recorded import Recorded
    from pytest_soak.market.scenario.model import Scenario
    from pytest_soak.market.tape import Tape

MOST_HOURS = 168
WINDOW_HOURS = 28
"""Market time that is held in memory at once, and drawn."""
_CRASH_BPS = -100.0
_BEFORE_CRASH_S = 600.0


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "market",
        help="Print the stylised facts of a scenario, beside a recording, and draw it",
        description="Run a mock market without a maker, print its stylised facts and draw it.",
    )
    add_scenario(command)
    command.add_argument("--replay", type=path, metavar="FILE", help="A recording to compare it with")
    command.add_argument("--hours", type=positive_int, default=28, help="Market time (default: 28)")
    command.add_argument(
        "--picture",
        type=output_file,
        metavar="FILE",
        help=f"Where to draw (default: {ARTIFACTS}/market/NAME.png)",
    )
    command.add_argument(
        "--explain", action="store_true", help="Say how each fact is computed, and its source"
    )
    command.add_argument(
        "--maker",
        nargs="?",
        const="default",
        metavar="PROFILE",
        help="Let the reference maker quote in both as well, at three distances, with a profile (default: "
        "default), and say what differs",
    )
    command.add_argument(
        "--replay-from",
        type=market_seconds,
        default=0.0,
        metavar="SECONDS",
        help="Let the maker quote in the recording from here on, as in what `calibrate --until` has left",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the table and draw the picture.

    Facts of a recording that is crossed, one-sided or silent for too long are withheld.

    Raises:
        SoakConfigError: the scenario, the recording or an option is not usable, or a picture was asked for by
            name and cannot be drawn.
        SoakStoreError: the picture could not be written.
    """
    from pytest_soak.cli import quoting
    from pytest_soak.cli.recorded import recorded
    from pytest_soak.market.facts.crash import CRASH_FACTS
    from pytest_soak.market.facts.finding import find, find_over
    from pytest_soak.market.facts.table import FACTS
    from pytest_soak.market.scenario.loading import load_scenario

    if options.hours > MOST_HOURS:
        raise SoakConfigError(f"--hours = {options.hours}; accepted is 1 to {MOST_HOURS}")
    scenario = load_scenario(options.scenario, FOLDERS)
    recording = recorded(options.replay) if options.replay is not None else None
    windows = _Windows(scenario, options.seed, options.hours)
    found = find_over(windows, FACTS)
    _print(f"{scenario.name}, seed {options.seed}: {windows.size}")
    beside = _beside(recording) if recording is not None else []
    print_facts(found, beside, options.explain)
    crash = _crash(scenario, options.seed)
    if crash is not None:
        print_facts(list(find(crash, CRASH_FACTS)), [], options.explain)
    if options.maker is not None:
        about = (scenario, options.seed, options.replay, options.maker)
        for line in quoting.compared(*about, from_s=options.replay_from):
            _print(line)
    _draw(windows.first, recording.tape if recording is not None else None, options.picture)


class _Windows:
    """The market in windows of ``WINDOW_HOURS``, one at a time; ``first`` is kept to be drawn."""

    def __init__(self, scenario: Scenario, seed: int, hours: int) -> None:
        self._scenario, self._seed, self._hours = scenario, seed, hours
        self._events = self._orders = 0
        self.first: Tape = self._made(0)

    def __iter__(self) -> Iterator[Tape]:
        for start in range(0, self._hours, WINDOW_HOURS):
            tape = self.first if start == 0 else self._made(start)
            self._events += tape.events
            self._orders += len(tape.trade_s)
            yield tape

    def _made(self, start: int) -> Tape:
        from pytest_soak.market.tape import tape_of_scenario

        hours = min(WINDOW_HOURS, self._hours - start)
        return tape_of_scenario(
            self._scenario, seed=self._seed, start_s=start * 3600.0, duration_s=hours * 3600.0
        )

    @property
    def size(self) -> str:
        """How much market there was, in the windows that were looked at."""
        windows = -(-self._hours // WINDOW_HOURS)
        said = f", in {windows} windows, of which the first is drawn" if windows > 1 else ""
        return f"{self._hours} h, {self._events} events, {self._orders} market orders that traded{said}"


def _beside(recording: Recorded) -> list[str]:
    """Print the findings on a recording; a cell per fact."""
    from pytest_soak.market.facts.finding import find
    from pytest_soak.market.facts.table import FACTS

    _print(f"{recording.tape.name}: {_size(recording.tape)}")
    for note in recording.notes:
        _print(note)
    for reason in recording.withheld:
        _print(f"{recording.tape.name}: no fact is judged: {reason}")
    if recording.withheld:
        return ["withheld"] * len(FACTS)
    return [cell_of(found) for found in find(recording.tape, FACTS)]


def _size(tape: Tape) -> str:
    hours = tape.seconds / 3600.0
    return f"{hours:.3g} h, {tape.events} events, {len(tape.trade_s)} market orders that traded"


def _crash(scenario: Scenario, seed: int) -> Tape | None:
    """The market round the first scripted fall, None where there is none."""
    from pytest_soak.market.facts.crash import RECOVERY_S
    from pytest_soak.market.tape import tape_of_scenario

    for shock in scenario.shocks:
        if shock.move_bps <= _CRASH_BPS:
            start = max(0.0, shock.at_s - _BEFORE_CRASH_S)
            end = shock.at_s + shock.length_s + RECOVERY_S + _BEFORE_CRASH_S
            return tape_of_scenario(scenario, seed=seed, start_s=start, duration_s=end - start)
    return None


def _draw(tape: Tape, beside: Tape | None, wanted: Path | None) -> None:
    from pytest_soak.market.facts import picture

    try:
        file = wanted or Path(ARTIFACTS, "market", f"{tape.name}.png")
        content = picture.drawn(tape, file.suffix.removeprefix("."), beside)
    except SoakConfigError as error:
        if wanted is not None:
            raise
        sys.stderr.write(f"pytest-soak: no picture: {error}\n")
        return
    write_output(file, content)
    _print("")
    _print(f"picture: {file}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
