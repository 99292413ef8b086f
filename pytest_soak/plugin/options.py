"""Command line, ini file and environment, read into one frozen settings object."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest

from pytest_soak.config.arguments import (
    contract_kind,
    contract_size,
    fill_model,
    finite,
    funding,
    gate_mode,
    iteration_count,
    market_minutes,
    name_or_path,
    path,
    position_rule,
    run_name,
    seed_range,
    series_kind,
    series_step,
    step_size,
    wall_seconds,
)
from pytest_soak.config.limits import ARTIFACTS, LATEST, OVERRIDES
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.errors import usage_error

SLEEP_VARIABLE = "SOAK_SLEEP_SECONDS"

T = TypeVar("T")


def _flatten(ranges: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(seed for seeds in ranges for seed in seeds))


def _unique(values: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


# Name in Settings, metavar, parser of one value, how repeated values join (None: not repeatable), help.
_OPTIONS: tuple[tuple[str, str, Callable[[str], Any], Callable[[Any], Any] | None, str], ...] = (
    ("iterations", "N", iteration_count, None, "Iterations per canary (default: 6)"),
    (
        "profiles",
        "NAME|PATH",
        name_or_path,
        _unique,
        "Profile: parameters, gates, guards and fees (repeatable; default: default)",
    ),
    (
        "scenarios",
        "NAME|PATH",
        name_or_path,
        _unique,
        "Scenario of the mock market (repeatable; default: calm)",
    ),
    ("seeds", "N|A..B", seed_range, _flatten, "Seed or inclusive range of seeds (repeatable; default: 1)"),
    ("overrides", "KEY=VALUE", str, tuple, "Parameter of iteration 1, above every other source (repeatable)"),
    (
        "minutes",
        "M",
        market_minutes,
        None,
        "Minutes of market time per iteration (default: 5; of a recording: its length / iterations)",
    ),
    (
        "gate",
        "hard|soft|off",
        gate_mode,
        None,
        "What a missed KPI gate does: fail the item, warn, nothing (default: the profile's mode)",
    ),
    (
        "fills",
        "MODEL",
        fill_model,
        None,
        "What fills a resting order: queue (its turn), touch (a trade at its price), through (a trade beyond "
        "it), pessimistic (its turn without cancels ahead), on recordings prob-log, prob-log2, prob-power:N, "
        "prob-power2:N or prob-power3:N (default: the profile's)",
    ),
    (
        "position",
        "carry|flat",
        position_rule,
        None,
        "What an iteration begins with: position and resting orders of the one before, nothing "
        "(default: carry)",
    ),
    (
        "iteration_timeout",
        "SECONDS",
        wall_seconds,
        None,
        "Wall-clock limit of one iteration: a strategy that exceeds it is interrupted; where no exception "
        "reaches it, as in compiled code, its process ends a tenth of the limit later, 1 s at least "
        "(default: none)",
    ),
    (
        "series",
        "off|summary|full",
        series_kind,
        None,
        "Path of each iteration in a file: none, every tenth step, every step (default: summary)",
    ),
    (
        "series_step",
        "SECONDS",
        series_step,
        None,
        "Market time of a step of the series (default: 1)",
    ),
    ("artifacts", "DIR", path, None, f"Folder of runs and artifacts (default: {ARTIFACTS})"),
    (
        "replay",
        "FILE",
        path,
        _unique,
        "Recorded market data instead of the mock market: a file, a glob, or several files with commas "
        "between (repeatable: a canary each)",
    ),
    (
        "tick_size",
        "SIZE",
        step_size,
        None,
        "Price step of the recordings, in quote currency (default: what all prices are multiples of)",
    ),
    (
        "lot_size",
        "SIZE",
        step_size,
        None,
        "Quantity step of the recordings, in base currency (default: what all quantities are multiples of)",
    ),
    (
        "contract",
        "linear|inverse",
        contract_kind,
        None,
        "What a contract settles in: quote currency, or base currency, the coin (default: the scenario's or "
        "the file's, linear)",
    ),
    (
        "contract_size",
        "SIZE",
        contract_size,
        None,
        "What one contract is: so much base currency, quote currency where it is inverse (default: 1 of a "
        "linear one)",
    ),
    (
        "funding",
        "RATE/INTERVAL",
        funding,
        None,
        "Share of their notional that longs pay to shorts at each multiple of the interval, as 0.0001/8h "
        "(default: the scenario's, none)",
    ),
)
_PATH_OPTIONS = ("--soak-replay", "--soak-artifacts", "--soak-profile", "--soak-scenario")
_FLAGS = {"profiles": "profile", "scenarios": "scenario", "seeds": "seed", "overrides": "override"}


def _flag(name: str) -> str:
    return _FLAGS.get(name, name)


def add_options(parser: pytest.Parser) -> None:
    """Register the ``--soak-*`` options as one group, and each as an ini option ``soak_*``."""
    group = parser.getgroup("soak", "soak: market-making strategies, iteration after iteration")
    for name, metavar, parse, join, text in _OPTIONS:
        option = f"--soak-{_flag(name)}".replace("_", "-")
        group.addoption(
            option,
            dest=f"soak_{name}",
            metavar=metavar,
            type=parse,
            action="append" if join else "store",
            default=None,
            help=text,
        )
        kind: Literal["args", "string"] = "args" if join else "string"
        parser.addini(f"soak_{_flag(name)}", f"{text}; see {option}", type=kind, default=None)
    group.addoption(
        "--soak-resume",
        dest="soak_resume",
        metavar="RUN",
        type=run_name,
        nargs="?",
        const=LATEST,
        default=None,
        help="Resume a run that ended early: its folder name (default: the newest)",
    )
    group.addoption(
        "--soak-extend",
        dest="soak_extend",
        metavar="N",
        type=iteration_count,
        default=None,
        help="Add N iterations to every canary of the run that --soak-resume goes on with",
    )
    group.addoption(
        "--soak-no-tune",
        dest="soak_no_tune",
        action="store_true",
        default=None,
        help="Keep the parameters of iteration 1 for the whole run",
    )
    parser.addini("soak_resume", "Go on with this run; see --soak-resume", type="string", default=None)
    parser.addini("soak_no_tune", "Keep the parameters; see --soak-no-tune", type="bool", default=None)


def read_settings(config: pytest.Config) -> Settings:
    """Merge command line, ini and environment into settings: the command line wins, then the ini file.

    Raises:
        pytest.UsageError: where an ini value or an environment variable is not acceptable.
    """
    values: dict[str, Any] = {}
    given: list[str] = []
    for name, _, parse, join, _ in _OPTIONS:
        value = config.getoption(f"soak_{name}", None)
        if value is not None:
            given.append(name)
        else:
            value = _from_ini(config, name, parse, repeatable=join is not None)
        if value is not None:
            values[name] = join(value) if join else value
    values |= _switches(config, given)
    here = config.invocation_params.dir
    _refuse_taken_paths(config, here)
    home = here if "artifacts" in given else config.rootpath
    values["artifacts"] = home / values.get("artifacts", Settings().artifacts)
    if values.get("replay") is not None:
        values["replay"] = tuple(_absolute(here, recording) for recording in values["replay"])
    values["sleep_seconds"] = _sleep_seconds(os.environ.get(SLEEP_VARIABLE))
    values["environment"] = os.environ.get(OVERRIDES)
    return Settings(**values, given=tuple(given), selects=bool(given) and _on_command_line(config))


def _on_command_line(config: pytest.Config) -> bool:
    """Whether a soak option is on the command line itself, not in ``addopts`` or PYTEST_ADDOPTS.

    What a project sets for every session must not leave out its ordinary tests in every session.
    """
    words = [str(word) for word in config.invocation_params.args]
    for word in words:
        if word.startswith("@"):  # A file of arguments, one a line.
            words.extend(Path(word[1:]).read_text(encoding="utf-8").splitlines())
    return any(word.startswith("--soak-") for word in words)


def _refuse_taken_paths(config: pytest.Config, here: Path) -> None:
    """Refuse a path outside of the working directory that follows its option as a word of its own.

    pytest looks for its configuration before plugins are loaded; such a word counts as a test path then,
    so the project's configuration would be ignored without a word.
    """
    words = [str(word) for word in config.invocation_params.args]
    if any(word.startswith(("--rootdir", "-c", "--config-file")) for word in words):
        return
    for option, value in pairwise(words):
        if option in _PATH_OPTIONS and (here / value).exists() and not (here / value).is_relative_to(here):
            raise usage_error(
                f"{option} {value}: write {option}={value}; as a word of its own, pytest takes the path for "
                "a test path and looks for its configuration there"
            )


def _absolute(here: Path, recording: Path) -> Path:
    """A recording's path below a folder; each of its files, where there are several.

    What cannot be looked at is one path: its reader says why.
    """
    from pytest_soak.config.paths import Kind, kind_of
    from pytest_soak.domain.errors import SoakConfigError

    try:
        several = kind_of(here / recording) is Kind.MISSING
    except SoakConfigError:
        several = False
    if not several:
        return here / recording
    return Path(",".join(str(here / name) for name in str(recording).split(",")))


def _switches(config: pytest.Config, given: list[str]) -> dict[str, Any]:
    resume = config.getoption("soak_resume", None)
    if resume is not None:
        given.append("resume")
    resume = resume or _from_ini(config, "resume", run_name, repeatable=False)
    no_tune = config.getoption("soak_no_tune", None)
    if no_tune is not None:
        given.append("tune")
    return {
        "extend": _extend(config, given, resumes=bool(resume)),
        "resume": resume,
        "tune": not (_ini(config, "soak_no_tune") if no_tune is None else no_tune),
    }


def _extend(config: pytest.Config, given: list[str], *, resumes: bool) -> int | None:
    """Iterations that this session adds to a run; a worker finds what its controller has added."""
    extend: int | None = config.getoption("soak_extend", None)
    if extend is not None:
        given.append("extend")
    if extend is not None and not resumes:
        raise usage_error(
            f"--soak-extend {extend}: it adds iterations to a run; name the run with --soak-resume, or ask "
            "for a new one with --soak-iterations"
        )
    return None if hasattr(config, "workerinput") else extend


def _from_ini(config: pytest.Config, name: str, parse: Callable[[str], T], *, repeatable: bool) -> Any:
    key = f"soak_{_flag(name)}"
    if not repeatable:
        return ini_value(config, key, parse)
    return [_parsed(key, str(text), parse) for text in _ini(config, key) or ()] or None


def _parsed(key: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except argparse.ArgumentTypeError as error:
        raise usage_error(f"ini option {key}: {error}") from None


def ini_value(config: pytest.Config, key: str, parse: Callable[[str], T]) -> T | None:
    """The value of an ini option that takes one, parsed as the option of the command line is; None of none.

    Raises:
        pytest.UsageError: there are several values, or the one is not acceptable.
    """
    text = ini_text(config, key)
    return None if text is None else _parsed(key, text, parse)


def _ini(config: pytest.Config, key: str) -> Any:
    """The value of an ini option, None where there is none; TOML can hold any kind of value there."""
    try:
        with warnings.catch_warnings():
            # pytest warns where a list stands for a text, and gives the list; here it is looked at.
            warnings.simplefilter("ignore", pytest.PytestDeprecationWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return config.getini(key)
    except (TypeError, ValueError, AssertionError, pytest.UsageError) as error:
        raise usage_error(f"ini option {key}: {error}") from None


def ini_text(config: pytest.Config, key: str) -> str | None:
    """The text of an ini option that takes one; None where there is none.

    Raises:
        pytest.UsageError: there are several values.
    """
    value = _ini(config, key)
    if isinstance(value, list) and len(value) > 1:
        raise usage_error(f"ini option {key}: {value!a} is not one value; accepted is a single text")
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None or value == "" else str(value)


def _sleep_seconds(text: str | None) -> float:
    if not text:
        return 0.0
    seconds = finite(text)
    if seconds is None or seconds < 0.0:
        raise usage_error(f"{SLEEP_VARIABLE} = {text!r} is not a number of seconds of at least 0")
    return seconds
