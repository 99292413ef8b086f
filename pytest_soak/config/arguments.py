"""Values of options, from the command line or an ini file, as ``argparse`` wants them parsed.

What is imported within a function is not loaded by a session without a soak, which imports this module too.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

SERIES_KINDS = ("off", "summary", "full")
PROFILERS = ("cprofile", "pyinstrument")
LEAST_SERIES_STEP, MOST_SERIES_STEP = 0.1, 360.0
MAX_MINUTES = 24 * 60.0
MAX_SECONDS = 86_400.0
MAX_SEEDS = 10_000
LEAST_STEP = 1e-15
MOST_STEP = 1e9
# Every iteration is an item of pytest, of a few kilobytes each, and a week of market time is 2,016 of them.
MAX_ITERATIONS = 10_000


def positive_int(text: str) -> int:
    """Parse a whole number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number


def iteration_count(text: str) -> int:
    """Parse a number of iterations, which has a cap."""
    number = positive_int(text)
    if number > MAX_ITERATIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {MAX_ITERATIONS} iterations")
    return number


def port_number(text: str) -> int:
    """Parse a port of this machine; 0 picks a free one."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, which is a whole number from 0 to 65535")
    return number


def name_or_path(text: str) -> str:
    """Parse a name or the path of a file, with a leading ``~`` replaced by the home folder."""
    from pytest_soak.config.paths import is_path

    return str(path(text)) if is_path(text) else _filled(text)


def run_name(text: str) -> str:
    """Parse the name of a run."""
    return _filled(text)


def path(text: str) -> Path:
    """Parse a path, with a leading ``~`` replaced by the home folder."""
    from pytest_soak.config.paths import check_encodable, expanded
    from pytest_soak.domain.errors import SoakConfigError

    try:
        found = expanded(_filled(text))
        check_encodable(found, "the path")
    except SoakConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return found


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("nothing follows the sign; write a value, or leave the option out")
    return text


def market_minutes(text: str) -> float:
    """Parse minutes of market time, at most a day."""
    number = finite(text)
    if number is None or not 0.0 < number <= MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MAX_MINUTES:g}")
    return number


def market_seconds(text: str) -> float:
    """Parse seconds of market time, at most a day."""
    return _seconds(text)


def step_size(text: str) -> float:
    """Parse the step of a price or quantity."""
    return _between(text, LEAST_STEP, MOST_STEP)


def contract_kind(text: str) -> str:
    """Parse what a contract settles in."""
    from pytest_soak.domain.contract import KINDS

    return _one_of(text, KINDS)


def contract_size(text: str) -> float:
    """Parse what one contract is worth."""
    from pytest_soak.domain.contract import LEAST_SIZE, MOST_SIZE

    return _between(text, LEAST_SIZE, MOST_SIZE)


def funding(text: str) -> str:
    """Parse a funding rate and its interval, which stay a text."""
    from pytest_soak.domain.funding import funding_of

    try:
        funding_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def wall_seconds(text: str) -> float:
    """Parse seconds of wall-clock time, at most a day."""
    return _seconds(text)


def _seconds(text: str) -> float:
    number = finite(text)
    if number is None or not 0.0 < number <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MAX_SECONDS:g}")
    return number


def seed_range(text: str) -> tuple[int, ...]:
    """Parse a seed ``N`` or an inclusive range of seeds ``A..B``."""
    from pytest_soak.domain.whole import MAX_SEED

    first, dots, last = text.partition("..")
    try:
        low = int(first)
        high = int(last) if dots else low
    except ValueError:
        low, high = 0, -1
    if not 0 <= low <= high <= MAX_SEED:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a seed N or an inclusive range A..B with 0 <= A <= B"
        )
    if high - low >= MAX_SEEDS:
        raise argparse.ArgumentTypeError(f"{text!r} holds more than {MAX_SEEDS} seeds")
    return tuple(range(low, high + 1))


def gate_mode(text: str) -> str:
    """Parse a gate mode."""
    from pytest_soak.domain.settings import GateMode

    return _one_of(text, tuple(GateMode))


def fill_model(text: str) -> str:
    """Parse what it takes to fill a resting order."""
    from pytest_soak.domain.fills import FORMS, FillModel

    try:
        return FillModel(text).value
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {FORMS} with N from 0.01 to 100") from None


def position_rule(text: str) -> str:
    """Parse what becomes of position and orders at the end of an iteration."""
    from pytest_soak.domain.position import PositionRule

    return _one_of(text, tuple(PositionRule))


def series_kind(text: str) -> str:
    """Parse how much of an iteration's path is written."""
    return _one_of(text, SERIES_KINDS)


def series_step(text: str) -> float:
    """Parse the step of a series in seconds: a multiple of the kernel's own, which is a tenth of a second."""
    number = finite(text)
    steps = None if number is None else number / LEAST_SERIES_STEP
    most = MOST_SERIES_STEP / LEAST_SERIES_STEP
    if steps is None or abs(steps - round(steps)) > 1e-6 or not 1 <= round(steps) <= most:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a multiple of {LEAST_SERIES_STEP:g} from {LEAST_SERIES_STEP:g} "
            f"to {MOST_SERIES_STEP:g}"
        )
    return round(steps) / 10.0


def profiler(text: str) -> str:
    """Parse what takes code profiles."""
    return _one_of(text, PROFILERS)


def chosen_iterations(text: str) -> tuple[int, ...]:
    """Parse numbers and ranges of iterations with commas between; ``slowest`` is none that is known yet."""
    if text == "slowest":
        return ()
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dots, last = part.partition("..")
        low = high = iteration_count(first)
        if dots:
            high = iteration_count(last)
        if high < low:
            raise argparse.ArgumentTypeError(f"{part!r} is a range that ends before it begins")
        found |= dict.fromkeys(range(low, high + 1))
    return tuple(found)


def _one_of(text: str, accepted: Sequence[str]) -> str:
    if text not in accepted:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(accepted)}")
    return text


def _between(text: str, low: float, high: float) -> float:
    number = finite(text)
    if number is None or not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
    return number


def finite(text: str) -> float | None:
    """A finite number; None if the text is not one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
