"""In GitHub Actions: the step's summary, annotations, and properties of items that failed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import Scripted

BAD = (-5.0, 0.3, 1.0)
SOAK = ("--soak-iterations=3", "--soak-profile=steady_safe")


def test_the_summary_and_the_annotations_of_a_run(
    pytester: pytest.Pytester, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appended, so that what a step wrote before stays; also where workers ran the soak."""
    file = pytester.path / "step.md"
    file.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    scripted([BAD])
    for workers in ((), ("-n", "2")):
        run = pytester.runpytest_subprocess if workers else pytester.runpytest_inprocess
        result = run(*SOAK, *workers)
        errors = [line for line in result.outlines if line.startswith("::")]
        assert len(errors) == 1
        assert errors[0].startswith("::error title=soak FAIL%3A steady_safe-calm-s1::strategy scripted; ")
        assert "FAIL net_bps -5 (>= " in errors[0]
    text = file.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.count("| steady_safe | calm | 1 | scripted | -5.00 |") == 2
    assert text.count("\nnext: not fit to trade as it is; start at ") == 2


@pytest.mark.parametrize("option", [(), ("-W", "error")])
def test_a_summary_that_cannot_be_written_is_one_warning(
    pytester: pytest.Pytester,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
) -> None:
    """And no failure, under -W error neither."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))
    scripted([(3.2, 0.3, 1.0)])
    result = pytester.runpytest_subprocess(*SOAK, *option)
    assert result.ret == 0
    told = [line for line in result.outlines if "the summary of the soak was not written" in line]
    assert len(told) == 1


def test_a_canary_whose_gates_were_not_judged_is_annotated_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short iterations miss gates by no more than chance explains, and nothing judged the whole."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (pytester.path / "strict.toml").write_text(
        'extends = "steady_safe"\n[gates.thresholds.net_bps]\nfail_below = 3.5\nleast = 0\n', encoding="utf-8"
    )
    result = pytester.runpytest_inprocess(
        *("--soak-profile=./strict.toml", "--soak-iterations=4", "--soak-minutes=1", "-k", "not gates"),
        "--soak-position=flat",
    )
    (line,) = [line for line in result.outlines if line.startswith("::")]
    assert "iteration 3" in line
    assert "FAIL net_bps" in line


def test_without_a_soak_nothing_is_written(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "step.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    pytester.makepyfile("def test_ordinary(): pass")
    result = pytester.runpytest_inprocess()
    assert not (pytester.path / "step.md").exists()
    assert not any(line.startswith("::") for line in result.outlines)


def _properties(pytester: pytest.Pytester) -> dict[str, str]:
    root = ElementTree.parse(pytester.path / "junit.xml").getroot()
    case = next(c for c in root.iter("testcase") if "iter001" in c.attrib["name"])
    names = [p.attrib["name"] for p in case.iter("property")]
    assert len(names) == len(set(names))
    return {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}


ORIGIN = {"soak.profile": "steady_safe", "soak.scenario": "calm", "soak.seed": "1"}


def test_junit_names_the_canary_of_an_item_that_raised(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([BAD])
    conftest = pytester.path / "conftest.py"
    source = conftest.read_text(encoding="utf-8")
    conftest.write_text(
        source.replace("        net, risk", "        return None\n        net, risk", 1), "utf-8"
    )
    pytester.runpytest_inprocess(*SOAK, "--junitxml=junit.xml")
    assert _properties(pytester) == {**ORIGIN, "soak.strategy": "scripted"}


def test_junit_names_what_is_known_where_there_is_no_strategy(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_soak_make_strategy(profile):\n    return object()\n")
    result = pytester.runpytest_inprocess(*SOAK, "--junitxml=junit.xml")
    assert result.ret != 0
    assert _properties(pytester) == ORIGIN
