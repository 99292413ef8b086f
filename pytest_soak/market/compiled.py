"""Strategies that Numba compiles: a function over arrays is called at every decision, without Python.

A whole maker, for a ``conftest.py``; it does what the one of ``pytest_soak.market.strategy`` does::

    import math

    from numba import njit

    from pytest_soak import CompiledStrategy
    from pytest_soak.market.commands import RISK, blocked, cancel_all, place

    @njit
    def two_sided(view):
        if math.isnan(view.mid) or view.in_flight:
            return
        cancel_all(view)
        half = (4.4 + view.parameters.base_spread_bps_delta) * 1e-4
        centre = view.mid * (1 - 3e-4 * view.position)  # leans against the position
        for side in (1, -1):
            if side * view.position > 5.0:
                blocked(view, RISK)
            else:
                place(view, side, centre * (1 - side * half), 0.5)

    class TwoSided(CompiledStrategy):
        name = "two_sided"
        step = two_sided

    def pytest_soak_make_strategy(profile):
        return TwoSided(fees=profile.fees)
"""

from __future__ import annotations

import ctypes
import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.orders import StrategyError
from pytest_soak.market.shared import (
    CANCELLING,
    COMMAND,
    FILL,
    LIVE,
    MOST_COMMANDS,
    MOST_FILLS,
    MOST_ORDERS,
    MOST_TRADES,
    NOW,
    ORDER,
    PENDING,
    TRADE,
)
from pytest_soak.market.strategy import Strategy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_soak.market.stepping import Simulation
    from pytest_soak.market.view import View

__all__ = ["CANCELLING", "LIVE", "PENDING", "CompiledStrategy", "CompiledView"]

# Steps until Python has a look at signals: some 10 ms.
_PIECE = 20_000


def _row(**kinds: str) -> np.dtype[Any]:
    """A row whose fields are attributes, in compiled code and outside of it."""
    return np.dtype((np.record, list(kinds.items())))


_NOW, _ORDER, _FILL = _row(**NOW), _row(**ORDER), _row(**FILL)
_TRADE, _COMMAND = _row(**TRADE), _row(**COMMAND)


class CompiledView(NamedTuple):
    """One decision, as a compiled function sees it; NaN is what is not known.

    Prices are in quote currency, sizes in base units, times in ms of market time, as in :class:`View`. The
    arrays are rewritten at every step. Orders are known by their numbers, which ``place`` returns.
    """

    time_ms: float
    left_ms: float
    """Market time until the iteration ends."""
    best_bid: float
    best_ask: float
    mid: float
    bid_size: float
    """Size on the best ``levels`` bids; ``ask_size`` on the asks."""
    ask_size: float
    position: float
    """Position by the fills received."""
    in_flight: int
    """Requests that the market has not answered."""
    taking: int
    """Orders that may take liquidity and that the market has not answered."""
    tick_size: float
    lot_size: float
    bids: Any
    """A row of price and size for each of the best ``levels``; NaN and 0 where there are fewer."""
    asks: Any
    orders: Any
    """Own resting orders: ``id``, ``side``, ``price``, ``qty``, ``filled``, ``sent_ms``, ``state``, which is
    PENDING, LIVE or CANCELLING, and ``ahead``. A row of NumPy has a ``size`` of its own, hence ``qty``."""
    fills: Any
    """Received since the last decision: ``order`` (0 of an immediate-or-cancel one), ``side``, ``price``,
    ``qty``, ``fee``, ``time_ms``, ``maker``."""
    rejected: Any
    """Numbers of orders refused by the market, as received since the last decision."""
    trades: Any
    """Received since the last decision: ``time_ms``, ``price``, ``qty``, ``aggressor``."""
    parameters: Any
    """Parameters in force, by name."""
    memory: Any
    """What ``memory()`` of the strategy made for this iteration."""
    random: Any
    """A NumPy generator: a function of the canary's seed and the iteration."""
    now: Any
    """Counts of what is asked for; the functions of ``market.commands`` use it."""
    commands: Any
    """What is asked for; the functions of ``market.commands`` write it."""


