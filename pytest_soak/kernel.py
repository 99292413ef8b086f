"""The compiled kernel, loaded on first use: JSON in, JSON out, every failure one clear error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from pytest_soak.domain.errors import SoakConfigError, SoakError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from pytest_soak import _kernel

_NOT_BUILT = (
    "the compiled kernel pytest_soak._kernel cannot be loaded ({error}); "
    "in a source tree build it with: maturin develop --release"
)


class _Kernel(Protocol):
    __version__: str
    Market: type[_kernel.Market]

    def replay(self, spec: str, events: Buffer, series: dict[str, bytes] | None = None) -> bytes: ...

    def open_replay(self, spec: str, events: Buffer) -> _kernel.Simulation: ...

    def observe_rows(
        self, events: Buffer, tick_size: float, lot_size: float, depth_levels: int
    ) -> dict[str, bytes]: ...


def _load() -> _Kernel:
    try:
        from pytest_soak import _kernel
    except ImportError as error:
        raise SoakError(_NOT_BUILT.format(error=error)) from error
    return cast(_Kernel, _kernel)


@contextmanager
def _asked(to_do: str) -> Iterator[_Kernel]:
    kernel = _load()
    with _refused_to(to_do):
        yield kernel


@contextmanager
def _refused_to(to_do: str) -> Iterator[None]:
    """What the kernel refuses is the caller's mistake."""
    try:
        yield
    except ValueError as error:
        raise SoakConfigError(f"the kernel refuses to {to_do}: {error}") from error


def kernel_version() -> str:
    """Version of the compiled kernel.

    Raises:
        SoakError: where it is not built.
    """
    return _load().__version__


def open_market(scenario: Mapping[str, object], seed: int) -> _kernel.Market:
    """Make the mock market of a scenario and a seed.

    Raises:
        SoakConfigError: where the kernel refuses the scenario or the seed.
        SoakError: where the kernel is not built.
    """
    with _asked("simulate") as kernel:
        return kernel.Market(_encoded(scenario), seed)


def simulate(
    market: _kernel.Market, spec: Mapping[str, object], series: dict[str, bytes] | None = None
) -> bytes:
    """Run one iteration of the mock market with the reference maker; the report as JSON.

    ``series`` gets the columns of the path where the spec has a ``series_step_ms``.

    Raises:
        SoakConfigError: where the kernel refuses the spec.
    """
    with _refused_to("simulate"):
        return market.simulate(_encoded(spec), series)


def open_simulation(market: _kernel.Market, spec: Mapping[str, object]) -> _kernel.Simulation:
    """Bring the mock market to the begin of an iteration that stops at every decision.

    Raises:
        SoakConfigError: where the kernel refuses the spec.
    """
    with _refused_to("simulate"):
        return market.open(_encoded(spec))


def observe(market: _kernel.Market, spec: Mapping[str, object]) -> dict[str, Any]:
    """Run a mock market without a maker: its label ``names``, ``events`` and ``columns`` of bytes.

    Raises:
        SoakConfigError: where the kernel refuses the spec.
    """
    with _refused_to("simulate"):
        return market.observe(_encoded(spec))


def replay(spec: Mapping[str, object], events: Buffer, series: dict[str, bytes] | None = None) -> bytes:
    """Run the reference maker over recorded 64-byte rows of hftbacktest; the report as JSON.

    The buffer is not copied. ``series`` as in :func:`simulate`.

    Raises:
        SoakConfigError: where the kernel refuses the spec or the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("replay") as kernel:
        return kernel.replay(_encoded(spec), events, series)


def open_replay(spec: Mapping[str, object], events: Buffer) -> _kernel.Simulation:
    """Bring recorded rows to the begin of an iteration that stops at decisions; the buffer is not copied.

    Raises:
        SoakConfigError: where the kernel refuses the spec or the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("replay") as kernel:
        return kernel.open_replay(_encoded(spec), events)


def observe_rows(events: Buffer, tick_size: float, lot_size: float, depth_levels: int) -> dict[str, bytes]:
    """Write down recorded 64-byte rows of hftbacktest as columns of bytes; the buffer is not copied.

    Raises:
        SoakConfigError: where the kernel refuses the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("read the recording") as kernel:
        return kernel.observe_rows(events, tick_size, lot_size, depth_levels)


def _encoded(spec: Mapping[str, object]) -> str:
    return json.dumps(spec, allow_nan=False)
