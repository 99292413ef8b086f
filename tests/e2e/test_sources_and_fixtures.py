"""Where parameters come from, and what a conftest.py can change: TEST-5, RM-1.9, fixtures, hooks."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from pytest_soak import hookspecs
from tests.e2e.conftest import Scripted, summary

GOOD = (3.2, 0.30, 1.0)


@pytest.fixture
def sources(pytester: pytest.Pytester, scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """File 60, environment 70; the profile steady_safe says 75."""
    scripted([GOOD])
    path = pytester.path / "artifacts/soak/runtime_overrides.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"min_interval_ms": 60, "tail_age_ms": 600}', encoding="utf-8")
    monkeypatch.setenv("MM_RUNTIME_OVERRIDES_JSON", '{"min_interval_ms": 70}')


def first(pytester: pytest.Pytester) -> dict[str, float]:
    values: dict[str, float] = summary(pytester.path, 1)["overrides"]
    return values


@pytest.mark.usefixtures("sources")
def test_profile_wins_over_environment_and_file(pytester: pytest.Pytester) -> None:
    """TEST-5: file 60, environment 70, profile 75 -> 75; the header names what was shadowed."""
    result = pytester.runpytest_inprocess("--soak-profile=steady_safe", "--soak-iterations=1")
    assert first(pytester)["min_interval_ms"] == 75
    result.stdout.fnmatch_lines(
        [
            "soak: min_interval_ms=70 of MM_RUNTIME_OVERRIDES_JSON shadowed by profile steady_safe",
            "soak: min_interval_ms=60, tail_age_ms=600 of *runtime_overrides.json shadowed by profile *",
        ]
    )


@pytest.mark.usefixtures("sources")
def test_without_a_profile_environment_wins_key_by_key(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--soak-iterations=1")
    result.stdout.fnmatch_lines(
        [
            "soak: min_interval_ms=70 from MM_RUNTIME_OVERRIDES_JSON",
            "soak: tail_age_ms=600 from *runtime_overrides.json",
            "soak: min_interval_ms=60 of *runtime_overrides.json shadowed by MM_RUNTIME_OVERRIDES_JSON",
        ]
    )
    assert first(pytester)["min_interval_ms"] == 70
    assert first(pytester)["tail_age_ms"] == 600
    assert first(pytester)["max_delta_ratio"] == 0.14


@pytest.mark.usefixtures("sources")
def test_override_wins_over_all(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "--soak-profile=steady_safe", "--soak-override=min_interval_ms=44", "--soak-iterations=1"
    )
    result.stdout.fnmatch_lines(["soak: min_interval_ms=44 from --soak-override"])
    assert first(pytester)["min_interval_ms"] == 44
    assert first(pytester)["tail_age_ms"] == 740


def conftest(pytester: pytest.Pytester, text: str) -> None:
    path = pytester.path / "conftest.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nimport pytest\n" + text, encoding="utf-8")


def test_fixtures_can_be_overridden(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Profile, parameters and artifacts folder, each from a conftest.py, for the shipped canary too."""
    scripted([GOOD])
    conftest(
        pytester,
        """
from pytest_soak.domain.settings import FreezeSettings

@pytest.fixture
def soak_overrides():
    return {"min_interval_ms": 66}

@pytest.fixture
def soak_profile(soak_profile):
    freeze = FreezeSettings(duration_iterations=1)
    guards = soak_profile.guards.model_copy(update={"freeze": freeze})
    return soak_profile.model_copy(update={"guards": guards})

@pytest.fixture
def soak_artifacts(soak_artifacts):
    return soak_artifacts.parent / "mine"
""",
    )
    result = pytester.runpytest_inprocess("--soak-profile=steady_safe", "--soak-iterations=4")
    result.assert_outcomes(passed=5)
    folder = next((pytester.path / "artifacts/soak/runs").glob("*/mine"))
    record = summary(folder, 1, ".")
    assert record["overrides"]["min_interval_ms"] == 66
    assert record["overrides"]["tail_age_ms"] == 740
    held = [
        o["until_iteration"] for o in summary(folder, 2, ".")["tuning"]["opinions"] if o["reason"] == "frozen"
    ]
    assert set(held) == {3}


def test_an_overridden_parameter_out_of_bounds_fails(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    conftest(pytester, "@pytest.fixture\ndef soak_overrides():\n    return {'tail_age_ms': 1}\n")
    result = pytester.runpytest_inprocess("--soak-iterations=1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*fixture soak_overrides: tail_age_ms = 1 is out of bounds*500 to 800 ms*"])