class CompiledStrategy(Strategy):
    """Base of strategies whose decisions are a function that ``numba.njit`` has compiled.

    Attributes:
        step: the function; it gets a :class:`CompiledView` and sends with ``pytest_soak.market.commands``.
        kpis: names of values of its own, which it records by their places in this table.
    """

    step: ClassVar[Any]
    kpis: ClassVar[Sequence[str]] = ()

    def memory(self, carry: Any) -> NDArray[Any]:  # noqa: ARG002 the hook's argument
        """An array of the strategy's own for one iteration, as ``view.memory``; empty here.

        ``carry`` is what ``carried`` made of that of the iteration before, None in the first.
        """
        return np.zeros(0)

    def carried(self, memory: NDArray[Any]) -> Any:  # noqa: ARG002 the hook's argument
        """What the next iteration gets of it, a JSON value; nothing here."""
        return None

    def _trade(self, view: View, simulation: Simulation) -> None:
        """Trade the window: the loop runs in machine code, and looks at signals now and then."""
        function = inspect.getattr_static(type(self), "step", None)
        function = getattr(function, "__func__", function)
        if not callable(function):
            raise SoakConfigError(f"strategy {self.name!r} has no function step, compiled with numba.njit")
        memory = self.memory(view.carry)
        kernel, shared = simulation.compiled, _Shared(view, simulation, memory, len(self.kpis))
        drive, answer = _driver(function, shared.address), 1
        while answer == 1:
            answer = drive(shared.handle, _PIECE, *shared.arguments)
        if answer < 0:
            raise StrategyError(f"at market time {view.time_ms:.3f} ms: {kernel.shared_error}")
        for name, values in zip(self.kpis, kernel.shared_recorded, strict=True):
            view.recording(name).extend(values)
        view.carry = self.carried(memory)


class _Shared:
    """Memory that the kernel and the compiled function share, in one block of words."""

    def __init__(self, view: View, simulation: Simulation, memory: NDArray[Any], names: int) -> None:
        kernel = simulation.compiled
        levels, number, whole = kernel.depth_levels, np.dtype("f8"), np.dtype("i8")
        rows = [(_NOW, 1), (number, 4 * levels), (_ORDER, MOST_ORDERS), (_FILL, MOST_FILLS)]
        rows += [(whole, MOST_FILLS), (_TRADE, MOST_TRADES), (_COMMAND, MOST_COMMANDS)]
        sizes = [dtype.itemsize // 8 * count for dtype, count in rows]
        words = np.zeros(sum(sizes), dtype=np.uint64)
        ends = itertools.accumulate(sizes)
        kinds = [dtype for dtype, _ in rows]
        parts = [words[e - n : e].view(kind) for kind, n, e in zip(kinds, sizes, ends, strict=True)]
        self.address, self.handle = kernel.share(words, names)
        bids, asks = parts[1].reshape(2, levels, 2)
        end_ms = view.time_ms + view.left_ms
        constants = np.array([end_ms, kernel.tick_size, kernel.lot_size])
        parameters = _record(view.given)
        self.arguments = (constants, parts[0], bids, asks, *parts[2:], parameters, memory, view.random)


def _record(values: Mapping[str, float]) -> NDArray[Any]:
    return np.array([tuple(values.values())], dtype=_row(**dict.fromkeys(values, "f8")))


@lru_cache(maxsize=64)
def _driver(step: Callable[[Any], None], address: int) -> Callable[..., int]:
    """The loop over decisions, compiled with the function that takes them."""
    try:
        from numba import njit
    except ImportError as error:
        raise SoakConfigError(
            f"a compiled strategy needs numba ({error}); install it with: pip install 'pytest-soak[numba]'"
        ) from error
    # What is compiled already, or is not to be (NUMBA_DISABLE_JIT), njit leaves as it is.
    decide = step if hasattr(step, "py_func") else njit(step)
    advance = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t)(address)

    def drive(
        handle: Any,
        piece: Any,
        constants: Any,
        rows: Any,
        bids: Any,
        asks: Any,
        orders: Any,
        fills: Any,
        rejected: Any,
        trades: Any,
        commands: Any,
        parameters: Any,
        memory: Any,
        random: Any,
    ) -> Any:
        now = rows[0]
        for _ in range(piece):
            answer = advance(handle)
            if answer != 1:
                return answer
            decide(
                CompiledView(
                    now.time_ms,
                    constants[0] - now.time_ms,
                    now.best_bid,
                    now.best_ask,
                    now.mid,
                    now.bid_size,
                    now.ask_size,
                    now.position,
                    now.in_flight,
                    now.taking,
                    constants[1],
                    constants[2],
                    bids,
                    asks,
                    orders[: now.orders],
                    fills[: now.fills],
                    rejected[: now.rejected],
                    trades[: now.trades],
                    parameters[0],
                    memory,
                    random,
                    now,
                    commands,
                )
            )
        return 1

    compiled: Callable[..., int] = njit(drive)
    return compiled
