"""The kernel's readers against json, numpy and Counter, in windows so small that all crosses an edge."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_soak import _kernel
from pytest_soak.readers.data import audit_counts, quantiles, risk_metrics

WAYS = [(window, portable) for window in (64, 128, 262_144) for portable in (False, True)]
LARGE = 1 << 24

TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('"\\/{}[]:, \n\u00e9\U0001f600'))
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=25,
)
STYLES = st.tuples(
    st.booleans(),
    st.sampled_from([None, 0, 3]),
    st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", "\r\n: ")]),
)


@pytest.fixture(scope="module")
def file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "data"


def written(value: Any, style: tuple[bool, int | None, tuple[str, str]]) -> str:
    ascii_only, indent, separators = style
    return json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)


def read(file: Path, data: bytes, *keys: str) -> bytes | str | None:
    """What is found, or the error; the same for all windows."""
    file.write_bytes(data)
    results: set[bytes | str | None] = set()
    for window, portable in WAYS:
        try:
            results.add(_kernel.read_value(file, list(keys), LARGE, window=window, portable=portable))
        except ValueError as error:
            results.add(f"error: {error}")
    assert len(results) == 1, results
    return results.pop()


def is_json(data: bytes) -> bool:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    try:
        # Numbers of any length are JSON; Python's limit on the digits of integers is not of the format.
        json.loads(data.decode("utf-8").removeprefix("\ufeff"), parse_constant=refuse, parse_int=str)
    except ValueError:
        return False
    return True


@given(DOCUMENTS, DOCUMENTS, TEXTS, TEXTS, STYLES, st.integers(0, 130))
@settings(max_examples=150, deadline=None)
def test_a_value_is_found_as_json_finds_it(
    file: Path, value: Any, other: Any, key: str, inner: str, style: Any, pad: int
) -> None:
    assume(key != "x" and inner != "y")
    document = {"x": [other, "p" * pad], key: {"y": {inner: other}, inner: value}, "z" + key: other}
    found = read(file, written(document, style).encode(), key, inner)
    assert isinstance(found, bytes)
    assert json.loads(found) == value
    assert found.strip() == found


@given(st.dictionaries(TEXTS, DOCUMENTS, max_size=5), TEXTS, STYLES)
@settings(max_examples=100, deadline=None)
def test_every_key_of_a_document_is_found_and_no_other(
    file: Path, document: dict[str, Any], key: str, style: Any
) -> None:
    data = written(document, style).encode()
    found = read(file, data, key)
    if key in document:
        assert isinstance(found, bytes)
        assert json.loads(found) == document[key]
    else:
        assert found is None


@given(DOCUMENTS, STYLES, st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_document_is_an_error_where_json_says_so(
    file: Path, value: Any, style: Any, data: Any
) -> None:
    text = written(value, style).encode()
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 2)))
    byte = data.draw(
        st.one_of(st.binary(max_size=2), st.sampled_from([b'"', b"\\", b",", b"]", b"}", b"0", b"e", b" "]))
    )
    damaged = text[:at] + byte + text[end:]
    result = read(file, damaged, "\0")
    # A key that is there twice may only matter where it is asked for.
    assert isinstance(result, str) != is_json(damaged), result


@given(
    st.lists(st.sampled_from([*'{}[],:"\\ \n', "1", "-", "0", ".5", "e1", "true", "null", '"a"', "\\u00"]))
)
@settings(max_examples=250, deadline=None)
def test_tokens_in_any_order_are_accepted_where_json_accepts_them(file: Path, tokens: list[str]) -> None:
    data = "".join(tokens).encode()
    assert isinstance(read(file, data, "\0"), str) != is_json(data)


@given(DOCUMENTS, STYLES)
@settings(max_examples=60, deadline=None)
def test_a_document_cut_off_anywhere_is_an_error(file: Path, value: Any, style: Any) -> None:
    data = written({"totals": value}, style).encode()
    for end in {0, 1, len(data) // 2, len(data) - 2, len(data) - 1}:
        assert isinstance(read(file, data[:end], "totals"), str)


LINES = st.one_of(
    st.fixed_dictionaries(
        {"reason": st.one_of(st.sampled_from(["risk", "throttle", "\u00e9"]), SCALARS)}
    ).map(json.dumps),
    st.dictionaries(st.sampled_from(["a", "reason", "reasons", 'rea"son']), DOCUMENTS, max_size=4).map(
        json.dumps
    ),
    DOCUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False)),
    st.sampled_from(
        ["", "  ", "{", '{"reason":', "nul", '{"reason":"a"} 1', '{"reason":"a","reason":"a"}', "\t"]
    ),
)


def expected(lines: list[str]) -> tuple[Counter[str], Counter[str]]:
    """Texts, and what the other lines are, one by one with json."""
    texts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for line in lines:
        if not line.strip(" \t\r"):
            kinds["blank"] += 1
        elif not is_json(line.encode()) or line == '{"reason":"a","reason":"a"}':
            kinds["invalid"] += 1
        else:
            kinds.update(kind_of(json.loads(line), texts))
    return texts, kinds


def kind_of(value: Any, texts: Counter[str]) -> list[str]:
    if not isinstance(value, dict):
        return ["not_object"]
    if "reason" not in value:
        return ["missing"]
    if isinstance(value["reason"], str):
        texts[value["reason"]] += 1
        return []
    return ["other"]


@given(st.lists(LINES, max_size=30), st.sampled_from(["\n", "\r\n"]), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_lines_are_counted_as_json_and_counter_count_them(
    file: Path, lines: list[str], end: str, threads: int
) -> None:
    file.write_bytes("".join(line + end for line in lines).encode())
    counts = audit_counts(file, "reason", threads)
    texts, kinds = expected(lines)
    assert counts.counts == texts
    found = {
        "other": sum(counts.other.values()),
        "missing": counts.missing,
        "blank": counts.blank,
        "not_object": counts.not_object,
        "invalid": counts.invalid,
    }
    assert found == {kind: kinds[kind] for kind in found}
    assert (counts.lines, counts.torn) == (len(lines), 0)
    assert counts.crlf == (len(lines) if end == "\r\n" else 0)
    for window, portable in WAYS:
        small = _kernel.count_lines(file, "reason", threads, window=window, portable=portable)
        assert (small[1][0], sum(n for _, n in small[0])) == (counts.lines, counts.counted)


@given(
    arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e300, 1e300)),
    st.lists(st.floats(0, 1), max_size=12),
)
@settings(deadline=None)
def test_quantiles_are_those_of_numpy(values: np.ndarray[Any, Any], qs: list[float]) -> None:
    assert quantiles(values, qs) == pytest.approx(
        np.quantile(values, qs).tolist() if qs else [], rel=1e-12, abs=1e-290
    )


@given(
    st.integers(50_000, 60_000),
    st.integers(1, 2**40),
    st.integers(0, 2**32),
    st.lists(st.floats(0, 1), max_size=9),
)
@settings(max_examples=25, deadline=None)
def test_quantiles_of_many_values_are_those_of_numpy(
    count: int, top: int, seed: int, qs: list[float]
) -> None:
    values = np.random.default_rng(seed).integers(0, top, count, endpoint=True).astype(np.float64)
    assert quantiles(values, qs) == pytest.approx(np.quantile(values, qs).tolist() if qs else [], rel=1e-12)


@given(arrays(np.uint8, st.integers(0, 3000), elements=st.integers(0, 255)))
@settings(deadline=None)
def test_codes_are_counted_as_bincount_counts_them(codes: np.ndarray[Any, Any]) -> None:
    metrics = risk_metrics(codes)
    everything = np.bincount(codes, minlength=256).tolist()
    assert list(metrics.counts.values()) == everything[:4]
    assert metrics.unknown == sum(everything[4:])
