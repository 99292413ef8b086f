"""How long messages take between a maker and a market, by a law for each kind of message."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Lag(BaseModel):
    """Distribution of a delay: log-normal, now and then with a Pareto spike on top."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    median_ms: float = Field(ge=0.0, le=1000.0, description="Median, ms")
    log_sd: float = Field(ge=0.0, le=2.0, description="Standard deviation of the log")
    spike_probability: float = Field(ge=0.0, le=1.0, description="Probability of a spike per message")
    spike_ms: float = Field(ge=0.0, le=10_000.0, description="Least size of a spike, ms")
    spike_tail: float = Field(ge=0.5, le=10.0, description="Pareto exponent of spikes")
    max_ms: float = Field(ge=0.0, le=60_000.0, description="Ceiling of the whole delay, ms")


# Left out where there is none, so that what has no such law keeps its hash.
_Law = Annotated[Lag | None, Field(exclude_if=lambda law: law is None)]


class Laws(BaseModel):
    """Delays of single kinds of messages; one that is left out has that of all order messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    new: _Law = Field(default=None, description="Of new orders, of replacements and of changes of size")
    cancel: _Law = Field(default=None, description="Of cancellations")
    ack: _Law = Field(default=None, description="Of answers to either")
    fill: _Law = Field(default=None, description="Of reports of fills")
    volatility_power: Annotated[float, Field(exclude_if=lambda power: power == 0.0)] = Field(
        default=0.0, ge=0.0, le=4.0, description="Each delay is times the relative volatility to this power"
    )
