"""Whether one iteration's slice of a recording can be trusted, and why there was nothing to measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak.domain.records import EdgeReport, MarketFacts
    from pytest_soak.domain.settings import MakerSettings
    from pytest_soak.market.recording.checks import Facts

MOST_SILENCE_MS = 5_000.0
MOST_CROSSED_SHARE = 0.001
LEAST_SILENCE_MS = 1_000.0
"""Time without a row that is counted as a silence."""
_MOST_ODD_TRADES = 0.5


@dataclass(frozen=True, slots=True)
class Trust:
    """What a slice of a recording may hold before its KPIs are withheld.

    Args:
        silence_ms: longest time without a row, from which on there are no KPIs.
        crossed_share: share of the iteration with a crossed or one-sided book, above which there are none.
    """

    silence_ms: float = MOST_SILENCE_MS
    crossed_share: float = MOST_CROSSED_SHARE


def judged(report: EdgeReport, facts: Facts, maker: MakerSettings, trust: Trust) -> EdgeReport:
    """Add what is withheld, and why nothing was measured, to a report of a recording."""
    market = report.market.model_copy(
        update={
            "local_shift_ms": facts.local_shift_ns / 1e6,
            "tick_size": facts.tick_size,
            "lot_size": facts.lot_size,
        }
    )
    withheld = tuple(_withheld(market, trust))
    noted = report.model_copy(update={"market": market})
    notes = (*report.market.notes, *_notes(noted, maker))
    return report.model_copy(
        update={"market": market.model_copy(update={"withheld": withheld, "notes": notes})}
    )


def _withheld(market: MarketFacts, trust: Trust) -> Iterator[str]:
    length = market.end_ms - market.start_ms
    most = trust.crossed_share * length
    for name, ms in (("crossed", market.crossed_ms or 0.0), ("one-sided", market.one_sided_ms or 0.0)):
        if ms > most:
            share = f"{ms / length:.2%} of the time" if length else f"{ms:g} ms"
            yield f"the book was {name} for {share} (at most {trust.crossed_share:.2%})"
    silence = market.longest_silence_ms or 0.0
    if silence >= trust.silence_ms:
        yield (
            f"the feed was silent for {silence / 1000.0:.1f} s, {market.silences} times for 1 s or more "
            f"(below {trust.silence_ms / 1000.0:g} s is accepted)"
        )
    yield from _odd_trades(market)


def _odd_trades(market: MarketFacts) -> Iterator[str]:
    trades = market.trades
    for count, what in (
        (market.trades_without_side or 0, "do not name the aggressor"),
        (market.trades_on_wrong_side or 0, "took the aggressor's own side; are the sides of trades swapped?"),
    ):
        if trades and count >= _MOST_ODD_TRADES * trades:
            yield f"{count} of {trades} trades {what}"


def _notes(report: EdgeReport, maker: MakerSettings) -> Iterator[str]:
    market = report.market
    if market.local_shift_ms:
        yield f"local times are shifted by {market.local_shift_ms:.6g} ms, so the feed's delay is not known"
    if market.rows_ignored:
        counts = ", ".join(f"{count} x {what}" for what, count in sorted(market.rows_ignored.items()))
        yield f"rows not used: {counts}"
    if not report.attempts and market.mid_low is not None and market.lot_size is not None:
        lot = market.lot_size * market.mid_low
        if lot > maker.max_order_notional:
            yield (
                f"one lot costs {lot:.6g}, more than the largest order of {maker.max_order_notional:g} "
                "(maker.max_order_notional)"
            )
    if market.mid_low is None and not (market.ended and market.end_ms <= market.start_ms):
        yield "the book never had two sides, so that there was no mid"