def test_soak_market_is_the_generator_of_the_canary(pytester: pytest.Pytester) -> None:
    """The fixture has the scenario's name, and an override of it is what the canary runs on."""
    pytester.makeconftest(
        """
        import pytest
        from pytest_soak.market import MockMarket, load_scenario

        @pytest.fixture
        def soak_market(soak_market):
            assert soak_market.name == "calm"
            return MockMarket(load_scenario("volatile"), seed=5)
        """
    )
    pytester.runpytest_inprocess("--soak-iterations=1", "--soak-minutes=1", "--soak-gate=off")
    assert summary(pytester.path, 1)["provenance"]["scenario"] == "volatile"


def test_hooks_of_market_tuner_and_listener(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    conftest(
        pytester,
        """
from pytest_soak import Proposal

class OurMarket:
    source = "mock"
    name = "ours"

    def describe(self):
        return {"ours": 1}

def pytest_soak_make_market(request):
    return OurMarket() if request.scenario == "ours" else None

def pytest_soak_propose(context):
    return Proposal(by="ours", zone=None, drivers=(), deltas={"tail_age_ms": 10.0})

SEEN = []

def pytest_soak_iteration_finished(record, parameters):
    SEEN.append((record.iteration, parameters["tail_age_ms"]))

def pytest_sessionfinish():
    assert SEEN == [(1, 750.0), (2, 760.0), (3, 760.0)], SEEN
""",
    )
    args = ("--soak-profile=steady_safe", "--soak-scenario=ours", "--soak-iterations=3")
    pytester.runpytest_inprocess(*args, "-p", "no:randomly").assert_outcomes(passed=4)
    assert summary(pytester.path, 1)["tuning"]["proposed_by"] == "ours"
    assert summary(pytester.path, 1)["provenance"]["scenario"] == "ours"


def test_a_test_may_ask_for_the_whole_canary(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """One item per canary; the test advances it as it likes."""
    scripted([GOOD])
    pytester.makepyfile(
        """
        def test_whole(soak_canary, soak_artifacts):
            records = list(soak_canary.advance_to(3))
            assert [record.iteration for record in records] == [1, 2, 3]
            assert list(soak_canary.advance_to(2)) == []
            assert (soak_artifacts / "ITER_SUMMARY_3.json").is_file()
        """
    )
    result = pytester.runpytest_inprocess("--soak-profile=steady_safe", "--soak-seed=1..2")
    result.assert_outcomes(passed=2)


def test_two_tests_on_one_canary_keep_apart(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Each test has its own folder, so fixtures that differ between modules do not meet."""
    scripted([GOOD])
    text = """
        import pytest

        @pytest.fixture
        def soak_overrides():
            return {{"tail_age_ms": {}}}

        def test_maker(soak_iteration):
            assert soak_iteration.number > 1 or soak_iteration.parameters["tail_age_ms"] == {}
    """
    pytester.makepyfile(test_a=text.format(600, 600), test_b=text.format(700, 700))
    result = pytester.runpytest_inprocess(
        "--soak-profile=steady_safe", "--soak-iterations=2", "--soak-gate=off"
    )
    result.assert_outcomes(passed=6)
    folders = list((pytester.path / "artifacts/soak/latest").glob("test_maker-*-steady_safe-calm-s1"))
    assert len(folders) == 2


def examples() -> dict[str, str]:
    """The conftest example of every hook's docstring."""
    found = {}
    for name, spec in vars(hookspecs).items():
        if name.startswith("pytest_soak_"):
            text = inspect.getdoc(spec) or ""
            found[name] = textwrap.dedent(text.partition("::\n")[2])
    return found


@pytest.mark.parametrize("name", examples())
def test_the_examples_of_the_hooks_work(pytester: pytest.Pytester, name: str) -> None:
    """Each docstring's example, word for word, as the conftest.py of a run."""
    pytester.makepyfile(
        my_desk="""
        from pytest_soak.domain.settings import MakerSettings
        from pytest_soak.market import ReferenceMaker

        def OurMaker(fees):
            return ReferenceMaker(MakerSettings(base_half_spread_bps=3.0), fees)
        """
    )
    pytester.makeconftest(examples()[name])
    args = ("--soak-iterations=2", "--soak-gate=off", "-s")
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(passed=3)
    if name == "pytest_soak_iteration_finished":
        result.stdout.fnmatch_lines(["*2 OK {*'min_interval_ms': 62.0*"])
    if name == "pytest_soak_propose":
        assert summary(pytester.path, 1)["tuning"]["proposed_by"] == "hold_still"
