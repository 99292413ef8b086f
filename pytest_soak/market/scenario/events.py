"""What comes and goes in a scenario: effects, and the regimes, hours, windows and shocks that bring them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pytest_soak.domain.settings import Strict

Multiplier = Annotated[float, Field(ge=0.001, le=1000.0)]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Outage = Literal["none", "feed", "orders", "both"]

_DOWN = "Which line to the maker is down from begin to end; what is sent meanwhile arrives after it"


class Effect(Strict):
    """Multipliers while a regime, a window or a shock is on; 0.001 to 1000 each."""

    volatility: Multiplier = Field(default=1.0, description="On volatility")
    depth: Multiplier = Field(
        default=1.0,
        description="On the size of new orders and so, within their lifetime, on what stands in the book",
    )
    flicker: Multiplier = Field(default=1.0, description="On the standard deviation of the log of depth")
    spread: Multiplier = Field(default=1.0, description="On the distances of new orders")
    activity: Multiplier = Field(default=1.0, description="On the rates of limit orders and cancellations")
    trading: Multiplier = Field(
        default=1.0, description="On the rate of market orders (on top of ``activity``)"
    )
    informed: Multiplier = Field(default=1.0, description="On the share of informed market orders")
    jumps: Multiplier = Field(default=1.0, description="On the rate of jumps")
    latency: Multiplier = Field(default=1.0, description="On delays")


class Regime(Strict):
    """A state of the market; the first of the list comes first, its length is exponential."""

    label: Label = Field(description="Label in the report of an iteration that saw it")
    mean_s: float = Field(ge=1.0, le=864_000.0, description="Mean of its length, s")
    weight: float = Field(
        ge=0.0,
        le=1000.0,
        description="Weight among the others when one of them ends; 0: is not entered again",
    )
    drift_bps_per_hour: float = Field(
        default=0.0, ge=-5000.0, le=5000.0, description="Drift on top of that of the fair value, bps per hour"
    )
    effect: Effect = Effect()


class Seasonality(Strict):
    """Time of day: two factors that swing as a cosine, 1 at a quarter of the period after the peak."""

    period_h: float = Field(ge=0.1, le=168.0, description="Period, h")
    peak_h: float = Field(ge=0.0, le=168.0, description="First peak, h")
    activity: float = Field(ge=0.0, le=1.5, description="Log of the factor on ``activity`` at the peak")
    volatility: float = Field(ge=0.0, le=1.5, description="Log of the factor on volatility at the peak")


class RandomWindow(Strict):
    """Windows that come at random."""

    label: Label = Field(description="Label in the report of an iteration that saw one")
    gap_s: tuple[
        Annotated[float, Field(ge=1.0, le=86_400.0)], Annotated[float, Field(ge=1.0, le=86_400.0)]
    ] = Field(
        strict=False,
        description="Least and largest time from the end of one (or from 0) to the begin of the next, s",
    )
    length_s: tuple[
        Annotated[float, Field(ge=0.1, le=86_400.0)], Annotated[float, Field(ge=0.1, le=86_400.0)]
    ] = Field(strict=False, description="Least and largest length, s")
    ramp_s: float = Field(
        ge=0.0, le=600.0, description="Time to full effect, and after the end back to none, s"
    )
    outage: Outage = Field(default="none", description=_DOWN)
    effect: Effect = Effect()

    @model_validator(mode="after")
    def _least_before_largest(self) -> Self:
        for name in ("gap_s", "length_s"):
            least, largest = getattr(self, name)
            if least > largest:
                raise ValueError(f"{name} with the least before the largest")
        return self


class Shock(Strict):
    """One scripted event."""

    label: Label = Field(description="Label in the report of an iteration that saw it")
    at_s: float = Field(ge=0.0, le=864_000.0, description="Begin, s of market time")
    length_s: float = Field(ge=0.1, le=86_400.0, description="Length, s")
    ramp_s: float = Field(default=0.0, ge=0.0, le=600.0, description="Time to full effect, s")
    move_bps: float = Field(
        default=0.0, ge=-3000.0, le=3000.0, description="Move of fair value from begin to end, bps"
    )
    recovery_share: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Share of the move that comes back afterwards"
    )
    recovery_half_life_s: float = Field(
        default=60.0, ge=1.0, le=86_400.0, description="Half-life of that recovery, s"
    )
    effect_half_life_s: float = Field(
        default=1.0, ge=0.1, le=86_400.0, description="Half-life of the effect after the end, s"
    )
    outage: Outage = Field(default="none", description=_DOWN)
    maker_fee_shift_bps: float = Field(
        default=0.0, ge=-100.0, le=100.0, description="Added to the maker's fee from begin to end, bps"
    )
    taker_fee_shift_bps: float = Field(
        default=0.0, ge=-100.0, le=100.0, description="Added to the taker's fee from begin to end, bps"
    )
    effect: Effect = Effect()
