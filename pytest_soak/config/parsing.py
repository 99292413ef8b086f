"""Strict parsing of JSON and TOML from outside, and one-sentence errors for invalid input.

Nothing here reads a file: texts come in, checked values or a ``SoakConfigError`` go out. ``where`` is
what an error names as the origin of the text: a file, an environment variable.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import show

if TYPE_CHECKING:
    from pydantic import BaseModel

    ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_BYTES = 16 * 1024 * 1024
MAX_TOML_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 20
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Possessive and with an optional end, so that a text of quotes costs linear time.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_TOML_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""(?:""?)?)?'
    r"|'''(?:[^']|'(?!''))*+(?:'''(?:''?)?)?"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+|[\[\]{}.=,\n]",
    re.DOTALL,
)


class _Refused:
    """Stands for a number that was refused while parsing, until its place in the text is known."""

    def __init__(self, text: str, accepted: str) -> None:
        self.text = text
        self.accepted = accepted


class _Pairs(tuple[Any, ...]):
    """The members of a JSON object as they were written, duplicates included."""


def decode(data: bytes | str, where: str, max_bytes: int = MAX_BYTES) -> str:
    """Decode UTF-8 with or without a byte order mark.

    Raises:
        SoakConfigError: too large, or not UTF-8.
    """
    try:
        raw = data.encode("utf-8") if isinstance(data, str) else data
        if len(raw) > max_bytes:
            raise SoakConfigError(f"{where}: {len(raw)} bytes are too many; accepted are at most {max_bytes}")
        if raw.startswith(_UTF16_MARKS):
            raise SoakConfigError(f"{where}: the text is UTF-16; accepted is UTF-8")
        return raw.decode("utf-8-sig")
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise SoakConfigError(f"{where}: not valid UTF-8 at byte {at}; accepted is UTF-8") from None


def parse_json(data: bytes | str, where: str, max_bytes: int = MAX_BYTES) -> Any:
    """Parse JSON, refusing input that a lenient parser accepts.

    Refused are NaN and infinities (also 1e999), duplicate keys, integers outside 64 bits, nesting deeper
    than ``MAX_DEPTH``, lone surrogates and texts larger than ``max_bytes``.

    Raises:
        SoakConfigError: one sentence with origin, place in the document, value and what is accepted.
    """
    text = decode(data, where, max_bytes)
    _refuse_deep_json(text, where)
    try:
        parsed = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=lambda name: _Refused(name, "a finite number"),
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise SoakConfigError(
            f"{where}: invalid JSON at line {error.lineno}, column {error.colno}: {_lower(error.msg)}"
        ) from None
    return _checked(parsed, where, "$")


def parse_toml(data: bytes | str, where: str, max_bytes: int = MAX_TOML_BYTES) -> dict[str, Any]:
    """Parse TOML with the limits of ``parse_json``; dates and times are refused too.

    Raises:
        SoakConfigError: one sentence with origin, place in the document, value and what is accepted.
    """
    text = decode(data, where, max_bytes).replace("\r\n", "\n")
    _refuse_deep_toml(text, where)
    try:
        parsed = tomllib.loads(text, parse_float=_float)
    except ValueError as error:
        raise SoakConfigError(f"{where}: invalid TOML: {show_text(_lower(str(error)))}") from None
    checked: dict[str, Any] = _checked(parsed, where, "")
    return checked


def show_text(text: str) -> str:
    """A library's message in ASCII."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


def validate(model: type[ModelT], data: object, where: str) -> ModelT:
    """Check parsed data against a model.

    Raises:
        SoakConfigError: one sentence with origin, key, value and what is accepted.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        missing = [_key(problem) for problem in problems if problem["type"] == "missing"]
        if len(missing) > 1:
            raise SoakConfigError(f"{where}: keys {', '.join(missing)} are missing") from None
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SoakConfigError(f"{where}: {_problem(model, problems[0])}{more}") from None


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint at the closest known name, ready to be appended; empty where none is close."""
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), [k.lower() for k in known], n=1)
    match = next((k for k in known if close and k.lower() == close[0]), None)
    return "" if match is None else f"; did you mean {match!r}?"


