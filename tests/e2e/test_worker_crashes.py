"""Workers that die under pytest-xdist: no hang, no lost canary, no failure that was none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Once

# Dies in chosen iterations of chosen canaries, as often as a file says.
DYING = """
import json
import os
import re
from pathlib import Path

from pytest_soak.market import ReferenceMaker

HERE = Path(__file__).parent
# Not in this source, which is part of the records' identity.
DEATHS = json.loads((HERE / "deaths.json").read_text(encoding="utf-8"))


class Dying:
    name = "dying"

    def __init__(self, profile):
        self._maker = ReferenceMaker(profile.maker, profile.fees)

    def describe(self):
        return self._maker.describe()

    def run(self, market, parameters, window):
        seed = re.search(r"-s([0-9]+)-", os.environ["PYTEST_CURRENT_TEST"])[1]
        key = f"{seed}-{window.iteration}"
        died = HERE / f"died-{key}"
        times = len(died.read_bytes()) if died.exists() else 0
        if times < DEATHS.get(key, 0):
            died.write_bytes(b"x" * (times + 1))
            os._exit(9)
        return self._maker.run(market, parameters, window)


def pytest_soak_make_strategy(profile):
    return Dying(profile)
"""
JOB = ("--soak-iterations=3", "--soak-minutes=0.2", "--soak-gate=off", "-p", "no:cacheprovider")


# In the second canary, in the last one, and in the same one twice; also all workers at once.
SCATTERED = {"1-1": 1, "2-1": 1, "3-2": 2, "4-3": 1}
AT_ONCE = {f"{seed}-2": 1 for seed in range(1, 5)}
FOUR = "--soak-seed=1..4"


def write_deaths(pytester: pytest.Pytester, deaths: dict[str, int]) -> None:
    (pytester.path / "deaths.json").write_text(json.dumps(deaths), encoding="utf-8")


def soak(pytester: pytest.Pytester, once: Once, deaths: dict[str, int], *args: str) -> pytest.RunResult:
    pytester.makeconftest(DYING)
    write_deaths(pytester, deaths)
    return once(pytester.runpytest_subprocess, pytester.path, *JOB, *args, timeout=100)


def journals(root: Path) -> int:
    return len(list(root.glob("artifacts/soak/runs/*/*/ITER_SUMMARY_3.json")))


@pytest.mark.parametrize("workers", ["-n1", "-n2"])
def test_deaths_in_later_canaries_end_green(pytester: pytest.Pytester, once: Once, workers: str) -> None:
    result = soak(pytester, once, SCATTERED, FOUR, workers, "--junitxml=j.xml")
    assert result.ret == 0
    assert result.parseoutcomes() == {"passed": 16, "resumed": 5}
    assert journals(pytester.path) == 4
    result.stdout.fnmatch_lines(["*-s3*its worker died 2 times; it went on from its journal*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize("workers", ["-n1", "-n2"])
def test_a_canary_that_always_dies_fails_and_the_others_go_on(
    pytester: pytest.Pytester, once: Once, workers: str
) -> None:
    result = soak(pytester, once, {"2-2": 99}, FOUR, workers)
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["resumed"] == 2
    assert outcomes["passed"] == 3 * 4 + 1
    assert journals(pytester.path) == 3
    assert len((pytester.path / "died-2-2").read_bytes()) == 3
    assert re.search(
        r"workers died 3 times in this canary, so the rest of it is left out", result.stdout.str()
    )


def test_a_limit_of_restarts_that_the_user_gave_is_kept(pytester: pytest.Pytester, once: Once) -> None:
    result = soak(pytester, once, {"2-2": 99}, "--soak-seed=1..3", "-n1", "--max-worker-restart=0")
    assert result.ret == 1
    assert "resumed" not in result.parseoutcomes()
    result.stdout.re_match_lines([r"missing: \d+ of 9 iterations.*"])


# Kills the worker that runs an item, once: the interpreter's end, or that by a signal.
KILLED = """
import os, pathlib

def pytest_runtest_call(item):
    if {word!r} in item.nodeid:
        try:
            pathlib.Path("died").touch(exist_ok=False)
        except FileExistsError:
            return
        {death}
"""
EXIT = "os._exit(9)"
SIGNAL = "os.kill(os.getpid(), 11 if os.name == 'posix' else 9)"


def killed(pytester: pytest.Pytester, word: str, death: str, *args: str) -> None:
    """Three canaries end green, with all records, though a worker died at the item."""
    pytester.makeconftest(KILLED.format(word=word, death=death))
    result = pytester.runpytest_subprocess(*JOB, "--soak-seed=1..3", *args, timeout=100)
    assert result.ret == 0
    assert result.parseoutcomes() == {"passed": 12, "resumed": 1}
    assert journals(pytester.path) == 3
    result.stdout.fnmatch_lines(["*its worker died once; it went on from its journal*"])


@pytest.mark.parametrize(
    ("word", "workers"),
    [("s1-iter001", "-n2"), ("s1-iter002", "-n1"), ("s2-iter001", "-n2"), ("s3-gates", "-n1")],
)
def test_an_item_of_any_kind_may_be_the_last_of_its_worker(
    pytester: pytest.Pytester, word: str, workers: str
) -> None:
    killed(pytester, word, EXIT, workers)


@pytest.mark.parametrize("dist", ["loadscope", "loadgroup", "worksteal"])
def test_a_segmentation_fault_under_every_distribution(pytester: pytest.Pytester, dist: str) -> None:
    killed(pytester, "s2-iter001", SIGNAL, "-n2", "--dist", dist)


def test_all_workers_at_once(pytester: pytest.Pytester, once: Once) -> None:
    result = soak(pytester, once, AT_ONCE, FOUR, "-n4", "--junitxml=j.xml")
    assert result.ret == 0
    assert result.parseoutcomes() == {"passed": 16, "resumed": 4}
    assert journals(pytester.path) == 4


@pytest.mark.parametrize("name", ["xdist", "xdist.plugin"])
def test_workers_belong_to_the_run_by_whichever_name_xdist_is_loaded(
    pytester: pytest.Pytester, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    args = ("-n1", "-p", "soak", "-p", name, "--soak-seed=1")
    assert pytester.runpytest_subprocess(*JOB, *args, timeout=100).ret == 0
    assert len(list(pytester.path.glob("artifacts/soak/runs/*"))) == 1


@pytest.mark.parametrize(
    ("deaths", "workers"), [(SCATTERED, "-n1"), (SCATTERED, "-n2"), (AT_ONCE, "-n4")], ids=["1", "2", "all"]
)
def test_records_after_a_death_are_those_of_a_quiet_run(
    pytester: pytest.Pytester, once: Once, deaths: dict[str, int], workers: str
) -> None:
    """Those of the tests above, against a run without deaths and without workers."""

    def hashes() -> dict[str, str]:
        found = {}
        for path in (pytester.path / "artifacts/soak/latest").resolve().rglob("ITER_SUMMARY_*.json"):
            data = json.loads(path.read_text(encoding="utf-8"))
            found[f"{data['provenance']['canary']}-{data['iteration']}"] = data["record_sha256"]
        return found

    assert soak(pytester, once, deaths, FOUR, workers, "--junitxml=j.xml").ret == 0
    disturbed = hashes()
    write_deaths(pytester, {})
    assert pytester.runpytest_inprocess(*JOB, FOUR).ret == 0
    assert hashes() == disturbed
    assert len(disturbed) == 12
    assert len(list(pytester.path.glob("artifacts/soak/runs/*"))) == 2
