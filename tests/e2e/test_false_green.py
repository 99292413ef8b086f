"""No session is green because what was asked for did not run."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Scripted

GOOD = (3.2, 0.30, 1.0)
ORDINARY = "def test_ordinary(): pass"
BOTH = "def test_ordinary(): pass\ndef test_maker(soak_iteration): soak_iteration.check_gates()"


@pytest.mark.parametrize("extra", [[], ["-n1"]])
def test_a_path_without_a_soak_test_is_refused(
    pytester: pytest.Pytester, scripted: Scripted, extra: list[str]
) -> None:
    scripted([GOOD])
    pytester.makepyfile(test_ordinary=ORDINARY)
    run = pytester.runpytest_subprocess if extra else pytester.runpytest_inprocess
    result = run("--soak-iterations=3", "test_ordinary.py", *extra)
    assert result.ret != pytest.ExitCode.OK
    assert "no soak test in 'test_ordinary.py', and soak options leave out" in result.stderr.str() + (
        result.stdout.str()
    )
    assert "passed" not in result.stdout.str()
    pytester.runpytest_inprocess("--soak-iterations=3").assert_outcomes(passed=4, deselected=1)


@pytest.mark.parametrize("place", ["addopts", "environment", "ini"])
def test_what_a_project_sets_leaves_out_no_ordinary_test(
    pytester: pytest.Pytester, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    scripted([GOOD])
    pytester.makepyfile(BOTH)
    if place == "environment":
        monkeypatch.setenv("PYTEST_ADDOPTS", "--soak-iterations=3")
    else:
        key = "addopts = --soak-iterations=3" if place == "addopts" else "soak_iterations = 3"
        pytester.makeini(f"[pytest]\n{key}\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=5)
    chosen = pytester.runpytest_inprocess("--soak-seed=2")
    chosen.assert_outcomes(passed=4, deselected=1)
    assert "4 passed, 1 deselected" in chosen.outlines[-1]


def test_a_file_of_arguments_is_the_command_line(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.makepyfile(BOTH)
    (pytester.path / "soak.args").write_text("--soak-iterations=3\n", encoding="utf-8")
    pytester.runpytest_inprocess("@soak.args").assert_outcomes(passed=4, deselected=1)
