"""The lines before the first item name what really runs."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Scripted

GOOD = (3.2, 0.30, 1.0)


def lines(pytester: pytest.Pytester, *args: str) -> list[str]:
    return [
        line for line in pytester.runpytest_inprocess("--co", *args).outlines if line.startswith("soak: ")
    ]


def test_markers_count_and_not_the_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.mark.soak(scenario=['calm', 'volatile'], iterations=4, seed=[1, 2, 3, 4])\n"
        "def test_maker(soak_iteration): pass\n"
    )
    for args in (["--soak-scenario=news", "--soak-iterations=9"], []):
        text = lines(pytester, "-p", "no:randomly", *args)
        assert not any("news" in line for line in text)
        assert text[-2:] == [
            "soak: profile default, scenario calm, seed 1..4, 4 x 5 min, reference_maker",
            "soak: profile default, scenario volatile, seed 1..4, 4 x 5 min, reference_maker",
        ]


def test_the_strategy_of_a_hook_is_named(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    assert lines(pytester, "--soak-iterations=3")[-1].endswith("scenario calm, seed 1, 3 x 5 min, scripted")


def test_a_warm_up_that_leaves_nothing_is_said_at_the_start(pytester: pytest.Pytester) -> None:
    assert lines(pytester, "--soak-iterations=2")[-1] == (
        "soak: 2 iteration(s) and a warm-up of 2 leave nothing to judge in profile default; "
        "run 3 or more, or lower gates.warmup_iterations"
    )
    assert not any("warm-up" in line for line in lines(pytester, "--soak-iterations=3"))


def test_a_warm_up_that_leaves_nothing_warns_once_where_gates_are_soft(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    """Of the iterations there is nothing to say that each gate lacks, such as attempts to quote."""
    scripted([GOOD])
    result = pytester.runpytest_inprocess("--soak-iterations=2", "--soak-gate=soft")
    result.assert_outcomes(passed=3, warnings=1)
    assert "2 iteration(s) and a warm-up of 2 leave nothing to judge; run more" in result.stdout.str()
    assert "not measured" not in result.stdout.str()


def test_workers_say_what_runs_once_and_before_the_first_iteration(pytester: pytest.Pytester) -> None:
    """The controller sees no items; what it prints comes from the items and not from the options."""
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.mark.soak(scenario=['calm', 'volatile'], iterations=3)\n"
        "def test_maker(soak_iteration): pass\n"
    )
    result = pytester.runpytest_subprocess(
        "--soak-scenario=news", "--soak-minutes=0.5", "-n2", "-p", "no:randomly"
    )
    text = [line for line in result.outlines if line.startswith("soak: ") or " 1/3 " in line]
    groups = [
        f"soak: profile default, scenario {name}, seed 1, 3 x 0.5 min, reference_maker"
        for name in ("calm", "volatile")
    ]
    assert text[1:4] == ["soak: 8 items of 2 canaries; 0 other tests deselected", *groups]
    assert not any("news" in line for line in result.outlines)


def test_a_strategy_that_cannot_be_made_is_named_by_who_makes_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_soak_make_strategy(profile):\n    raise RuntimeError('no')")
    assert lines(pytester, "--soak-iterations=3")[-1].endswith("3 x 5 min, strategy of conftest")
