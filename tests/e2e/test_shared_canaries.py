"""Two tests on one canary: every line that names the canary says whose it is."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.e2e.conftest import Scripted

GOOD = (3.2, 0.30, 1.0)
TEST = "def {}(soak_iteration):\n    soak_iteration.check_gates()\n"
SOAK = ("--soak-iterations=3", "--soak-minutes=2")


def after(lines: list[str], pattern: str) -> list[str]:
    """The line below each that a pattern is found in, without its indent."""
    return [below.strip() for line, below in pairwise(lines) if re.search(pattern, line)]


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_each_line_names_the_test(
    pytester: pytest.Pytester, scripted: Scripted, workers: tuple[str, ...]
) -> None:
    scripted([GOOD])
    pytester.makepyfile(test_two=TEST.format("test_one") + TEST.format("test_other"))
    run = pytester.runpytest_subprocess if workers else pytester.runpytest_inprocess
    lines = run(*SOAK, *workers).outlines
    assert sorted(set(after(lines, r"^default-calm-s1 2/3  net"))) == ["test_one", "test_other"]
    assert sorted(after(lines, r"^default      calm ")) == ["test_one", "test_other"]
    for test in ("test_one", "test_other"):
        assert [line for line in lines if line.startswith(f"{test} default-calm-s1 (scripted, mock,")]
        assert [line for line in lines if re.match(rf"{test} default-calm-s1 +3 ", line)]
        group = f"soak: profile default, scenario calm, seed 1, 3 x 2 min, scripted, in {test}"
        assert workers or group in lines


def test_names_are_as_long_as_they_have_to_be(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The file too where functions have one name, the parameters where one function has several."""
    scripted([GOOD])
    pytester.makepyfile(test_a=TEST.format("test_same"), test_b=TEST.format("test_same"))
    lines = pytester.runpytest_inprocess(*SOAK).outlines
    named = set(after(lines, r"^default-calm-s1 1/3  net"))
    assert named == {"test_a.py::test_same", "test_b.py::test_same"}
    pytester.makepyfile(
        test_a="import pytest\n\n@pytest.mark.parametrize('size', [1, 2])\n"
        "def test_same(soak_iteration, size):\n    pass\n",
        test_b="",
    )
    lines = pytester.runpytest_inprocess(*SOAK).outlines
    assert set(after(lines, r"^default-calm-s1 1/3  net")) == {"test_same[1]", "test_same[2]"}


def test_brief_lines_name_it_too(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.makepyfile(test_two=TEST.format("test_one") + TEST.format("test_other"))
    lines = pytester.runpytest_inprocess("--soak-iterations=1", "--soak-seed=1..5").outlines
    assert sorted(after(lines, r"^default-calm-s4 1/1  net")) == ["test_one", "test_other"]
    assert sorted(after(lines, r"^default      calm +5 ")) == ["test_one", "test_other"]


def test_a_canary_of_one_test_goes_without(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    source = "import pytest\n\n" + "\n\n".join(
        f"@pytest.mark.soak(seed={seed})\n{TEST.format(f'test_{seed}')}" for seed in (1, 2)
    )
    pytester.makepyfile(test_two=source)
    lines = pytester.runpytest_inprocess(*SOAK).outlines
    assert all(line.startswith("scripted: profit") for line in after(lines, r"^default-calm-s\d \d/3  net"))
    assert len([line for line in lines if line.startswith("soak: profile default")]) == 1
