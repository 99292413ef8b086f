"""Code profiles through the plugin: options, workers, what is said at the end, what is refused."""

from __future__ import annotations

import importlib.util
import pstats
from pathlib import Path

import pytest

JOB = ("--soak-iterations=2", "--soak-minutes=0.2", "--soak-gate=off", "--soak-seed=1..2")


def files(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix() for path in root.glob("artifacts/soak/runs/*/*/profile_iter_*.prof")
    )


def test_workers_leave_a_profile_per_canary_and_the_end_says_where(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        *JOB, "-n2", "--soak-profile-code=pyinstrument", "--soak-profile-iterations=2"
    )
    result.stdout.fnmatch_lines(
        [
            "*code profiles by pyinstrument*",
            "python -m pstats artifacts/soak/latest/default-calm-s1/profile_iter_2.prof",
            "python -m pstats artifacts/soak/latest/default-calm-s2/profile_iter_2.prof",
        ]
    )
    assert result.ret == 0
    found = files(pytester.path)
    assert [Path(path).name for path in found] == ["profile_iter_2.prof"] * 2
    assert pstats.Stats(str(pytester.path / found[0])).get_stats_profile().func_profiles


REFUSED = (
    (("--soak-profile-code=perf",), "is not one of cprofile, pyinstrument"),
    (("--soak-profile-iterations=1",), "ask for profiles with --soak-profile-code"),
    (("-o", "soak_profile_code=perf"), "ini option soak_profile_code: 'perf' is not one of"),
    (("--soak-profile-code=pyinstrument",), 'not installed; pip install "pytest-soak[[]profile]"'),
)


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_done_is_one_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    result = pytester.runpytest_inprocess(*JOB, *words)
    result.stderr.fnmatch_lines([f"*{said}*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not files(pytester.path)
