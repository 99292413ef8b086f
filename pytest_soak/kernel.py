"""The compiled kernel, loaded on first use: JSON in, JSON out, every failure one clear error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from pytest_soak.domain.errors import SoakConfigError, SoakError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from pytest_soak import _kernel

SEEDS = 1 << 64
"""Seeds of a market: a seed is an unsigned word of the kernel."""

_NOT_BUILT = (
    "the compiled kernel pytest_soak._kernel cannot be loaded ({error}); "
    "in a source tree build it with: maturin develop --release"
)


_T = TypeVar("_T")


class _Kernel(Protocol):
    __file__: str
    __version__: str
    Market: type[_kernel.Market]

    def replay(
        self,
        spec: str,
        events: Buffer,
        series: dict[str, bytes] | None = None,
        between: Callable[[], None] | None = None,
    ) -> bytes: ...

    def open_replay(
        self, spec: str, events: Buffer, between: Callable[[], None] | None = None
    ) -> _kernel.Simulation: ...

    def convert_data(self, files: list[Path], output: Path | None = None, most_bytes: int = ...) -> str: ...

    def check_inflation(self, packed: int, unpacked: int) -> None: ...

    def data_format(self, path: Path) -> str | None: ...

    def data_formats(self) -> list[str]: ...

    def observe_rows(
        self,
        events: Buffer,
        tick_size: float,
        lot_size: float,
        depth_levels: int,
        between: Callable[[], None] | None = None,
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
    """Bring the mock market to the start of an iteration that stops at every decision.

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


def replay(
    spec: Mapping[str, object],
    events: Buffer,
    series: dict[str, bytes] | None = None,
    between: Callable[[], None] | None = None,
) -> bytes:
    """Run the reference maker over recorded 64-byte rows of hftbacktest; the report as JSON.

    The buffer is not copied. ``series`` as in :func:`simulate`; ``between`` is called after each piece of
    the work, some 50,000 rows, so that memory of rows that were read can be given back.

    Raises:
        SoakConfigError: where the kernel refuses the spec or the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("replay") as kernel:
        return kernel.replay(_encoded(spec), events, series, between)


def open_replay(
    spec: Mapping[str, object], events: Buffer, between: Callable[[], None] | None = None
) -> _kernel.Simulation:
    """Bring recorded rows to the start of an iteration that stops at decisions; the buffer is not copied.

    ``between`` as in :func:`replay`.

    Raises:
        SoakConfigError: where the kernel refuses the spec or the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("replay") as kernel:
        return kernel.open_replay(_encoded(spec), events, between)


def observe_rows(
    events: Buffer,
    tick_size: float,
    lot_size: float,
    depth_levels: int,
    between: Callable[[], None] | None = None,
) -> dict[str, bytes]:
    """Write down recorded 64-byte rows of hftbacktest as columns of bytes; the buffer is not copied.

    ``between`` as in :func:`replay`.

    Raises:
        SoakConfigError: where the kernel refuses the rows.
        SoakError: where the kernel is not built.
    """
    with _asked("read the recording") as kernel:
        return kernel.observe_rows(events, tick_size, lot_size, depth_levels, between)


def convert_data(files: Sequence[Path], output: Path, most_bytes: int) -> str:
    """Turn the files of a recording into recorded rows, in a ``.npy`` file; what was found, as JSON.

    Raises:
        SoakConfigError: naming the file, the row and what was expected of it; or that its rows take more than
            ``most_bytes``.
    """
    return _answered(lambda: _load().convert_data(list(files), output, most_bytes))


def check_inflation(packed: int, unpacked: int) -> None:
    """Refuse what unpacks to far more than the packed bytes that it has.

    Raises:
        SoakConfigError: naming both, and what is accepted.
    """
    _answered(lambda: _load().check_inflation(packed, unpacked))


def data_format(file: Path) -> str | None:
    """Name of the format of recorded data that a file is of; None where the kernel does not know it.

    Raises:
        SoakConfigError: where the file cannot be read.
    """
    return _answered(lambda: _load().data_format(file))


def data_formats() -> tuple[str, ...]:
    """Names of the formats of recorded data that the kernel reads."""
    return tuple(_load().data_formats())


def kernel_build() -> str:
    """Which build of the kernel is loaded: what it converted is not mixed up with another's."""
    kernel = _load()
    about = Path(str(kernel.__file__)).stat()
    return f"{kernel.__version__}, {about.st_size} bytes of {about.st_mtime_ns}"


def _answered(ask: Callable[[], _T]) -> _T:
    """What the kernel says; its sentence about a file is the error as it stands."""
    try:
        return ask()
    except ValueError as error:
        raise SoakConfigError(str(error)) from error


def _encoded(spec: Mapping[str, object]) -> str:
    return json.dumps(spec, allow_nan=False)
