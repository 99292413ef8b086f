"""The fields of a scenario that a fit searches, each with its range in the scales of the recorded market."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_soak.domain.settings import Strict
from pytest_soak.domain.text import printable
from pytest_soak.market.calibration.sample import Sample
from pytest_soak.market.facts.series import Series
from pytest_soak.market.scenario.loading import load_scenario
from pytest_soak.market.scenario.model import BookProfile, Fair, Flow, Impact, Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

BASE = "calm"
"""The scenario that has the fields which recordings do not tell."""
DIGITS = 4
_REACH = 10.0
"""Farthest new orders, in scales of their distance."""
_ONE_TICK = 0.5
"""Share of time from which on a spread is one of one tick."""
_HALF_LIVES_S = (0.05, 0.5, 5.0)


class Scales(NamedTuple):
    """Sizes of a recorded market: bps, quote units, seconds."""

    price: float
    tick: float
    half_spread: float
    volatility: float
    per_order: float
    one_tick: float
    queue: float
    order: float
    mean_order: float
    rate: float

    @property
    def is_one_tick(self) -> bool:
        """Whether the spread is one tick most of the time."""
        return self.one_tick > _ONE_TICK


@dataclass(frozen=True, slots=True)
class Field:
    """A number of a scenario: where it stands, its range, where a search begins; whether in logarithms."""

    path: tuple[str | int, ...]
    low: float
    high: float
    start: float
    logarithmic: bool = True

    def place(self, scenario: Scenario | None = None) -> float:
        """Where the start, or what a scenario has instead, lies between low and high."""
        start = min(max(self.start if scenario is None else self._of(scenario), self.low), self.high)
        if self.logarithmic:
            return math.log(start / self.low) / math.log(self.high / self.low)
        return (start - self.low) / (self.high - self.low)

    def _of(self, scenario: Scenario) -> float:
        value: Any = scenario.model_dump(mode="json")
        for key in self.path:
            # A scenario may have no Hawkes process, or one of other exponentials.
            has = key in value if isinstance(value, dict) else isinstance(key, int) and key < len(value or ())
            if not has:
                return self.start
            value = value[key]
        return float(value)

    def at(self, place: float) -> float:
        """The value at a place from 0 to 1, as many digits of it as a file holds."""
        if self.logarithmic:
            value = self.low * (self.high / self.low) ** place
        else:
            value = self.low + (self.high - self.low) * place
        return rounded(value)


def rounded(value: float) -> float:
    """The value as a file holds it."""
    return float(f"{value:.{DIGITS}g}")


def scales_of(sample: Sample) -> Scales:
    """Sizes of the recorded market, from the longest recording."""
    import numpy as np

    tape = max((source.tape for source in sample.sources), key=lambda tape: tape.seconds)
    series = Series(tape)
    price = float(np.nanmedian(tape.mid))
    tick = sample.tick_size / price * 1e4
    spread = series.spread
    queues = np.concatenate((tape.bid_queue, tape.ask_queue))
    rate = len(tape.trade_s) / tape.seconds
    volatility = max(float(series.returns(1.0).std()), tick * 0.1)
    sizes = tape.trade_qty * price
    return Scales(
        price=price,
        tick=tick,
        half_spread=float(spread.mean()) / 2.0,
        volatility=volatility,
        per_order=volatility / rate**0.5,
        one_tick=float(np.mean(spread < 1.5 * tick)),
        queue=float(np.median(queues[queues > 0.0])) * price,
        order=float(np.median(sizes)),
        mean_order=float(sizes.mean()),
        rate=rate,
    )


def fields_of(s: Scales) -> tuple[Field, ...]:
    """The fields that are searched; the scenario's own ranges hold as well."""
    wide = max(s.half_spread, s.volatility)

    def of(usual: float, one_tick: float) -> float:
        """Where a search begins; with a spread of one tick queues are long, and the mid rests and leaps."""
        return one_tick if s.is_one_tick else usual

    wanted = (
        Field(("fair", "vol_bps"), 0.001 * s.volatility, 2.0 * s.volatility, of(0.3, 0.003) * s.volatility),
        Field(("fair", "tail_df"), 2.1, 30.0, 3.0),
        Field(("fair", "garch_alpha"), 0.002, 0.2, 0.02),
        Field(("fair", "jumps_per_hour"), 1.0, 36_000.0, of(300.0, 2500.0)),
        Field(("fair", "jump_sd_bps"), 0.2 * s.volatility, 30.0 * s.volatility, of(1.5, 1.2) * s.volatility),
        Field(("book", "orders"), 20.0, 3000.0, of(400.0, 2000.0)),
        Field(
            ("book", "touch_bps"),
            0.0,
            2.0 * s.half_spread,
            0.7 * (s.half_spread - 0.5 * s.tick),
            logarithmic=False,
        ),
        Field(("book", "touch_share"), 0.0, 0.97, 0.6 * s.one_tick, logarithmic=False),
        Field(("book", "scale_bps"), 0.05 * wide, 10.0 * wide, of(1.0, 5.0) * wide),
        Field(("book", "order_notional"), s.queue / 500.0, 3.0 * s.queue, s.queue / of(5.0, 140.0)),
        Field(("book", "order_log_sd"), 0.0, 2.0, of(0.8, 0.2), logarithmic=False),
        Field(("book", "stale_share"), 0.0, 1.0, 0.2, logarithmic=False),
        Field(("book", "depth_log_sd"), 0.0, 1.5, of(0.3, 0.4), logarithmic=False),
        Field(("book", "spread_log_sd"), 0.0, 1.0, 0.05, logarithmic=False),
        Field(("book", "arrival_crowding"), 0.005, 5.0, of(0.1, 0.01)),
        Field(("book", "cancel_crowding"), 0.005, 5.0, of(0.1, 0.01)),
        Field(("flow", "limit_rate_per_s"), 50.0, 10_000.0, of(1500.0, 2500.0)),
        Field(("flow", "limit_follow"), 0.0, 0.9, 0.2, logarithmic=False),
        Field(
            ("flow", "market_rate_per_s"),
            0.5 * s.rate,
            30.0 * s.rate,
            of(5.0, 1.8) * s.rate,
        ),
        Field(("flow", "imbalance_pull"), 0.0, 5.0, of(1.5, 2.5), logarithmic=False),
        Field(("flow", "market_notional"), s.order / 8.0, 1.5 * s.order, s.order / of(2.0, 2.5)),
        Field(("flow", "size_tail"), 1.05, 5.0, of(1.3, 1.15)),
        Field(("flow", "size_cap"), 2.0, 1000.0, of(200.0, 600.0)),
        Field(("flow", "metaorder_share"), 0.0, 0.95, 0.5, logarithmic=False),
        Field(("flow", "informed_share"), 0.0, 0.9, of(0.2, 0.45), logarithmic=False),
        Field(("flow", "reservation_bps"), 0.02 * wide, 10.0 * wide, of(0.4, 1.5) * wide),
        Field(("flow", "pick_rate_per_s"), 0.1, 300.0, of(10.0, 35.0)),
        Field(("flow", "pick_margin_bps"), 0.001 * wide, 2.0 * wide, 0.05 * wide),
        Field(("flow", "pick_notional"), 0.5 * s.order, 300.0 * s.order, of(3.0, 6.0) * s.mean_order),
        Field(("flow", "hawkes", "branching"), 0.0, 0.93, of(0.75, 0.85), logarithmic=False),
        Field(("flow", "hawkes", "cross_share"), 0.0, 0.5, of(0.25, 0.35), logarithmic=False),
        Field(("flow", "hawkes", "weights", 0), 0.05, 20.0, of(1.0, 3.0)),
        Field(("flow", "hawkes", "weights", 2), 0.05, 20.0, of(1.0, 0.15)),
        Field(
            ("impact", "permanent_bps"), 1e-4 * s.per_order, 5.0 * s.per_order, of(0.3, 0.001) * s.per_order
        ),
        Field(
            ("impact", "transient_bps"), 1e-4 * s.per_order, 5.0 * s.per_order, of(0.05, 0.001) * s.per_order
        ),
        Field(("impact", "saturation"), 0.1, 1000.0, of(3.0, 0.15)),
        Field(("impact", "belief_half_life_s"), 0.003, 10.0, of(0.1, 0.005)),
        Field(("impact", "flight"), 0.0, 0.9, 0.3, logarithmic=False),
    )
    return tuple(_within(field) for field in wanted)


