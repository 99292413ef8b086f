"""The reference maker of the kernel, written against the view: it gives the kernel's fills, one by one.

It counts in ticks, lots and nanoseconds, as the kernel does, so that no price is rounded another way.
Where it is soaked (``pytest_soak_make_strategy``) its canary has the numbers of the maker that ships.
"""

from __future__ import annotations

import math
from collections import deque

from pytest_soak import Strategy, View
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market.orders import Order

BPS = 1e-4
NS = 1_000_000  # in a millisecond
BUCKET_MEMORY_S = 2.0
# An order that was sized by remembered liquidity is blocked where it is too large for what is seen now.
LIQUIDITY_FACTOR = 1.3
LIQUIDITY_SLACK = 0.025
# A taker exit pays at most this many half-spreads beyond the mid.
EXIT_HALVES = 1.75


def nearest(value: float) -> int:
    """The nearest whole number, halves upwards."""
    return math.floor(value + 0.5)


class Bucket:
    """Tokens that refill evenly over time, up to a capacity."""

    def __init__(self, per_minute: float, now: int) -> None:
        self._per_ns = per_minute / 60.0 / 1e9
        self._capacity = max(1.0, per_minute / 60.0 * BUCKET_MEMORY_S)
        self._tokens, self._at = self._capacity, now

    def has(self, now: int) -> bool:
        """Whether a token is available."""
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._per_ns)
        self._at = now
        return self._tokens >= 1.0

    def take(self) -> None:
        """Take one that is available."""
        self._tokens -= 1.0


class Memory:
    """Liquidity of both sides in lots: as seen now, and as remembered."""

    def __init__(self, memory_ms: float) -> None:
        self._memory_ms = memory_ms
        self._at: int | None = None
        self.seen = {1: 0, -1: 0}
        self.remembered = {1: 0.0, -1: 0.0}

    def see(self, now: int, bids: int, asks: int) -> None:
        """Move towards what is displayed."""
        keep = 0.0 if self._at is None else math.exp(-((now - self._at) / 1e6) / self._memory_ms)
        self.seen = {1: bids, -1: asks}
        for side, target in self.seen.items():
            self.remembered[side] = target + (self.remembered[side] - target) * keep
        self._at = now


class Recent:
    """Change of the position over a horizon, in lots."""

    def __init__(self, horizon: int) -> None:
        self._horizon = horizon
        self._fills: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, now: int, lots: int) -> None:
        """Take in a fill that was received now."""
        self._fills.append((now, lots))
        self._sum += lots

    def change(self, now: int) -> int:
        """Sum of what was received within the horizon."""
        while self._fills and self._fills[0][0] <= now - self._horizon:
            self._sum -= self._fills.popleft()[1]
        return self._sum


