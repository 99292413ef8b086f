"""Code profiles of iterations: the options that ask for them, and where they lie at the end."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.config.arguments import PROFILERS, chosen_iterations, profiler
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.options import ini_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_soak.engine.settings import Settings

SLOWEST = "slowest"
_SHOWN = 4
_CODE = "Profile the code of iterations, into profile_iter_<n>.prof for pstats (default: cprofile)"
_ITERATIONS = (
    "Iterations that --soak-profile-code profiles: numbers and ranges with commas between, or slowest "
    "(default: slowest)"
)


def add_options(parser: pytest.Parser) -> None:
    """Register both options, each as an ini option too."""
    group = parser.getgroup("soak")
    group.addoption(
        "--soak-profile-code",
        dest="soak_profile_code",
        metavar="|".join(PROFILERS),
        type=profiler,
        nargs="?",
        const=PROFILERS[0],
        default=None,
        help=_CODE,
    )
    group.addoption(
        "--soak-profile-iterations",
        dest="soak_profile_iterations",
        metavar="N,A..B|slowest",
        type=chosen_iterations,
        default=None,
        help=_ITERATIONS,
    )
    parser.addini("soak_profile_code", f"{_CODE}; see --soak-profile-code", type="string", default=None)
    parser.addini(
        "soak_profile_iterations",
        f"{_ITERATIONS}; see --soak-profile-iterations",
        type="string",
        default=None,
    )


def read(config: pytest.Config) -> dict[str, Any]:
    """What the options say, as values of the settings.

    Raises:
        pytest.UsageError: a value is not acceptable, or the profiler is not installed.
    """
    kind: str | None = _value(config, "soak_profile_code", profiler)
    iterations: tuple[int, ...] | None = _value(config, "soak_profile_iterations", chosen_iterations)
    if kind is None and config.getoption("soak_profile_iterations", None) is not None:
        raise usage_error(
            "--soak-profile-iterations: it says which iterations are profiled; ask for profiles with "
            "--soak-profile-code"
        )
    if kind is not None and kind != PROFILERS[0] and importlib.util.find_spec(kind) is None:
        raise usage_error(
            f'--soak-profile-code={kind}: {kind} is not installed; pip install "pytest-soak[profile]", or '
            f"use --soak-profile-code={PROFILERS[0]}"
        )
    return {"profile_code": kind, "profile_iterations": iterations or ()}


def _value(config: pytest.Config, name: str, parse: Callable[[str], Any]) -> Any:
    value = config.getoption(name, None)
    return ini_value(config, name, parse) if value is None else value


class SoakProfiles:
    """Says at the end which profiles there are; lives in the controller only."""

    def __init__(self, settings: Settings, run_folder: Callable[[], Path]) -> None:
        self._settings = settings
        self._run_folder = run_folder

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A line per profile, of many canaries of the first ones."""
        from pytest_soak.domain.text import printable
        from pytest_soak.plugin.closing import short

        found: list[Path] = []
        with contextlib.suppress(OSError):
            found = sorted(self._run_folder().glob("*/profile_iter_*.prof"))
        if not found:
            return
        terminalreporter.section(f"code profiles by {self._settings.profile_code}")
        for path in found[:_SHOWN]:
            terminalreporter.write_line(printable(f"python -m pstats {short(path)}"))
        if len(found) > _SHOWN:
            terminalreporter.write_line(f"and {len(found) - _SHOWN} more")
