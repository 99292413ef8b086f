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
    result = pytester.runpytest_subprocess("--soak-iterations=3", "--soak-profile=steady_safe")
    text = result.stdout.str() + result.stderr.str()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"a\x1b[2J\u202eb" in text


HOSTILE = "x\x1b[31m\u202e\x85::error::y"
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
