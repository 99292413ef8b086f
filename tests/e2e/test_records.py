"""What a run leaves behind: thresholds, provenance, clock, encoding, and nothing of another run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.e2e.conftest import Scripted, canary_folder, summary

GOOD = (3.2, 0.30, 1.0)
JOB = ("--soak-profile=steady_safe", "--soak-iterations=3")


@pytest.fixture
def ran(pytester: pytest.Pytester, scripted: Scripted) -> pytest.Pytester:
    scripted([GOOD])
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    return pytester


def test_thresholds_and_provenance_are_in_every_record(ran: pytest.Pytester) -> None:
    """Pitfalls 2, 14 and 15: a verdict can be checked against the numbers that it was made from."""
    for number in (1, 2, 3):
        record = summary(ran.path, number)
        bounds = {gate["kpi"]: (gate["bound"], gate["threshold"]) for gate in record["gates"]}
        assert bounds == {
            "net_bps": (">= 2", 2.0),
            "adverse_bps_p95": ("<= 3", 3.0),
            "risk_ratio": ("<= 0.4", 0.4),
        }
        provenance = record["provenance"]
        assert (provenance["source"], provenance["seed"], provenance["scenario"]) == ("mock", 1, "calm")
        assert len(provenance["profile_hash"]) == len(provenance["inputs_hash"]) == 64
        assert record["summary"]["samples"]["net_bps"] == 100


def test_files_are_ascii_with_unix_line_ends_and_times_are_utc(ran: pytest.Pytester) -> None:
    """Pitfall 25."""
    folder = canary_folder(ran.path).resolve()
    texts = [*folder.glob("*.json"), *folder.glob("*.jsonl"), folder.parent / "RUN.json"]
    assert len(texts) == 9
    for path in texts:
        data = path.read_bytes()
        assert data.isascii()
        assert b"\r" not in data
        assert data.endswith(b"\n")
    started = datetime.fromisoformat(summary(ran.path, 1)["wall"]["started_at"])
    assert started.utcoffset() == timedelta(0)


def test_a_run_knows_nothing_of_the_one_before(ran: pytest.Pytester) -> None:
    """Pitfalls 10 and 11: state and report belong to one run and start at iteration 1."""
    first = canary_folder(ran.path).resolve()
    kept = {path.name: path.read_bytes() for path in first.iterdir()}
    assert ran.runpytest_inprocess(*JOB).ret == 0
    second = canary_folder(ran.path).resolve()
    assert second != first
    assert {path.name: path.read_bytes() for path in first.iterdir()} == kept
    report = json.loads((second / "TUNING_REPORT.json").read_text(encoding="utf-8"))
    assert [row["iteration"] for row in report["iterations"]] == [1, 2, 3]


def test_what_is_said_is_what_was_committed(ran: pytest.Pytester) -> None:
    """Pitfall 7: summary, report, audit log and the next iteration agree on the one decision."""
    folder = canary_folder(ran.path)
    report = json.loads((folder / "TUNING_REPORT.json").read_text(encoding="utf-8"))
    events = [json.loads(line) for line in (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    applied = {event["iteration"]: event["deltas"] for event in events if event["event"] == "applied"}
    for row in report["iterations"]:
        record = summary(ran.path, row["iteration"])
        assert row["applied_deltas"] == record["tuning"]["deltas"]
        assert applied.get(row["iteration"], {}) == row["applied_deltas"]
    for number in (1, 2):
        assert summary(ran.path, number + 1)["overrides"] == summary(ran.path, number)["next_overrides"]
