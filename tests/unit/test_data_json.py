from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.readers.data import read_totals, read_value_text


@pytest.fixture
def report(tmp_path: Path) -> Any:
    def write(text: str | bytes) -> Path:
        file = tmp_path / "EDGE_REPORT.json"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    return write


TOTALS = {"net_bps": 2.9, "blocks": {"risk": {"count": 3}}, "list": [1, "}", None], "text": 'a "\\ \u00e9'}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_totals_are_found_wherever_they_stand(report: Any, place: int, indent: int | None) -> None:
    others = [("a", {"totals": 1, "b": [{"totals": 2}]}), ("c", "totals")]
    members = dict([*others[:place], ("totals", TOTALS), *others[place:]])
    file = report(json.dumps(members, indent=indent))
    assert read_totals(file) == TOTALS
    assert read_totals(file, "totals.blocks.risk") == {"count": 3}
    assert read_totals(str(file), ["totals", "text"]) == TOTALS["text"]
    assert read_totals(file, "a.totals") == 1


def test_the_text_is_the_one_of_the_file(report: Any) -> None:
    file = report('{"a": 1.50 , "b":\t[ 1,\n2 ] \n, "c": "\\u00e9" }')
    assert read_value_text(file, "a") == b"1.50"
    assert read_value_text(file, "b") == b"[ 1,\n2 ]"
    assert read_value_text(file, "c") == b'"\\u00e9"'
    assert read_totals(file, "c") == "\u00e9"


def test_keys_may_have_dots_or_escapes_or_be_empty(report: Any) -> None:
    file = report('{"a.b": {"": 1}, "\\u0061": {"\\"": 2}, "\U0001f600": 3, "\\ud83d\\ude01": 4}')
    assert read_totals(file, ["a.b", ""]) == 1
    assert read_totals(file, ["a", '"']) == 2
    assert read_totals(file, "\U0001f600") == 3
    assert read_totals(file, "\U0001f601") == 4


REFUSED = {
    '{"totals": 1, "totals": 2}': "totals is there twice; accepted is each key once at byte 14",
    '{"totals": {}, "\\u0074otals": 2}': "totals is there twice; accepted is each key once at byte 15",
    '{"totals": {"a": 1, "a": 1}}': "totals: $.a is there twice; accepted is each key once",
    '{"totals": 12345678901234567890123}': "accepted is an integer of at most 64 bits",
    '{"totals": 1e999}': "accepted is a finite number",
    '{"totals": "\\ud800"}': "accepted is valid Unicode",
    '{"totals": NaN}': "malformed number or unknown word at byte 11",
    '{"totals": 1': "the JSON text is cut off at byte 12",
    '{"totals": 1}}': "closing bracket without its opening one at byte 13",
    '{"totals": 1} x': "unexpected character at byte 14",
    '{"a": 01, "totals": 1}': "malformed number or unknown word at byte 7",
    '{"totals": 1, "a": "\t"}': "control character in a string at byte 20",
    '{"totals": 1, "a": "\\x"}': "invalid escape in a string at byte 21",
    '{"totals": 1, "a"}': "unexpected character at byte 17",
    '{"a": 1}': "totals is not there",
    '[{"totals": 1}]': "totals is not there",
    '"totals"': "totals is not there",
    "": "there is no JSON value at byte 0",
    " \n": "there is no JSON value at byte 2",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_refused_is_told_with_file_and_place(report: Any, text: str, said: str) -> None:
    file = report(text)
    with pytest.raises(SoakConfigError) as error:
        read_totals(file)
    assert str(error.value).startswith(f"{file}: ")
    assert str(error.value).endswith(said)


def test_encodings_other_than_utf8_are_refused(report: Any) -> None:
    assert read_totals(report(b'\xef\xbb\xbf{"totals": 1}')) == 1
    with pytest.raises(SoakConfigError, match="not valid UTF-8 at byte 7; accepted is UTF-8"):
        read_totals(report(b'{"a": "\xed\xa0\x80", "totals": 1}'))
    with pytest.raises(SoakConfigError, match="the text is UTF-16"):
        read_totals(report('{"totals": 1}'.encode("utf-16")))


def test_huge_numbers_elsewhere_are_no_reason_to_refuse(report: Any) -> None:
    number = f"-{'9' * 5000}.{'0' * 5000}e+{'7' * 300}"
    assert read_totals(report(f'{{"a": [{number}, 1e999], "totals": 1}}')) == 1


def test_a_pointer_through_something_else_than_an_object_is_refused(report: Any) -> None:
    file = report('{"totals": [1], "a": {"b": 1}}')
    with pytest.raises(SoakConfigError, match=r"EDGE_REPORT.json: totals is not an object at byte 11"):
        read_totals(file, "totals.0")
    with pytest.raises(SoakConfigError, match=r"EDGE_REPORT.json: a\.b is not an object at byte 27"):
        read_totals(file, "a.b.c")
    with pytest.raises(SoakConfigError, match="a path of 0 keys is refused"):
        read_totals(file, [])
    with pytest.raises(SoakConfigError, match=r"a\.c is not there"):
        read_totals(file, "a.c")


def test_nesting_is_limited(report: Any) -> None:
    assert read_totals(report('{"a":' + "[" * 63 + "]" * 63 + ',"totals":1}')) == 1
    with pytest.raises(SoakConfigError, match="nested too deeply; accepted are at most 64 levels at byte 68"):
        read_totals(report('{"a":' + "[" * 64 + "]" * 64 + ',"totals":1}'))


def test_a_value_larger_than_accepted_is_refused(report: Any) -> None:
    file = report('{"totals": "' + "x" * 1000 + '"}')
    assert len(read_value_text(file, "totals", 1002)) == 1002
    with pytest.raises(
        SoakConfigError, match="the value is too large; accepted are at most 1001 bytes at byte 11"
    ):
        read_value_text(file, "totals", 1001)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="nothing: there is no such file"):
        read_totals(tmp_path / "nothing")
    with pytest.raises(SoakConfigError, match="not a regular file"):
        read_totals(tmp_path)
    with pytest.raises(SoakConfigError, match="cannot be read"):
        read_totals("a\0b")


_PEAK = """
import resource, sys
from pytest_soak.readers.data import audit_counts, read_totals
read_totals(sys.argv[1]), audit_counts(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert read_totals(sys.argv[3]) == 1 and audit_counts(sys.argv[4]).lines == 400_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="Windows does not tell a process its peak of memory this way")
    files = []
    for count in (10, 400_000):
        report, audit = tmp_path / f"{count}.json", tmp_path / f"{count}.jsonl"
        report.write_text(
            '{"a":[' + '{"b":"cccccccccccccccccccc"},' * count + '0],"totals":1}', encoding="utf-8"
        )
        audit.write_text('{"reason":"rrrrrrrrrrrrrrrrrrrrrrrrr"}\n' * count, encoding="utf-8")
        files += [str(report), str(audit)]
    run = subprocess.run([sys.executable, "-c", _PEAK, *files], check=True, capture_output=True, text=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * unit < 2 << 20


def test_other_threads_run_while_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text('{"a":[' + "1.5," * 8_000_000 + '0],"totals":1}', encoding="utf-8")
    spans: list[float] = []
    reader = threading.Thread(target=lambda: [read_totals(file) for _ in range(5)])
    reader.start()
    while reader.is_alive():
        before = time.perf_counter()
        time.sleep(0.001)
        spans.append(time.perf_counter() - before)
    reader.join()
    assert len(spans) > 20
