from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soak.config.loader import MAX_BYTES, read_bytes, read_json, read_toml, validate
from pytest_soak.config.names import check_name, problem_with_name
from pytest_soak.config.parsing import MAX_DEPTH, did_you_mean, parse_json, parse_toml
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.settings import Profile

NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_sound_json_comes_back_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps(value), "x") == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode("utf-8"), "x") == value


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200), st.text("[]{}\"'\\,:.=0e\n", max_size=80)))
def test_no_text_raises_anything_but_the_one_error(data: bytes | str) -> None:
    for parse in (parse_json, parse_toml):
        said = "x: "
        try:
            parse(data, "x")
        except SoakConfigError as error:
            said = str(error)
        assert said.startswith("x: ")
        assert said.isascii()
        assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "place", "accepted"),
    [
        ('{"a": NaN}', "$.a = NaN", "a finite number"),
        ('{"a": [1, -Infinity]}', "$.a[1] = -Infinity", "a finite number"),
        ('{"a": {"b": 1e999}}', "$.a.b = 1e999", "a finite number"),
        ('{"a": -1e999}', "$.a = -1e999", "a finite number"),
        ('{"a": {"b": 1, "c": 2, "b": 1}}', "$.a.b is there twice", "each key once"),
        ('{"a": 18446744073709551616}', "$.a = 18446744073709551616", "64 bits"),
        ("1" * 5000, "$ = 1111", "64 bits"),
        ('{"a": "\\ud800"}', "$.a", "valid Unicode"),
        ('{"\\udfff": 1}', "$", "valid Unicode"),
    ],
)
def test_json_that_lenient_readers_accept_is_refused(text: str, place: str, accepted: str) -> None:
    with pytest.raises(SoakConfigError) as caught:
        parse_json(text, "file.json")
    assert str(caught.value).startswith(f"file.json: {place}")
    assert accepted in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", '{"a" 1}', "nul", '"abc', "[1] 2", "// no\n1"])
def test_broken_json_names_line_and_column(text: str) -> None:
    with pytest.raises(SoakConfigError, match=r"file\.json: invalid JSON at line \d+, column \d+"):
        parse_json(text, "file.json")


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100_000])
@pytest.mark.parametrize(
    "text", ["[", '{"a":', "[{", '"\\"" [', '{"\\\\":'], ids=["list", "object", "mixed", "quoted", "escaped"]
)
def test_deep_json_is_refused_before_it_is_parsed(text: str, levels: int) -> None:
    with pytest.raises(SoakConfigError, match="nested too deeply"):
        parse_json(text * levels, "x")


def test_brackets_in_texts_are_not_nesting() -> None:
    value = ["[" * 1000, '\\"' + "{" * 1000, {"[" * 100: 1}]
    assert parse_json(json.dumps(value), "x") == value


def test_the_deepest_accepted_json_parses() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(text, "x") == json.loads(text)


def test_a_hostile_text_takes_linear_time() -> None:
    started = time.perf_counter()
    for text in ('"' * 200_001, '"\\' * 100_000, '\\"' * 100_000, "'" * 200_001, '"""' * 60_001):
        for parse in (parse_json, parse_toml):
            with pytest.raises(SoakConfigError):
                parse(text, "x")
    assert time.perf_counter() - started < 5.0


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_matter(mark: bytes, tmp_path: Path) -> None:
    for name, content in (("a.json", b'{"a": 1}'), ("a.toml", b"a = 1\r\n")):
        (tmp_path / name).write_bytes(mark + content)
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert read_toml(tmp_path / "a.toml") == {"a": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b'{"a": "\xff"}', "not valid UTF-8 at byte 7"),
        (b'"\xed\xa0\x80"', "not valid UTF-8 at byte 1"),
        ("\udcff", "not valid UTF-8"),
    ],
)
def test_other_encodings_are_named(data: bytes | str, reason: str) -> None:
    for parse in (parse_json, parse_toml):
        with pytest.raises(SoakConfigError, match=reason):
            parse(data, "x")


def test_size_is_limited_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SoakConfigError, match=r"big\.json: too large; accepted are at most 16777216 bytes"):
        read_json(path)
    with pytest.raises(SoakConfigError, match="11 bytes are too many; accepted are at most 10"):
        parse_json(" " * 10 + "1", "x", max_bytes=10)


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match=r"none\.json: there is no such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(SoakConfigError, match="not a regular file"):
        read_bytes(tmp_path)
    with pytest.raises(SoakConfigError, match="cannot be read"):
        read_bytes(tmp_path / "a\0b")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in the file system of Windows")
