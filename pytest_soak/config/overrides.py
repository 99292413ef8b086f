"""Parameter values of iteration 1: five sources, merged key by key, each value with its origin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak.config.limits import OVERRIDES
from pytest_soak.config.loader import did_you_mean, parse_json, read_bytes
from pytest_soak.config.paths import Kind, kind_of
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable, problem_with
from pytest_soak.domain.text import show

if TYPE_CHECKING:
    from pytest_soak.config.profiles import LoadedProfile

OPTION = "--soak-override"
EXPORT_VERSION = 1
MAX_OVERRIDES_BYTES = 64 * 1024

_EXPORT_KEYS = frozenset({"schema_version", "parameters", "sha256"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A value that a source gave and that a stronger source, ``by``, replaced."""

    parameter: str
    value: float
    source: str
    by: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Values of all parameters, the source of each, and what was shadowed on the way."""

    values: dict[str, float]
    sources: dict[str, str]
    shadowed: tuple[Shadowed, ...]


def resolve(
    cli: Sequence[str],
    profile: LoadedProfile | None,
    env: str | None,
    file: Path | None,
    table: ParameterTable = PARAMETERS,
) -> Resolved:
    """Merge the sources of parameter values, key by key; the first of them that has a key wins.

    The order is ``--soak-override`` (``cli``, texts ``KEY=VALUE``), ``profile``, the variable
    ``MM_RUNTIME_OVERRIDES_JSON`` (``env``; empty counts as unset), ``file`` (skipped if absent),
    the defaults of the ``table``. Every source is checked completely, even if nothing of it is used.

    Raises:
        SoakConfigError: a source is not acceptable; the text names it.
    """
    layers: list[tuple[str, Mapping[str, float]]] = [(OPTION, _from_options(cli, table))]
    if profile is not None:
        layers.append((f"profile {profile.profile.name}", profile.profile.parameters))
    if env is not None and env.strip():
        content = parse_json(env, OVERRIDES, MAX_OVERRIDES_BYTES)
        layers.append((OVERRIDES, _checked(content, OVERRIDES, table)))
    current = None if file is None else read_current(file, table)
    if current is not None:
        layers.append((str(file), current))
    return _merge(layers, table)


def read_current(path: Path, table: ParameterTable = PARAMETERS) -> dict[str, float] | None:
    """Read an overrides file: a plain object of parameters, or an export, whose hash must match.

    Returns None where there is no such file.

    Raises:
        SoakConfigError: the file is not acceptable, or an export that was changed since it was written.
    """
    if kind_of(path) is Kind.MISSING and not path.is_symlink():
        return None
    where = str(path)
    content = parse_json(read_bytes(path, MAX_OVERRIDES_BYTES), where, MAX_OVERRIDES_BYTES)
    if isinstance(content, dict) and _EXPORT_KEYS & content.keys():
        return _from_export(content, where, table)
    return _checked(content, where, table)


def _merge(layers: Iterable[tuple[str, Mapping[str, float]]], table: ParameterTable) -> Resolved:
    values: dict[str, float] = {}
    sources: dict[str, str] = {}
    shadowed: list[Shadowed] = []
    stack = list(layers)
    for name in table:
        having = [(source, float(given[name])) for source, given in stack if name in given]
        winner, value = having[0] if having else ("default", table[name].default)
        values[name], sources[name] = value, winner
        shadowed += [Shadowed(name, other, source, winner) for source, other in having[1:]]
    return Resolved(values, sources, tuple(shadowed))


def _from_options(texts: Sequence[str], table: ParameterTable) -> dict[str, float]:
    given: dict[str, float] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise SoakConfigError(f"{OPTION} {show(text)}: not KEY=VALUE; accepted is e.g. tail_age_ms=620")
        if key in given:
            raise SoakConfigError(f"{OPTION} {show(text)}: {key} is given twice; accepted is each key once")
        if not _NUMBER.fullmatch(value):
            _refuse_unknown(key, OPTION, table)
            raise SoakConfigError(f"{OPTION} {show(text)}: {show(value)} is not {table[key].accepted()}")
        given.update(_checked({key: float(value)}, OPTION, table))
    return given


def _from_export(content: Mapping[str, Any], where: str, table: ParameterTable) -> dict[str, float]:
    if content.keys() != _EXPORT_KEYS:
        keys, given = ", ".join(sorted(_EXPORT_KEYS)), ", ".join(sorted(content))
        raise SoakConfigError(
            f"{where}: keys {show(given)} are neither an export ({keys}) nor parameters alone"
        )
    version = content["schema_version"]
    if isinstance(version, bool) or version != EXPORT_VERSION:
        raise SoakConfigError(
            f"{where}: schema_version = {show(version)} is refused; accepted is {EXPORT_VERSION}"
        )
    parameters = _checked(content["parameters"], f"{where}: parameters", table)
    if content["sha256"] != parameters_hash(parameters):
        raise SoakConfigError(
            f"{where}: the file was changed since it was exported (sha256 does not match its parameters); "
            'to set values on purpose, write the parameters alone, e.g. {"tail_age_ms": 620}'
        )
    return parameters


def _checked(content: object, where: str, table: ParameterTable) -> dict[str, float]:
    if not isinstance(content, dict):
        raise SoakConfigError(
            f'{where}: {show(content)} is not an object of parameter: number, e.g. {{"tail_age_ms": 620}}'
        )
    for name, value in content.items():
        _refuse_unknown(name, where, table)
        problem = problem_with(name, value, table)
        if problem is not None:
            raise SoakConfigError(f"{where}: {problem}")
    return {name: float(value) for name, value in content.items()}


def _refuse_unknown(name: str, where: str, table: ParameterTable) -> None:
    if name not in table:
        known = ", ".join(table)
        hint = did_you_mean(name, list(table))
        raise SoakConfigError(f"{where}: unknown parameter {show(name)}; known are {known}{hint}")
