"""Strategies that are asked at every decision: the harness owns loop, time and report.

A whole maker, for a ``conftest.py``; it runs unchanged on a mock market and on a recording::

    from pytest_soak import Strategy

    class TwoSided(Strategy):
        name = "two_sided"

        def on_step(self, view):
            if view.mid is None or view.in_flight:
                return
            view.cancel_all()
            half = (4.4 + view.parameters.base_spread_bps_delta) * 1e-4
            centre = view.mid * (1 - 3e-4 * view.position)  # leans against the position
            for side in (1, -1):
                if side * view.position > 5.0:
                    view.blocked("risk")
                else:
                    view.place(side, centre * (1 - side * half), 0.5)

    def pytest_soak_make_strategy(profile):
        return TwoSided(fees=profile.fees)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pytest_soak.config.parsing import validate
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.own import own_values
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market.view import View

if TYPE_CHECKING:
    from pytest_soak.domain.latency import Laws
    from pytest_soak.domain.parameter import Parameter
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.market.protocols import Market, Window
    from pytest_soak.market.stepping import Simulation


@runtime_checkable
class SteppingMarket(Protocol):
    """A market that stops at every decision."""

    def simulation(
        self, window: Window, fees: FeeSettings, *, maker: MakerSettings | None = None
    ) -> Simulation:
        """Open a window."""
        ...


class Strategy:
    """Base of strategies written in Python: override ``on_step``, or ``run`` for your own loop.

    Each iteration works on a copy of the object as it was made, so that an iteration is a function of its
    arguments. What shall outlive an iteration goes into ``view.carry``.

    Args:
        fees: what fills are charged.
        order_latency: on a recording, delays of kinds of messages, as ``profile.maker.latency`` has them;
            a mock market has delays of its own.

    Attributes:
        name: short name for records and the terminal.
        step_ms: mean market time between two decisions, 0.1 to 1000 ms.
        levels: how many levels count in sizes and imbalance, 1 to 1000.
        order_latency_ms: on a recording, the delay of every message that ``order_latency`` has no law of,
            to the market and back, 0 to 60000 ms.
        own_parameters: parameters of its own, which profiles, overrides, tuner and guards take as the
            built-in ones; also a method that gives them. ``view.parameters`` has their values.
    """

    name: ClassVar[str] = "strategy"
    step_ms: float = 10.0
    levels: int = 10
    order_latency_ms: float = 5.0
    order_latency: Laws | None = None
    own_parameters: Sequence[Parameter] | Callable[[], Sequence[Parameter]] = ()

    def __init__(self, fees: FeeSettings | None = None, order_latency: Laws | None = None) -> None:
        self.fees = fees or FeeSettings()
        if order_latency is not None:
            self.order_latency = order_latency

    def describe(self) -> dict[str, object]:
        """Identity as JSON values: name, step, levels, fees, and every public attribute of the object.

        Not its own parameters: those are part of the canary's identity by themselves.
        """
        own = {key: value for key, value in vars(self).items() if not key.startswith("_")}
        own.pop("own_parameters", None)
        # Left out where there are none, so that a strategy without them keeps its hash.
        own.pop("order_latency", None)
        if self.order_latency is not None:
            own["order_latency"] = self._maker().model_dump()["latency"]
        own.update(
            name=self.name,
            step_ms=self.step_ms,
            levels=self.levels,
            order_latency_ms=self.order_latency_ms,
        )
        return {**own, "fees": self.fees.model_dump()}

    def on_start(self, view: View) -> None:
        """Called once, before the first decision of an iteration."""

    def on_step(self, view: View) -> None:
        """Called at every decision."""
        raise NotImplementedError(f"{type(self).__name__} has neither on_step(view) nor run()")

    def on_timer(self, view: View, name: str) -> None:
        """Called for each timer that is due, before ``on_step`` of the same decision."""

    def on_end(self, view: View) -> None:
        """Called once, after the last decision; nothing can be sent any more."""

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        """Trade one window.

        An exception of the strategy keeps its traceback and gets a note with the market time.

        Raises:
            SoakConfigError: on a market that does not stop at decisions, or for a step or a number of levels
                that is out of range.
        """
        if not isinstance(market, SteppingMarket):
            raise SoakConfigError(
                f"strategy {self.name!r} needs a market with simulation(); {market.name!r} has none"
            )
        simulation = market.simulation(window, self.fees, maker=self._maker())
        view = View(simulation, parameters, window)
        me: Any = copy.deepcopy(self)
        try:
            me._trade(view, simulation)
        except Exception as error:
            error.add_note(
                f"strategy {self.name!r}, iteration {window.iteration}, market time {view.time_ms:.3f} ms"
            )
            raise
        report = simulation.report(carry=view.carry)
        own = {name: own_values(values) for name, values in view.recorded.items() if values}
        return report.model_copy(update={"holdings": view.named(report.holdings), "own": own})

    def _maker(self) -> MakerSettings:
        """Its settings as a market takes them."""
        asked = {
            "decision_interval_ms": self.step_ms,
            "depth_levels": self.levels,
            "order_latency_ms": self.order_latency_ms,
            "latency": self.order_latency,
        }
        where = (
            f"strategy {self.name!r} (its step_ms is decision_interval_ms, its levels are depth_levels, "
            "its order_latency is latency)"
        )
        return validate(MakerSettings, asked, where)

    def _trade(self, view: View, simulation: Simulation) -> None:
        """Go from decision to decision to the end of the window."""
        kernel = simulation.compiled
        step, on_step, receive, timers = kernel.step, self.on_step, view.receive, view.timers
        had_changes = False
        self.on_start(view)
        while step():
            changed = kernel.changed
            if changed or had_changes:
                receive()
                had_changes = changed
            if timers:
                for name in view.due():
                    self.on_timer(view, name)
            on_step(view)
        receive()
        self.on_end(view)
