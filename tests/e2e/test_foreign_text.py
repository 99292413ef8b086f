"""Names that a user's code gives cannot steer the terminal."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Scripted


def test_a_strategys_name_is_shown_as_text(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Escape sequences and marks that turn the direction of writing are spelled out."""
    scripted([(3.2, 0.3, 1.0)])
    conftest = pytester.path / "conftest.py"
    source = conftest.read_text(encoding="utf-8")
    conftest.write_text(source.replace('name = "scripted"', r'name = "a\x1b[2J\u202eb"'), encoding="utf-8")
    result = pytester.runpytest_inprocess("--soak-iterations=3", "--soak-profile=steady_safe")
    text = result.stdout.str() + result.stderr.str()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"a\x1b[2J\u202eb" in text


STRATEGY = r"""
import warnings

TEXT = "a\x1b[31m\x07\x00\x9b\u202e\r\n  ::error::forged\n\tb"


class Hostile:
    name = "hostile"

    def describe(self):
        return {}

    def run(self, market, parameters, window):
        print(TEXT)
        warnings.warn(TEXT)
        raise RuntimeError(TEXT)


def pytest_soak_make_strategy(profile):
    return Hostile()
"""


@pytest.mark.parametrize("style", ["long", "native"])
def test_what_a_strategy_says_is_shown_as_text(pytester: pytest.Pytester, style: str) -> None:
    """Its message, its output and its warning: on the terminal and in JUnit's file."""
    pytester.makeini("[pytest]\nfilterwarnings = always\n")
    pytester.makeconftest(STRATEGY)
    result = pytester.runpytest_inprocess(
        f"--tb={style}", "--soak-iterations=1", "--junit-xml=junit.xml", "-o", "junit_logging=all"
    )
    junit = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    text = result.stdout.str() + result.stderr.str()
    assert text.count(r"a\x1b[31m\x07\x00\x9b\u202e") >= 4
    for shown in (text, junit):
        assert not {"\x1b", "\x07", "\x00", "\x9b", "\u202e", "\r"} & set(shown)
        assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


HOSTILE = "x\x1b[31m\u202e\x85\n::error::y"
OPTIONS = (
    *("gate", "scenario", "profile", "seed", "override", "minutes", "iterations", "replay"),
    *("artifacts", "resume", "extend", "report", "dashboard", "prometheus"),
)


@pytest.mark.parametrize("option", OPTIONS)
def test_values_of_options_are_shown_as_text(pytester: pytest.Pytester, option: str) -> None:
    """In errors, or where the value is taken in the header and the last lines."""
    result = pytester.runpytest_inprocess(
        f"--soak-{option}={HOSTILE}", "--soak-minutes=0.05", "--soak-gate=off", "-k", "iter001"
    )
    text = result.stdout.str() + result.stderr.str()
    assert not {"\x1b", "\u202e", "\x85"} & set(text)
    assert not any(line.startswith("::error::") for line in text.splitlines())


def test_an_unknown_key_of_a_profile_forges_no_line(pytester: pytest.Pytester) -> None:
    profiles = pytester.mkdir("soak_profiles")
    (profiles / "p.toml").write_text('extends = "default"\n"a\\n::error::b" = 1\n', encoding="utf-8")
    result = pytester.runpytest_inprocess("--soak-profile=p")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert r"unknown key a\n::error::b" in result.stderr.str()
