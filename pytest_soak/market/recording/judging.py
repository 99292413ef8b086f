"""Whether one iteration's slice of a recording can be trusted, and why there was nothing to measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_soak.domain.contract import LINEAR

if TYPE_CHECKING:
    from pytest_soak.domain.market_facts import MarketFacts
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.domain.settings import MakerSettings
    from pytest_soak.market.recording.checks import Facts

MOST_SILENCE_MS = 5_000.0
MOST_CROSSED_SHARE = 0.001
LEAST_SILENCE_MS = 1_000.0
"""Time without a row that is counted as a silence."""
_MOST_ODD_TRADES = 0.5
_MOST_SILENT_SHARE = 0.25
MOST_JUMP_BPS = 100.0
# Of 21,313 trades of BTCUSDT beside a book of every 100 ms, 7 % were of more than the book showed (17 % in
# 20 s at worst), and none went past a price that had stood for a second after others had.
MOST_OFF_BOOK = 0.25
MOST_THROUGH = 0.1
_LEAST_ON_ONE_SIDE = 50


@dataclass(frozen=True, slots=True)
class Trust:
    """What a slice of a recording may hold before its KPIs are withheld.

    Args:
        silence_ms: longest time without a row, from which on there are no KPIs.
        crossed_share: share of the iteration with a crossed or one-sided book, above which there are none.
        jump_bps: largest step of the mid from one row to the next, above which there are none.
        off_book_share: share of trades of more than stood at their price, above which there are none.
        through_share: share of trades past a better price that others went past a second before, above which
            there are none.
    """

    silence_ms: float = MOST_SILENCE_MS
    crossed_share: float = MOST_CROSSED_SHARE
    jump_bps: float = MOST_JUMP_BPS
    off_book_share: float = MOST_OFF_BOOK
    through_share: float = MOST_THROUGH


def judged(report: EdgeReport, facts: Facts, maker: MakerSettings, trust: Trust) -> EdgeReport:
    """Add what is withheld, and why nothing was measured, to a report of a recording."""
    market = report.market.model_copy(
        update={
            "local_shift_ms": facts.local_shift_ns / 1e6,
            "tick_size": facts.tick_size,
            "lot_size": facts.lot_size,
            "tick_from": facts.tick_from,
            "lot_from": facts.lot_from,
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
    if market.gap_ms:
        yield (
            f"the book was not known for {market.gap_ms / 1000.0:.3g} s: messages are missing, "
            "and no snapshot had shown it again"
        )
    most = trust.crossed_share * length
    for name, ms in (("crossed", market.crossed_ms or 0.0), ("one-sided", market.one_sided_ms or 0.0)):
        if ms > most:
            share = f"{ms / length:.2%} of the time" if length else f"{ms:g} ms"
            yield f"the book was {name} for {share} (at most {trust.crossed_share:.2%})"
    yield from _silences(market, trust, length)
    jump = market.largest_jump_bps or 0.0
    if jump > trust.jump_bps:
        yield (
            f"the price jumped by {jump / 100.0:.2f}% from one row to the next "
            f"(at most {trust.jump_bps / 100.0:g}%); are these two recordings, or two instruments?"
        )
    yield from _odd_trades(market)
    yield from _trades_off_the_book(market, trust)


def _silences(market: MarketFacts, trust: Trust, length: float) -> Iterator[str]:
    silence, accepted = market.longest_silence_ms or 0.0, f"below {trust.silence_ms / 1000.0:g} s is accepted"
    if silence >= trust.silence_ms:
        known = f"the longest of {market.silences} silences" if market.silences != 1 else "the only silence"
        yield f"the feed was silent for {silence / 1000.0:.1f} s ({known} of 1 s or more; {accepted})"
    unseen = market.local_silence_ms or 0.0
    # Where the exchange was silent, there was nothing to be received.
    if unseen >= trust.silence_ms and unseen > silence:
        yield (
            f"the receiver has no row of {unseen / 1000.0:.1f} s in which the exchange's side has some "
            f"({accepted}); is the local bit (bit 30 of ev) missing there?"
        )
    silent = market.silent_ms or 0.0
    if silent > _MOST_SILENT_SHARE * length:
        times = "once" if market.silences == 1 else f"{market.silences} times"
        yield (
            f"the feed was silent for {silent / length:.2%} of the time, {times} "
            f"(at most {_MOST_SILENT_SHARE:.0%})"
        )
    side = market.side_silence_ms or 0.0
    if side >= trust.silence_ms:
        yield f"a side of the book stood still for {side / 1000.0:.1f} s while other rows came ({accepted})"


def _odd_trades(market: MarketFacts) -> Iterator[str]:
    trades = market.trades
    for count, what in (
        (market.trades_without_side or 0, "do not name the aggressor"),
        (market.trades_on_wrong_side or 0, "took the aggressor's own side; are the sides of trades swapped?"),
        (market.trades_repeated or 0, "repeat the trade before; are rows in it twice?"),
    ):
        if trades and count >= _MOST_ODD_TRADES * trades:
            yield f"{count} of {trades} trades {what}"


def _trades_off_the_book(market: MarketFacts, trust: Trust) -> Iterator[str]:
    """Whether trades and depth are of one market: each trade took what stood, and the best of it first."""
    named = market.trades - (market.trades_without_side or 0)
    for count, share, what in (
        (market.trades_off_book or 0, trust.off_book_share, "took more than the book showed at their price"),
        (
            market.trades_through or 0,
            trust.through_share,
            "went past a better price that the book went on to show",
        ),
    ):
        if count > share * named:
            yield (
                f"{count} of {named} trades {what} (at most {share:.0%}); are trades and depth of one market?"
            )
    bought = market.trades_bought
    if bought is not None and named >= _LEAST_ON_ONE_SIDE and bought in (0, named):
        yield f"all {named} trades are of {'buyers' if bought else 'sellers'}; is a side left out?"


def _notes(report: EdgeReport, maker: MakerSettings) -> Iterator[str]:
    market = report.market
    if market.gaps and not market.gap_ms:
        yield f"messages are missing at {market.gaps} places, each healed by a snapshot at once"
    if market.local_shift_ms:
        yield f"local times are shifted by {market.local_shift_ms:.6g} ms, so the feed's delay is not known"
    if market.rows_ignored:
        counts = ", ".join(f"{count} x {what}" for what, count in sorted(market.rows_ignored.items()))
        yield f"rows not used: {counts}"
    if not report.attempts and market.mid_low is not None and market.lot_size is not None:
        lot = market.lot_size * (market.contract or LINEAR).in_quote(market.mid_low)
        if lot > maker.max_order_notional:
            yield (
                f"one lot costs {lot:.6g}, more than the largest order of {maker.max_order_notional:g} "
                "(maker.max_order_notional)"
            )
    if market.mid_low is None and not (market.ended and market.end_ms <= market.start_ms):
        yield "the book never had two sides, so that there was no mid"