def _within(field: Field) -> Field:
    """The field with the range that a scenario accepts, where that is narrower."""
    low, high = field.low, field.high
    for key, value in _bounds(field.path):
        low, high = (max(low, value), high) if key == "ge" else (low, min(high, value))
    return Field(field.path, low, max(high, low * 1.01), field.start, field.logarithmic)


def _bounds(path: tuple[str | int, ...]) -> Iterator[tuple[str, float]]:
    models: dict[str, type[Strict]] = {"fair": Fair, "book": BookProfile, "flow": Flow, "impact": Impact}
    if len(path) != 2:
        return
    for bound in models[str(path[0])].model_fields[str(path[1])].metadata:
        for key in ("ge", "le"):
            if hasattr(bound, key):
                yield key, float(getattr(bound, key))


def base_of(name: str, sample: Sample, scales: Scales) -> dict[str, Any]:
    """A scenario as far as recordings tell it at once: instrument, sizes, delays."""
    data = load_scenario(BASE).model_dump(mode="json")
    data["name"] = name
    names = ", ".join(printable(source.name) for source in sample.sources)
    data["description"] = f"Fitted to {names}."
    data["instrument"] = {
        "tick_size": sample.tick_size,
        "lot_size": sample.lot_size,
        "start_price": rounded(scales.price),
    }
    data["fair"]["drift_bps_per_hour"] = 0.0
    data["book"]["batch_ms"] = sample.batch_ms
    data["flow"]["hawkes"]["half_lives_s"] = list(_HALF_LIVES_S)
    data["flow"]["hawkes"]["weights"] = [1.0, 1.0, 1.0]
    data["impact"]["typical_notional"] = rounded(max(1.0, scales.mean_order))
    known = [source.delays for source in sample.sources if source.delays is not None]
    if known:
        delays = known[0]
        feed = data["latency"]["feed"]
        data["latency"]["feed_interval_ms"] = rounded(min(max(delays.interval_ms, 1.0), 1000.0))
        feed["median_ms"] = rounded(min(max(delays.median_ms, 0.0), 1000.0))
        feed["log_sd"] = rounded(min(max(delays.log_sd, 0.0), 2.0))
        feed["max_ms"] = rounded(min(max(delays.most_ms, 0.0), 60_000.0))
        feed["spike_probability"] = 0.0
    return data


def scenario_at(base: dict[str, Any], fields: tuple[Field, ...], places: Doubles) -> Scenario:
    """The scenario at a place of the search."""
    data = copy.deepcopy(base)
    for field, place in zip(fields, places, strict=True):
        *way, last = field.path
        table: Any = data
        for key in way:
            table = table[key]
        table[last] = field.at(float(place))
    book = data["book"]
    book["orders"] = round(book["orders"])
    book["max_distance_bps"] = rounded(min(max(_REACH * book["scale_bps"], 10.0), 200.0))
    return Scenario.model_validate(data)
