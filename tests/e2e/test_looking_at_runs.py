"""``pytest-soak status``, ``explain`` and ``compare`` on real runs: they say what the journal holds."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_soak import cli
from pytest_soak.observe.reading import open_run
from pytest_soak.store.journal.journal import Journal

ARTIFACTS = Path("artifacts/soak")
CANARY = "steady_safe-calm-s1"


def soak(pytester: pytest.Pytester, *options: str, profile: str = "steady_safe", seeds: str = "1") -> Path:
    """Run a short soak, by default of a canary that holds its gates; the folder of its run."""
    known = set((pytester.path / ARTIFACTS / "runs").glob("*"))
    pytester.runpytest_inprocess(
        *(f"--soak-profile={profile}", f"--soak-seed={seeds}", "--soak-iterations=4", "--soak-gate=soft"),
        *options,
    )
    (made,) = set((pytester.path / ARTIFACTS / "runs").glob("*")) - known
    return made


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    capsys.readouterr()
    assert cli.main(arguments) == 0
    return capsys.readouterr().out.splitlines()


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_looking_at_a_run_changes_nothing_in_it(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run = soak(pytester)
    before = hashes(pytester.path)
    said(capsys, "status")
    said(capsys, "explain", run.name, CANARY, "2")
    said(capsys, "compare", run.name, "latest")
    assert hashes(pytester.path) == before


def test_a_run_in_progress_is_read_up_to_its_newest_iteration(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run = soak(pytester)
    writer = sqlite3.connect(run / CANARY / "soak.db")
    try:
        writer.execute("BEGIN IMMEDIATE")
        assert len(open_run(run, ARTIFACTS).canary(CANARY).records) == 4
    finally:
        writer.close()


def test_status_lists_the_newest_run_first_with_verdict_and_progress(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    first = soak(pytester)
    second = soak(pytester, "-k", "not gates and (iter001 or iter002)", seeds="1..2")
    lines = said(capsys, "status")
    assert lines[1].split()[:4] == [second.name, "2", "4/8", "-"]
    assert lines[2].split()[:4] == [first.name, "1", "4/4", "OK"]
    assert all(len(line) <= 80 and line.endswith("ago") for line in lines[1:])


def test_status_says_what_is_damaged_and_lists_the_others(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, damaged, foreign = soak(pytester), soak(pytester), soak(pytester)
    journal = damaged / CANARY / "soak.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("DROP TRIGGER iterations_no_update")
        connection.execute("UPDATE iterations SET record = '{}' WHERE number = 2")
    connection.close()
    (foreign / "RUN.json").write_text("{", encoding="utf-8")
    lines = said(capsys, "status")
    text = "\n".join(lines)
    assert f"{sound.name}        1         4/4 OK" in text
    assert "iteration 2 is damaged" in text
    assert text.count(" damaged  ") == 2
    assert "RUN.json" in text


def test_status_of_what_is_no_artifacts_folder_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", str(tmp_path)]) == 2
    assert "there is no run yet" in capsys.readouterr().err
    assert cli.main(["status", str(tmp_path / "none")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_explain_follows_a_parameter_as_the_record_has_it(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run = soak(pytester)
    with Journal.read(run / CANARY / "soak.db") as journal:
        record = next(one for one in journal.records() if any(one.decision.proposal.values()))
    number = str(record.iteration)
    decision = record.decision
    name = next(name for name, wanted in decision.proposal.items() if wanted)
    lines = said(capsys, "explain", str(run), CANARY, number, name)
    before, after = record.parameters_before[name], record.parameters_after[name]
    assert any(line.startswith(f"  {name}: {before:g} -> {after:g}") for line in lines)
    for opinion in decision.opinions:
        if opinion.parameter == name:
            assert any(f"{opinion.guard}: {opinion.action.value}, {opinion.reason}" in line for line in lines)
    every = said(capsys, "explain", "latest", CANARY, number)
    assert all(any(line.startswith(f"  {known}: ") for line in every) for known in record.parameters_before)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nowhere", CANARY, "1"), "there is no run 'nowhere'"),
        (("latest", "other", "1"), f"no canary 'other'; known are {CANARY}"),
        (("latest", CANARY, "9"), "iteration 9 is not in the journal, which holds 1 to 4"),
        (("latest", CANARY, "1", "spread"), "parameter 'spread': known are base_spread_bps_delta"),
        (("a/b", CANARY, "1"), "a/b: not a run: a run's folder holds RUN.json"),
    ],
)
def test_explain_refuses_what_is_not_there(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], text: str
) -> None:
    soak(pytester)
    assert cli.main(["explain", *arguments]) == 2
    assert text in capsys.readouterr().err


def test_a_run_compared_with_its_repetition_differs_in_nothing(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = soak(pytester), soak(pytester)
    text = "\n".join(said(capsys, "compare", str(first), str(second), "--fail", "net_bps:-0%,risk_ratio:+0"))
    assert "changed: nothing" in text
    assert "1 pair(s), 1 with the same records" in text
    assert "better" not in text
    assert "worse" not in text


def test_changes_are_named_before_any_kpi(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = said(capsys, "profiles", "--show", "steady_safe")
    shipped = [line.replace('"steady_safe"', '"mine"') for line in shipped]
    profile = pytester.path / "soak_profiles" / "mine.toml"
    profile.parent.mkdir()
    profile.write_text("\n".join(shipped), encoding="utf-8")
    first = soak(pytester, profile="mine")
    profile.write_text("\n".join([*shipped, "", "[maker]", "skew_bps = 2.0"]), encoding="utf-8")
    second = soak(pytester, "--soak-override=tail_age_ms=700", profile="mine", seeds="1..2")
    lines = said(capsys, "compare", str(first), str(second))
    first_kpi = next(i for i, line in enumerate(lines) if line.startswith("  net_bps"))
    changed = [line for line in lines[:first_kpi] if line.startswith("changed: ")]
    assert "changed: profile mine: maker.skew_bps was 15.0 and is 2.0" in changed
    assert any("setting overrides was [] and is ['tail_age_ms=700" in line for line in changed)
    assert "only after: mine-calm-s2" in lines


def test_a_limit_that_is_failed_makes_exit_code_1(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pytester.mkdir("soak_profiles")
    runs = []
    for half in (4.45, 3.0):
        text = f'extends = "steady_safe"\n[maker]\nbase_half_spread_bps = {half}\n'
        (folder / "mine.toml").write_text(text, encoding="utf-8")
        runs.append(str(soak(pytester, profile="mine", seeds="1..3")))
    wide, narrow = runs
    file = pytester.path / "compared.md"
    limit = "--fail=maker_taker_ratio:-0.5,gross_bps:-0.01"
    assert cli.main(["compare", narrow, wide, limit, f"--markdown={file}"]) == 0
    assert "OK: gross_bps:-0.01 on mine, calm" in capsys.readouterr().out
    assert "| net_bps |" in file.read_text("utf-8")
    assert cli.main(["compare", wide, narrow, limit]) == 1
    assert "FAIL: gross_bps:-0.01 on mine, calm" in capsys.readouterr().out


def test_what_was_not_measured_fails_its_limit(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run = soak(pytester)
    assert cli.main(["compare", str(run), str(run), "--fail=slippage_bps_p95:+1"]) == 1
    assert "NO_DATA: slippage_bps_p95:+1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ("net_bps", "limit 'net_bps': accepted is KPI:-X or KPI:+X"),
        ("net:-5%", "unknown KPI; known are net_bps"),
        ("net_bps:+5%", "net_bps gets worse the other way; accepted is net_bps:-X"),
        ("risk_ratio:-0.1", "accepted is risk_ratio:+X"),
        ("", "limit '': accepted is"),
    ],
)
def test_a_limit_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits: str, text: str
) -> None:
    assert cli.main(["compare", str(tmp_path), str(tmp_path), f"--fail={limits}"]) == 2
    assert text in capsys.readouterr().err


def test_ages_are_as_of_now(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    run = soak(pytester)
    started = json.loads((run / CANARY / "ITER_SUMMARY_3.json").read_text("utf-8"))["wall"]["started_at"]
    later = datetime.fromisoformat(started).astimezone(UTC).replace(microsecond=0)
    assert cli.main(["status"], now=later.replace(year=later.year + 1)) == 0
    assert "365 d ago" in capsys.readouterr().out or "366 d ago" in capsys.readouterr().out
