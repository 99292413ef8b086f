"""What runs and what does not: selection, options of pytest itself, the shipped canary."""

from __future__ import annotations

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import Scripted, canary_folder, summary

GOOD = (3.2, 0.30, 1.0)
BAD = (1.2, 0.30, 1.0)
SOAK = ("--soak-iterations=4", "--soak-profile=steady_safe")
OWN_TEST = """
    def test_ordinary():
        pass

    def test_maker(soak_iteration):
        soak_iteration.check_gates()
"""


def test_only_soak_items_run_with_a_soak_option(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.makepyfile(OWN_TEST)
    result = pytester.runpytest_inprocess(*SOAK)
    result.assert_outcomes(passed=5, deselected=1)
    result.stdout.fnmatch_lines(["soak: 5 items of 1 canary; 1 other test deselected"])


def test_everything_runs_without_a_soak_option(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The defaults of a test that asks for an iteration: profile default, six iterations, and the gates."""
    scripted([GOOD])
    pytester.makepyfile(OWN_TEST)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=8)


def test_ids(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.makepyfile(test_x=OWN_TEST)
    result = pytester.runpytest_inprocess(
        *SOAK, "--soak-seed=1..2", "--soak-seed=7", "--co", "-q", "-p", "no:randomly"
    )
    lines = [line for line in result.outlines if "::" in line]
    assert lines[:5] == [
        *(f"test_x.py::test_maker[steady_safe-calm-s1-iter00{n}]" for n in range(1, 5)),
        "test_x.py::test_maker[steady_safe-calm-s1-gates]",
    ]
    assert len(lines) == 15
    assert lines[-1] == "test_x.py::test_maker[steady_safe-calm-s7-gates]"
    assert not (pytester.path / "artifacts/soak/runs").exists()


def test_shipped_canary_runs_where_there_is_no_soak_test(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    scripted([GOOD])
    pytester.makepyfile("def test_ordinary(): pass")
    result = pytester.runpytest_inprocess(*SOAK)
    result.assert_outcomes(passed=5, deselected=1)


def test_marker_sets_the_same_per_test(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([BAD])
    pytester.makepyfile(
        test_x="""
        import pytest

        @pytest.mark.soak(profile="ultra_safe", scenario="volatile", seed=[3, 4], iterations=3, gates="off")
        def test_maker(soak_iteration):
            soak_iteration.check_gates()
        """
    )
    result = pytester.runpytest_inprocess(*SOAK, "-v")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["test_x.py::test_maker?ultra_safe-volatile-s4-iter003? PASSED*"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("pytest.mark.soak(profil='x')", "*soak marker has no argument 'profil'; accepted are profile,*"),
        ("pytest.mark.soak(iterations=0)", "*iterations = 0 is not a whole number of at least 1*"),
        ("pytest.mark.soak(seed='a')", "*seed = 'a' is not a seed or a list of seeds*"),
        ("pytest.mark.soak(gates='strict')", "*gates = 'strict' is not one of hard, soft, off*"),
        ("pytest.mark.soak('x')", "*soak marker takes keyword arguments only*"),
        ("pytest.mark.soak(profile='nope')", "*profile 'nope' does not exist; known are*steady_safe*"),
        ("pytest.mark.soak(scenario=3)", "*scenario = 3 is not a name or a list of names*"),
    ],
)
def test_marker_mistakes_are_one_clear_error(pytester: pytest.Pytester, marker: str, message: str) -> None:
    pytester.makepyfile(f"import pytest\n@{marker}\ndef test_x(soak_iteration): pass")
    result = pytester.runpytest_inprocess()
    assert result.ret != 0
    result.stdout.fnmatch_lines([message])
    assert "pluggy" not in result.stdout.str().partition("ERRORS")[2]


def test_a_marked_test_without_a_soak_fixture_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.soak(iterations=3)\ndef test_x(): pass")
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["*is marked soak but asks for no soak fixture*"])
    assert result.ret != 0


def test_ids_of_the_shipped_canary_can_be_copied(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The ids that a run prints select its items again, with or without other options."""
    scripted([GOOD])
    one = "soak::test_soak[default-calm-s1-iter002]"
    pytester.runpytest_inprocess(one).assert_outcomes(passed=1, deselected=6)
    pytester.runpytest_inprocess("soak::test_soak", *SOAK).assert_outcomes(passed=5)
    result = pytester.runpytest_inprocess("soak::test_soak[default-calm-s2-iter002]")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*no item soak::test_soak?default-calm-s2-iter002?; there are soak::test_soak*"]
    )


def test_k_selects_iterations(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    result = pytester.runpytest_inprocess(*SOAK, "-k", "iter003")
    result.assert_outcomes(passed=1, deselected=4)
    assert summary(pytester.path, 3)["iteration"] == 3


def test_x_stops_at_the_first_missed_gate(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD, GOOD, BAD])
    result = pytester.runpytest_inprocess(*SOAK, "-x", "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=1)
    assert not (canary_folder(pytester.path) / "ITER_SUMMARY_4.json").exists()


def test_the_chain_goes_on_after_a_missed_gate(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The failure names KPI, value, threshold, how far off, and the file to open."""
    scripted([GOOD, GOOD, BAD, GOOD])
    result = pytester.runpytest_inprocess(*SOAK)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        ["*iteration 3 of steady_safe-calm-s1 missed 1 gate*", "*net_bps*1.2*2*0.8*", "*ITER_SUMMARY_3.json"]
    )


def test_lf_reruns_the_failed_iteration_with_the_same_result(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    scripted([GOOD, GOOD, BAD, GOOD])
    pytester.runpytest_inprocess(*SOAK)
    result = pytester.runpytest_inprocess(*SOAK, "--lf")
    result.assert_outcomes(failed=1, deselected=4)
    assert summary(pytester.path, 3)["summary"]["kpi_verdict"] == "FAIL"


def test_soft_gates_and_warm_up_warn(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """HAVE-5: soft mode warns and exits 0; a user can turn the warnings into failures."""
    scripted([BAD])
    result = pytester.runpytest_inprocess(*SOAK, "--soak-gate=soft")
    result.assert_outcomes(passed=5, warnings=1)
    result.stdout.fnmatch_lines(["*(and 4 more of steady_safe-calm-s1: FAIL net_bps)*"])
    result.stdout.fnmatch_lines(["*SoakGateWarning: iteration 1 of steady_safe-calm-s1: FAIL: net_bps*"])
    result = pytester.runpytest_inprocess(
        *SOAK, "--soak-gate=soft", "-W", "error::pytest_soak.SoakGateWarning"
    )
    result.assert_outcomes(failed=5)
    result = pytester.runpytest_inprocess(*SOAK)
    result.assert_outcomes(failed=3, passed=2, warnings=1)


def test_missing_data_never_passes(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """A strategy that never trades has no net_bps: NO_DATA, and the items fail."""
    scripted([(None, None, None)])
    result = pytester.runpytest_inprocess(*SOAK)
    result.assert_outcomes(failed=3, passed=2, warnings=3)
    assert summary(pytester.path, 3)["summary"]["kpi_verdict"] == "NO_DATA"
    assert summary(pytester.path, 3)["summary"]["net_bps"] is None


def test_warm_up_alone_is_no_verdict(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    result = pytester.runpytest_inprocess("--soak-iterations=2", "--soak-profile=steady_safe")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*steady_safe-calm-s1: 2 iteration(s) and a warm-up of 2 leave nothing to*",
            "FAILED *steady_safe-calm-s1-gates] - NO_DATA: 2 of 2 are warm-up",
        ]
    )


def test_junit_holds_the_kpis(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.runpytest_inprocess(*SOAK, "--junitxml=junit.xml")
    root = ElementTree.parse(pytester.path / "junit.xml").getroot()
    case = next(c for c in root.iter("testcase") if "iter003" in c.attrib["name"])
    properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
    assert float(properties["soak.net_bps"]) == pytest.approx(3.2)
    assert properties["soak.verdict"] == "OK"
    assert properties["soak.profile"] == "steady_safe"
    assert properties["soak.strategy"] == "scripted"
    gates = next(c for c in root.iter("testcase") if "gates" in c.attrib["name"])
    over_the_run = {p.attrib["name"]: p.attrib["value"] for p in gates.iter("property")}
    assert over_the_run["soak.verdict"] == "OK"
    origin = ("soak.profile", "soak.scenario", "soak.seed", "soak.strategy")
    assert [over_the_run[name] for name in origin] == [properties[name] for name in origin]
    assert over_the_run["soak.zone"] in ("AGGRESSIVE", "MODERATE", "HOLD", "NORMALIZE")


def test_junit_has_no_property_for_what_was_not_measured(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    scripted([(None, None, None)])
    pytester.runpytest_inprocess(*SOAK, "--junitxml=junit.xml")
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert 'value="None"' not in text
    assert "soak.net_bps" not in text
    assert 'name="soak.verdict" value="NO_DATA"' in text


def test_quiet_and_verbose(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    quiet = pytester.runpytest_inprocess(*SOAK, "-q")
    assert not any(line.startswith("soak: ") for line in quiet.outlines)
    quiet.stdout.fnmatch_lines(["*soak summary*", "5 passed*"])
    verbose = pytester.runpytest_inprocess(*SOAK, "-v")
    verbose.stdout.fnmatch_lines(["soak::test_soak?steady_safe-calm-s1-iter001? PASSED*"])


def test_without_autoload_it_works_by_its_module_name(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "pytest_soak.plugin", *SOAK]
    done = subprocess.run(
        command, cwd=pytester.path, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_switched_off_the_plugin_is_gone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_ordinary(): pass")
    pytester.runpytest_inprocess("-p", "no:soak").assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess("-p", "no:soak", "--soak-iterations=3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_help_shows_one_group(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_inprocess("--help").stdout.str()
    group = text[text.index("soak: market-making strategies") :]
    options = ("iterations", "profile", "scenario", "seed", "override", "minutes", "gate", "artifacts")
    for option in (*options, "resume", "replay", "no-tune"):
        assert f"--soak-{option}" in group
        assert f"soak_{option.replace('-', '_')}" in text


def test_ini_options(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Ini options set defaults; the command line wins."""
    scripted([GOOD])
    pytester.makepyfile(OWN_TEST)
    pytester.makeini("[pytest]\nsoak_iterations = 3\nsoak_profile = ultra_safe\nsoak_seed = 4..5\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=9)
    pytester.runpytest_inprocess("--soak-iterations=2", "--soak-gate=off").assert_outcomes(
        passed=6, deselected=1
    )
    pytester.makeini("[pytest]\nsoak_iterations = three\n")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: ini option soak_iterations: 'three' is not a whole number of at least 1"]
    )


def test_fixtures_are_documented(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest_inprocess("--fixtures").stdout.str()
    for name in ("profile", "market", "overrides", "artifacts", "canary", "iteration"):
        assert f"soak_{name} -- " in text
    assert "_soak_case" not in text


def test_the_short_summary_begins_with_the_gate(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Within 80 columns, for an item of a test and for that of the gates."""
    scripted([(1.97, 0.30, 1.0)])
    result = pytester.runpytest_inprocess("--soak-iterations=4", "--soak-profile=steady_safe")
    lines = [line for line in result.stdout.lines if line.startswith("FAILED")]
    assert lines == [
        f"FAILED soak::test_soak[steady_safe-calm-s1-{part}] - net_bps 1.97 < 2"
        for part in ("iter003", "iter004", "gates")
    ]
    assert all(len(line) <= 80 for line in lines)