def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SoakConfigError, match="not a regular file"):
        read_json(tmp_path / "pipe.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = inf", "a = inf is refused; accepted is a finite number"),
        ("[t]\na = [nan]", r"t.a\[0\] = nan is refused"),
        ("a = 1e999", "a = 1e999 is refused"),
        ("a = 1979-05-27", "a = 1979-05-27 is refused; accepted is text, a number"),
        ("a = 0xFFFFFFFFFFFFFFFFFF", "64 bit"),
        ("a = 1\na = 2", "invalid TOML: cannot overwrite a value"),
        ("a", "invalid TOML: expected '='"),
        ("a = " + "9" * 5000, "invalid TOML"),
        ("a = " + "[" * 3000, "nested too deeply"),
        ("a = " + "{b = " * 3000, "nested too deeply"),
        ("a." * 3000 + "b = 1", "nested too deeply"),
        ('"a".' * 3000 + "b = 1", "nested too deeply"),
        ("[" + "a." * 3000 + "b]", "nested too deeply"),
    ],
)
def test_bad_toml_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SoakConfigError, match=f"x.toml: .*{reason}"):
        parse_toml(text, "x.toml")


def test_dots_and_brackets_in_toml_values_are_not_nesting() -> None:
    numbers = ", ".join(["0.5"] * 200)
    text = f'# {"[" * 99}\na = \'{"[" * 99}\'\nb = """{"[" * 99}"""\nc = [{numbers}]\nd = "{"a." * 99}"\n'
    assert parse_toml(text, "x")["c"] == [0.5] * 200


PROFILE: dict[str, Any] = {"schema_version": 1, "name": "x", "parameters": {}, "gates": {"thresholds": {}}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "schema_version = 2 is refused; accepted is 1"),
        ({"name": "a b"}, "name = 'a b' is refused; accepted is text that matches"),
        ({"parameters": {"x": True}}, "parameters.x = True is refused; accepted is a valid number"),
        ({"gates": {}}, "key gates.thresholds is missing"),
        ({"gates": {"thresholds": {}, "mode": "hrd"}}, "gates.mode = 'hrd' is refused"),
        ({"gates": {"thresholds": {}, "warmup_iterations": -1}}, "gates.warmup_iterations = -1 is refused"),
        ({"makr": {}}, "unknown key makr; accepted are schema_version, name"),
        ({"makr": {}}, "did you mean 'maker'?"),
        ({"maker": {"far_bpss": 1}}, "unknown key maker.far_bpss; accepted are base_half_spread_bps"),
        (
            {"gates": {"thresholds": {"net_bps": {"fail_belw": 1}}}},
            "unknown key gates.thresholds.net_bps.fail_belw; accepted are warn_above, fail_above",
        ),
        ({"maker": {"far_bps": math.nan}}, "maker.far_bps = nan is refused"),
        ({"fees": 3, "makr": 1}, "(and 1 more)"),
    ],
)
def test_a_model_says_key_value_and_accepted(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SoakConfigError) as caught:
        validate(Profile, PROFILE | change, "p.toml")
    assert str(caught.value).startswith("p.toml: ")
    assert said in str(caught.value)
    assert str(caught.value).isascii()


def test_an_empty_key_is_named_in_ascii() -> None:
    with pytest.raises(SoakConfigError) as caught:
        validate(Profile, PROFILE | {"\u0444": 1}, "p.toml")
    assert str(caught.value).isascii()
    assert "\\u0444" in str(caught.value)


def test_did_you_mean_wants_a_close_name() -> None:
    assert did_you_mean("STEADY_SAEF", ["steady_safe", "other"]) == "; did you mean 'steady_safe'?"
    assert did_you_mean("zzz", ["steady_safe"]) == ""
    assert did_you_mean("a", []) == ""


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "...",
            "/",
            "\\",
            "a/b",
            "a\\b",
            "../x",
            "..\\x",
            "/etc/passwd",
            "C:",
            "C:\\x",
            "a:b",
        ),
        *("a..b", "a.", ".a", "-a", "_a", " a", "a ", "a b", "a\n", "\n", "a\0", "\0", "a\tb", "\x7f", "a\r"),
        *("con", "CON", "Con.txt", "nul", "NUL.tar.gz", "aux", "prn.x", "com0", "com1", "COM9.log", "lpt1"),
        *(
            "LPT9",
            "lpt0",
            "conin$",
            "CONOUT$",
            "a*",
            "a?",
            'a"b',
            "a<b",
            "a>b",
            "a|b",
            "a%",
            "~",
            "~root",
            "$HOME",
        ),
        *(
            "\u00e9",
            "\uff41",
            "a\u202eb",
            "a\ufe0f",
            "\u0441on",
            "a" * 65,
            "\ud800",
            "a@b",
            "a#b",
            "a;b",
            "a&b",
        ),
    ],
)
def test_names_that_some_file_system_refuses_are_refused(name: str) -> None:
    with pytest.raises(SoakConfigError) as caught:
        check_name(name, "run")
    assert str(caught.value).isascii()
    assert "not a usable name" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["a", "A1", "steady_safe", "steady_safe-calm-s1", "v1.2", "console", "a" * 64, "com10"]
)
def test_names_that_every_file_system_takes_are_accepted(name: str) -> None:
    assert check_name(name, "run") == name
    assert problem_with_name(name) is None
