from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import _kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.readers.data import AuditCounts, audit_counts


@pytest.fixture
def audit(tmp_path: Path) -> Any:
    def count(text: bytes, field: str = "reason", threads: int = 1) -> AuditCounts:
        file = tmp_path / "audit.jsonl"
        file.write_bytes(text)
        counts = audit_counts(file, field, threads)
        parts = (counts.counted, counts.missing, counts.blank, counts.not_object, counts.invalid, counts.torn)
        assert counts.lines == sum(parts)
        return counts

    return count


def test_lines_are_counted_by_the_text_of_the_field(audit: Any) -> None:
    counts = audit(b'{"reason":"risk","n":1}\n{"n":{"reason":"x"},"reason" : "risk" }\n{"reason":"a"}\n')
    assert counts.counts == {"risk": 2, "a": 1}
    assert (counts.field, counts.lines, counts.counted, counts.problems) == ("reason", 3, 3, ())


def test_escapes_in_keys_and_values_are_read(audit: Any) -> None:
    text = rb'{"reason":"risk"}' + b"\n" + rb'{"r\u0065ason":"r\u0069sk"}' + b"\n" + rb'{"reason":"\u00e9\n"}'
    assert audit(text).counts == {"risk": 2, "\u00e9\n": 1}
    assert audit(
        '{"gr\u00fc\u00df":"\u00e9"}\n{"gr\\u00fc\u00df":"\\u00e9"}\n'.encode(), "gr\u00fc\u00df"
    ).counts == {"\u00e9": 2}


def test_values_that_are_no_text_are_kept_apart(audit: Any) -> None:
    lines = ["3", '"3"', "null", "[1, {}]", '{"reason":"x"}', "true", "3", r'"\ud800"']
    counts = audit("".join(f'{{"reason": {value} }}\n' for value in lines).encode())
    assert counts.counts == {"3": 1}
    assert counts.other == {"3": 2, "null": 1, "[1, {}]": 1, '{"reason":"x"}': 1, "true": 1, r'"\ud800"': 1}


def test_every_line_that_does_not_count_is_reported(audit: Any) -> None:
    text = b'{"reason":"a"}\r\n\r\n  \n[1]\n"reason"\n{"x":1}\nnot json\n'
    text += b'{"reason":"a","reason":"b"}\n{"a":"\xff"}\n'
    counts = audit(text + b'{"reason":"a')
    assert counts.counts == {"a": 1}
    assert (counts.lines, counts.blank, counts.not_object, counts.missing) == (10, 2, 2, 1)
    assert (counts.invalid, counts.torn, counts.crlf) == (3, 1, 2)
    said = [problem.split("audit.jsonl: ")[1] for problem in counts.problems]
    assert said == [
        "line 7: malformed number or unknown word at byte 0 of the line",
        "line 8: reason is there twice; accepted is each key once",
        "line 9: not valid UTF-8 at byte 6 of the line",
        "line 10: the line is cut off",
    ]


def test_only_the_first_five_problems_are_told(audit: Any) -> None:
    counts = audit(b"x\n" * 9, threads=3)
    assert counts.invalid == 9
    assert [problem.split(": ")[1] for problem in counts.problems] == [f"line {n}" for n in range(1, 6)]


def test_a_whole_last_line_counts_without_its_end(audit: Any) -> None:
    assert audit(b'{"reason":"a"}').counts == {"a": 1}
    assert audit(b'{"reason":"a"}').torn == 0
    for cut in range(1, 14):
        counts = audit(b'{"reason":"b"}\n' + b'{"reason":"a"}'[:cut])
        assert (counts.counts, counts.torn, counts.lines) == ({"b": 1}, 1, 2)


def test_an_empty_file_has_no_lines(audit: Any) -> None:
    for threads in (1, 3):
        assert audit(b"", threads=threads).lines == 0


def test_a_byte_order_mark_belongs_to_no_line(audit: Any) -> None:
    assert audit(b'\xef\xbb\xbf{"reason":"a"}\n').counts == {"a": 1}
    with pytest.raises(SoakConfigError, match=r"audit.jsonl: the text is UTF-16; accepted is UTF-8$"):
        audit('{"reason":"a"}\n'.encode("utf-16"))


@pytest.mark.parametrize("portable", [False, True])
def test_parts_and_windows_change_nothing(tmp_path: Path, portable: bool) -> None:
    file = tmp_path / "audit.jsonl"
    lines = [json.dumps({"n": "x" * (n * 7 % 150), "reason": f"r{n % 5}"}) for n in range(90)]
    lines[10::20] = ["", "{", "[]", '{"reason":1}']
    for end in ("\n", "\r\n"):
        file.write_text(end.join(lines) + end + '{"rea', encoding="utf-8", newline="")
        whole = _kernel.count_lines(file, "reason")
        assert whole[1][0] == 91
        for threads in (1, 2, 3, 7, 64):
            for window in (64, 100, 4096):
                parts = _kernel.count_lines(file, "reason", threads, window=window, portable=portable)
                assert (dict(parts[0]), parts[1], parts[2]) == (dict(whole[0]), whole[1], whole[2])


def test_too_many_values_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(f'{{"n":{n}}}\n' for n in range(100_001)), encoding="utf-8")
    with pytest.raises(SoakConfigError, match=r"audit.jsonl: more than 100000 different values"):
        audit_counts(file, "n")
    assert audit_counts(file, "m", 2).missing == 100_001


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    with file.open("wb") as out:
        out.write(b'{"reason":"a"}\n')
        out.seek(20 << 20)
        out.write(b"\n")
    with pytest.raises(
        SoakConfigError, match=r"audit.jsonl: the line at byte 15 is too long; .* 16777216 bytes$"
    ):
        audit_counts(file)


@pytest.mark.parametrize("threads", [0, -1, 65])
def test_a_number_of_threads_that_makes_no_sense_is_refused(tmp_path: Path, threads: int) -> None:
    with pytest.raises(SoakConfigError, match="accepted is an integer from 1 to 64"):
        audit_counts(tmp_path / "audit.jsonl", threads=threads)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="there is no such file"):
        audit_counts(tmp_path / "nothing")
    with pytest.raises(SoakConfigError, match="not a regular file"):
        audit_counts(tmp_path)


@pytest.mark.parametrize(("head", "name"), [(b"\x1f\x8b\x08\x00", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd")])
def test_compressed_file_is_refused_by_name(tmp_path: Path, head: bytes, name: str) -> None:
    (tmp_path / "audit.jsonl").write_bytes(head + bytes(60))
    with pytest.raises(SoakConfigError, match=f"is compressed with {name}; expected JSON lines"):
        audit_counts(tmp_path / "audit.jsonl")


@pytest.mark.parametrize(
    ("name", "value"), [("threads", 0), ("threads", 10**6), ("window", 0), ("window", 2**63)]
)
def test_the_kernel_checks_what_it_is_given(tmp_path: Path, name: str, value: int) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"event": "x"}\n', encoding="utf-8")
    given: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} = {value}"):
        _kernel.count_lines(path, "event", **given)
