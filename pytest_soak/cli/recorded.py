"""A recording as ``pytest-soak market`` shows it: written down, with what its checks found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_soak.domain.market_facts import MarketFacts
    from pytest_soak.market import ReplayMarket
    from pytest_soak.market.tape import Tape


class Recorded(NamedTuple):
    """A recording, what its checks found, and why none of its facts can be judged, if so."""

    tape: Tape
    notes: tuple[str, ...]
    withheld: tuple[str, ...]


def recorded(path: Path) -> Recorded:
    """Read a recording and judge the whole of it as one iteration of a replay.

    Raises:
        SoakConfigError: naming the file, the row that is wrong and what was expected.
    """
    from pytest_soak.market import ReplayMarket

    market = ReplayMarket(path)
    found = facts_of_whole(market)
    ignored = [
        f"{market.name}: {count} x {what}, not used"
        for what, count in sorted((found.rows_ignored or {}).items())
    ]
    return Recorded(market.tape(), (*market.notes, *ignored), found.withheld)


def facts_of_whole(market: ReplayMarket) -> MarketFacts:
    """What a recording is like as one iteration.

    The maker of the default profile runs over it, as time without a price is counted where orders would meet
    it. So a command and a soak never disagree on what can be trusted.
    """
    from pytest_soak.config.profiles import load_profile
    from pytest_soak.market import MakerJob

    profile = load_profile("default").profile
    maker = MakerJob(parameters=dict(profile.parameters), maker=profile.maker, fees=profile.fees)
    return market.facts_of_whole(maker)