def _key(problem: Mapping[str, Any]) -> str:
    return show_text(".".join(str(part) for part in problem["loc"]))


def _problem(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    loc, kind, value = problem["loc"], problem["type"], problem["input"]
    key = _key(problem)
    if kind == "missing":
        return f"key {key} is missing"
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        hint = did_you_mean(str(loc[-1]), known)
        return f"unknown key {key}; accepted are {', '.join(known)}{hint}"
    accepted = problem["msg"].removeprefix("Value error, ")
    for prefix in ("Input should be ", "String should ", "Input should "):
        accepted = accepted.removeprefix(prefix)
    if kind == "string_pattern_mismatch":
        accepted = f"text that matches {problem['ctx']['pattern']}"
    return f"{key or 'the content'} = {show(value)} is refused; accepted is {show_text(accepted)}"


def _keys_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Fields of the model at a place; a key of a mapping or an index of a list leads into its values."""
    from typing import get_args

    from pydantic import BaseModel

    current: Any = model
    for part in loc:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[part].annotation
        if not isinstance(current, type):
            current = next((a for a in get_args(current) if isinstance(a, type) and a is not str), None)
    is_model = isinstance(current, type) and issubclass(current, BaseModel)
    return list(current.model_fields) if is_model else []


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _float(text: str) -> float | _Refused:
    number = float(text)
    return number if math.isfinite(number) else _Refused(text, "a finite number")


def _int(text: str) -> int | _Refused:
    accepted = "an integer of at most 64 bits"
    if len(text) > MAX_INTEGER_DIGITS:
        return _Refused(text, accepted)
    number = int(text)
    return number if MIN_INTEGER <= number <= MAX_INTEGER else _Refused(text, accepted)


def _refuse_deep_json(text: str, where: str) -> None:
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            _refuse_depth(depth, where)
        elif mark in "]}":
            depth -= 1


def _refuse_deep_toml(text: str, where: str) -> None:
    depth = dots = 0
    for match in _TOML_TOKEN.finditer(text):
        mark = match.group()
        if mark == ".":
            dots += 1
        elif mark in "[{":
            depth, dots = depth + 1, 0
        elif mark in "]}":
            depth, dots = max(0, depth - 1), 0
        elif mark in "=,\n":
            dots = 0
        _refuse_depth(depth + dots, where)


def _refuse_depth(depth: int, where: str) -> None:
    if depth > MAX_DEPTH:
        raise SoakConfigError(f"{where}: nested too deeply; accepted are at most {MAX_DEPTH} levels")


def _checked(value: Any, where: str, path: str) -> Any:
    """The value as plain dicts and lists; recursion is bounded, as depth was checked before parsing."""
    if isinstance(value, _Pairs | dict):
        items = value if isinstance(value, _Pairs) else value.items()
        return dict(_members(items, where, path))
    if isinstance(value, list):
        return [_checked(item, where, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, str):
        _refuse_surrogates(value, where, path)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = value if MIN_INTEGER <= value <= MAX_INTEGER else _Refused(hex(value), "a 64 bit integer")
    elif value is not None and not isinstance(value, bool | float | _Refused):
        value = _Refused(str(value), "text, a number, true or false, a list or a table")
    if isinstance(value, _Refused):
        shown = show_text(value.text if len(value.text) <= 60 else f"{value.text[:57]}...")
        raise SoakConfigError(f"{where}: {path} = {shown} is refused; accepted is {value.accepted}")
    return value


def _members(items: Any, where: str, path: str) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, item in items:
        _refuse_surrogates(key, where, path or "$")
        inner = f"{path}.{show_text(key)}" if path else show_text(key)
        if key in seen:
            raise SoakConfigError(f"{where}: {inner} is there twice; accepted is each key once")
        seen.add(key)
        yield key, _checked(item, where, inner)


def _refuse_surrogates(text: str, where: str, path: str) -> None:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise SoakConfigError(f"{where}: {path} = {show(text)} is refused; accepted is valid Unicode")
