"""Settings that a profile holds: thresholds, guard rules, tuner steps, fees and the maker's own."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pytest_soak.domain.fills import FillModel, parted
from pytest_soak.domain.latency import Laws
from pytest_soak.domain.parameter import Mover

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]
Fee = Annotated[float, Field(ge=-1000.0, le=1000.0)]
Distance = Annotated[float, Field(ge=1e-3, le=1000.0)]
Notional = Annotated[float, Field(ge=1e-3, le=1e12)]
Memory = Annotated[float, Field(ge=0.1, le=3.6e6)]


class Strict(BaseModel):
    """Base of every model that is read from or written to a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class GateMode(StrEnum):
    """What a missed gate does to its item: fail it, warn, or nothing."""

    HARD = "hard"
    SOFT = "soft"
    OFF = "off"


class Threshold(Strict):
    """Bounds of one KPI; a bound that is None does not exist.

    ``least`` is the smallest sample that is judged; None means 30 fills for ``net_bps`` and 0 for all others.
    """

    warn_above: float | None = None
    fail_above: float | None = None
    warn_below: float | None = None
    fail_below: float | None = None
    least: Annotated[int, Field(ge=0)] | None = None


class GateSettings(Strict):
    """KPI gates of a profile."""

    mode: Annotated[GateMode, Field(strict=False)] = GateMode.HARD
    warmup_iterations: Annotated[int, Field(ge=0)] = 2
    thresholds: dict[str, Threshold]

    @property
    def models(self) -> tuple[FillModel, ...]:
        """Fill models that a gate asks for by ``KPI@MODEL``, in the order of their names."""
        asked = (parted(kpi)[1] for kpi in self.thresholds)
        return tuple(sorted({model for model in asked if model is not None}))


class ParameterTuning(Strict):
    """What a profile says of one parameter; None keeps what is declared.

    ``low`` and ``high`` may narrow the declared bounds, not widen them. ``moved_by`` names the zones and
    drivers that move the parameter, by ``step``, ``moderate_step`` and ``relax_step``.
    """

    low: float | None = None
    high: float | None = None
    step: Positive | None = None
    moderate_step: Positive | None = None
    relax_step: Positive | None = None
    moved_by: Annotated[tuple[Mover, ...] | None, Field(strict=False)] = None


class TunerSettings(Strict):
    """Zone borders and driver thresholds of the tuner, and what it does with single parameters.

    Where less than ``least_blocked_share`` of all attempts was blocked, the share of risk in so few blocks
    says nothing: the zone is then NORMALIZE, and the gate takes ``risk_ratio`` for 0. With
    ``relax_beyond_profile`` off, NORMALIZE takes parameters back to the values of the profile and no further.
    """

    aggressive_risk: Ratio = 0.60
    moderate_risk: Ratio = 0.40
    normalize_risk: Ratio = 0.35
    normalize_net_bps: float = 3.0
    adverse_p95_bps: float = 3.5
    slippage_p95_bps: float = 2.5
    least_blocked_share: Ratio = 0.05
    # These two are left out where they say nothing, so that a profile without them keeps its hash.
    relax_beyond_profile: bool = Field(default=True, exclude_if=lambda given: given)
    parameters: dict[str, ParameterTuning] = Field(default_factory=dict, exclude_if=lambda given: not given)


class PanicSettings(Strict):
    """Revert to a safe profile after a streak of FAIL verdicts."""

    fail_streak: Count = 3
    profile: str = "steady_safe"


class CooldownSettings(Strict):
    """Pause after a large change; the threshold is a sum of fractions of each parameter's range."""

    threshold: Positive = 0.30
    iterations: Count = 2


class FreezeSettings(Strict):
    """Hold sensitive parameters once the strategy is stable."""

    stable_iterations: Count = 2
    duration_iterations: Count = 4
    max_risk_ratio: Ratio = 0.35
    min_net_bps: float = 2.7
    parameters: tuple[str, ...] = Field(default=("impact_cap_ratio", "max_delta_ratio"), strict=False)


class VelocitySettings(Strict):
    """Longest path of a parameter within a sliding window of market time; others: half the range."""

    window_minutes: Positive = 60.0
    limits: dict[str, Positive] = Field(
        default_factory=lambda: {"min_interval_ms": 30.0, "impact_cap_ratio": 0.04}
    )


class GuardSettings(Strict):
    """Settings of the built-in guards."""

    panic: PanicSettings = PanicSettings()
    cooldown: CooldownSettings = CooldownSettings()
    freeze: FreezeSettings = FreezeSettings()
    velocity: VelocitySettings = VelocitySettings()


class FeeTier(Strict):
    """Fees from a traded notional on, in quote currency; bps of the notional of a fill."""

    from_notional: Notional
    maker_bps: Fee
    taker_bps: Fee


class FeeSettings(Strict):
    """Fees in basis points of traded notional; a negative fee is a rebate.

    ``tiers`` take the place of the two fees once the canary has traded so much, its earlier iterations
    included; a fill pays what holds before it.
    """

    maker_bps: Fee = -0.5
    taker_bps: Fee = 2.5
    # Left out where there are none, so that a profile without them keeps its hash.
    tiers: Annotated[
        tuple[FeeTier, ...], Field(max_length=32, strict=False, exclude_if=lambda given: not given)
    ] = ()

    @model_validator(mode="after")
    def _rises(self) -> Self:
        starts = [tier.from_notional for tier in self.tiers]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise ValueError("tiers with a from_notional above that of the tier before")
        return self


class MakerSettings(Strict):
    """What the reference maker does apart from the six tunable parameters.

    Where ``ticks_per_bps`` is not 0, each distance in bps, that of ``base_spread_bps_delta`` included, is so
    many ticks whatever the price: for markets whose spread is one tick, of which a bps is very many.
    ``order_latency_ms`` and ``latency`` are of recordings; a mock market has its own.
    """

    base_half_spread_bps: Distance = 4.45
    skew_bps: Annotated[float, Field(ge=0.0, le=1000.0)] = 15.0
    requote_bps: Distance = 0.8
    far_bps: Distance = 1.8
    ticks_per_bps: Annotated[float, Field(ge=0.0, le=1000.0)] = 0.0
    position_limit_notional: Notional = 50_000.0
    max_order_notional: Notional = 6_000.0
    min_order_notional: Annotated[float, Field(ge=1e-6, le=1e12)] = 10.0
    exit_ratio: Ratio = 0.3
    decision_interval_ms: Annotated[float, Field(ge=0.1, le=1000.0)] = 10.0
    decision_horizon_ms: Memory = 500.0
    max_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 4
    depth_levels: Annotated[int, Field(ge=1, le=1000)] = 10
    liquidity_memory_ms: Memory = 5_000.0
    order_latency_ms: Annotated[float, Field(ge=0.0, le=60_000.0)] = 5.0
    # Left out where there are none, so that a profile without them keeps its hash.
    latency: Annotated[Laws | None, Field(exclude_if=lambda laws: laws is None)] = None


class Profile(Strict):
    """One immutable, versioned configuration of a canary, read from a TOML file."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._]{0,63}$")]
    description: str = ""
    fills: Annotated[FillModel, Field(strict=False)] = FillModel.QUEUE
    parameters: dict[str, float]
    gates: GateSettings
    tuner: TunerSettings = TunerSettings()
    guards: GuardSettings = GuardSettings()
    fees: FeeSettings = FeeSettings()
    maker: MakerSettings = MakerSettings()