class ReferenceMaker(Strategy):
    """Quotes one order a side round the mid, leans against its position, takes where that is too large."""

    name = "reference_maker"

    def __init__(self, maker: MakerSettings | None = None, fees: FeeSettings | None = None) -> None:
        super().__init__(fees)
        self._m = maker or MakerSettings()
        self.step_ms = self._m.decision_interval_ms
        self.levels = self._m.depth_levels
        self.order_latency_ms = self._m.order_latency_ms

    def describe(self) -> dict[str, object]:
        """Settings of the maker too."""
        return {**super().describe(), "maker": self._m.model_dump()}

    def on_start(self, view: View) -> None:
        """Begin with the quotes of the iteration before, and a full bucket."""
        now = nearest(view.time_ms * NS)
        self._bucket = Bucket(view.parameters.replace_rate_per_min, now)
        self._memory = Memory(self._m.liquidity_memory_ms)
        self._recent = Recent(nearest(self._m.decision_horizon_ms * NS))
        self._quotes: dict[int, Order | None] = {1: None, -1: None}
        self._quotes.update({order.side: order for order in view.orders})
        self._updated: float = -math.inf
        self._exit: Order | None = None
        self._first = 1

    def on_step(self, view: View) -> None:
        """Exit where it must, then quote both sides."""
        now = nearest(view.time_ms * NS)
        for fill in view.fills:
            self._recent.add(now, fill.side * round(fill.size / view.lot_size))
        for side, quote in self._quotes.items():
            if quote is not None and quote.state == "done":
                self._quotes[side] = None
        if view.mid is None:
            return
        # In ticks: half of a whole number.
        mid = round(2.0 * view.mid / view.tick_size) / 2.0
        position = round(view.position / view.lot_size)
        bids, asks = round(view.bid_size / view.lot_size), round(view.ask_size / view.lot_size)
        self._memory.see(now, bids, asks)
        self._leave(view, mid, position)
        # The sides take turns in going first, as the first one's update blocks the other's.
        self._first = -self._first
        for side in (self._first, -self._first):
            wanted = self._wanted(view, side, mid, position)
            if wanted is None:
                self._withdraw(view, side, tail=False)
            else:
                self._quote(view, now, side, *wanted, mid, position)

    def _half(self, view: View, mid: float) -> float:
        bps = self._m.base_half_spread_bps + view.parameters.base_spread_bps_delta
        return bps * self._whole(mid) * BPS

    def _whole(self, mid: float) -> float:
        """What a distance in bps is a share of, ticks: the mid, or as much as has ``ticks_per_bps``."""
        return self._m.ticks_per_bps * 1e4 if self._m.ticks_per_bps > 0.0 else mid

    @staticmethod
    def _lots(view: View, notional: float, mid: float) -> float:
        return notional / (view.contract.in_quote(mid * view.tick_size) * view.lot_size)

    def _limit(self, view: View, mid: float) -> float:
        return self._lots(view, self._m.position_limit_notional, mid)

    def _leave(self, view: View, mid: float, position: int) -> None:
        """Beyond the exit ratio, take liquidity to reduce the position; one such order at a time."""
        limit = self._limit(view, mid)
        taking = self._exit is not None and self._exit.state != "done"
        if taking or abs(position) <= self._m.exit_ratio * limit:
            return
        side = -1 if position > 0 else 1
        lots = min(int(view.parameters.max_delta_ratio * limit), abs(position))
        if lots < 1:
            return
        price = nearest(mid + EXIT_HALVES * self._half(view, mid) * side)
        self._exit = view.place(side, price * view.tick_size, lots * view.lot_size, kind="ioc")

    def _wanted(self, view: View, side: int, mid: float, position: int) -> tuple[int, int] | None:
        """Tick and lots of the quote that it would have; None where that would be too small."""
        share = position / self._limit(view, mid)
        reference = mid - self._m.skew_bps * share * self._whole(mid) * BPS
        half = self._half(view, mid)
        tick = math.floor(reference - half) if side == 1 else math.ceil(reference + half)
        best = view.best_ask if side == 1 else view.best_bid
        if best is not None:
            tick = min(side * tick, side * round(best / view.tick_size) - 1) * side
        most = min(
            self._m.max_order_notional, view.parameters.max_delta_ratio * self._m.position_limit_notional
        )
        seen = view.parameters.impact_cap_ratio * self._memory.remembered[side]
        size = min(seen, self._lots(view, most, mid))
        enough = size >= self._lots(view, self._m.min_order_notional, mid) and size >= 1.0
        return (tick, int(size)) if enough and tick >= 1 else None

    def _quote(
        self, view: View, now: int, side: int, tick: int, lots: int, mid: float, position: int
    ) -> None:
        quote, off = self._quotes[side], math.inf
        if quote is not None:
            off = abs(round(quote.price / view.tick_size) - tick) / self._whole(mid) * 1e4
            if off <= self._m.requote_bps:
                return
        reason = self._blocked(view, now, side, lots, mid, position)
        if reason is None:
            self._bucket.take()
            self._updated = now
            price, size = tick * view.tick_size, lots * view.lot_size
            if quote is None:
                self._quotes[side] = view.place(side, price, size)
            else:
                self._quotes[side] = view.replace(quote, price, size)
            return
        view.blocked(reason)
        if quote is not None and off > self._m.far_bps:
            age = now - nearest(quote.sent_ms * NS)
            if age > nearest(view.parameters.tail_age_ms * NS):
                self._withdraw(view, side, tail=True)

    def _blocked(self, view: View, now: int, side: int, lots: int, mid: float, position: int) -> str | None:
        if now - self._updated < nearest(view.parameters.min_interval_ms * NS):
            return "min_interval"
        if not self._bucket.has(now):
            return "throttle"
        if view.in_flight >= self._m.max_in_flight:
            return "concurrency"
        limit = self._limit(view, mid)
        share = view.parameters.impact_cap_ratio * LIQUIDITY_FACTOR + LIQUIDITY_SLACK
        quote = self._quotes[side]
        resting = 0 if quote is None else round(quote.left / view.lot_size)
        risky = (
            lots > share * self._memory.seen[side]
            or side * self._recent.change(now) + lots > view.parameters.max_delta_ratio * limit
            or side * position + resting + lots > limit
        )
        return "risk" if risky else None

    def _withdraw(self, view: View, side: int, *, tail: bool) -> None:
        quote = self._quotes[side]
        if quote is not None:
            view.cancel(quote, tail=tail)
            self._quotes[side] = None


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return ReferenceMaker(profile.maker, profile.fees)
