from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.hashing import canonical_json, sha256_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.records import Action, IterationRecord
from pytest_soak.store.exports import artifacts
from pytest_soak.store.exports.artifacts import Exports, export, render, summary_name, summary_number
from pytest_soak.store.exports.models import TuningReport
from pytest_soak.store.exports.views import record_of
from pytest_soak.store.journal.journal import Journal
from tests.rules_kit import STEADY_SAFE
from tests.store_kit import INPUTS, audit_lines, commits, contents, filled, quiet_state, read

COUNT = 14


SMALL = {
    "TUNING_REPORT.json",
    "TUNING_STATE.json",
    "EDGE_REPORT.json",
    "runtime_overrides.json",
    "audit.jsonl",
}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with filled(tmp_path / "soak.db", COUNT) as opened:
        yield opened


def state() -> Any:
    return commits(COUNT)[-1].state


def test_every_export_is_there_and_reads_well(tmp_path: Path, journal: Journal) -> None:
    written = export(tmp_path, journal, state(), STEADY_SAFE)
    assert set(written) == SMALL | {summary_name(n) for n in range(1, COUNT + 1)}
    assert set(contents(tmp_path)) == set(written)
    for name, data in contents(tmp_path).items():
        assert data.isascii()
        assert data.endswith(b"\n")
        assert b"\r" not in data
        if name.endswith(".json"):
            if name == "TUNING_REPORT.json":
                assert list(json.loads(data)) == ["summary", "iterations", "schema_version"]
            else:
                assert data == render(json.loads(data))
            second = name.startswith(("ITER_SUMMARY", "TUNING_REPORT"))
            assert json.loads(data)["schema_version"] == (2 if second else 1)


def test_a_summary_is_the_record_its_hash_and_its_clock(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    for number, commit in enumerate(commits(COUNT), 1):
        summary = read(tmp_path, summary_name(number))
        wall = summary.pop("wall")
        sha256 = summary["record_sha256"]
        record = record_of({**summary, "wall": wall})
        assert IterationRecord.model_validate(record) == commit.record
        assert sha256 == sha256_of(record)
        assert wall == commit.wall.model_dump()


def check_digest(report: TuningReport, records: list[IterationRecord]) -> None:
    """The summary of a report, counted anew from the records."""
    digest = report.summary
    assert digest is not None
    judged = [record.verdict for record in records if not record.warmup]
    assert digest.verdicts == {verdict.value: judged.count(verdict) for verdict in set(judged)}
    assert digest.verdict in judged
    assert digest.parameters_first == records[0].parameters_before
    assert digest.parameters_last == records[-1].parameters_after
    refused = [o for r in records for o in r.decision.opinions if o.action is Action.REFUSE]
    counted = {(guard, name): n for guard, said in digest.stopped.items() for name, n in said.items()}
    assert sum(counted.values()) == len(refused)
    assert counted.keys() == {(o.guard, o.parameter or "all") for o in refused}
    for name, parameter in PARAMETERS.items():
        values = [record.parameters_before[name] for record in records]
        low, high = values.count(parameter.low), values.count(parameter.high)
        use = digest.at_bound.get(name)
        assert (low, high) == ((0, 0) if use is None else (use.low, use.high))


def test_the_small_files_say_what_the_journal_says(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    made = commits(COUNT)
    assert read(tmp_path, "TUNING_STATE.json") == state().model_dump(mode="json")
    assert {"last_applied_signature", "frozen_until_iter", "freeze_reason", "cooldown_until_iter"} <= set(
        read(tmp_path, "TUNING_STATE.json")
    )
    assert read(tmp_path, "EDGE_REPORT.json") == json.loads(made[-1].edge.text)
    overrides = read(tmp_path, "runtime_overrides.json")
    assert overrides["parameters"] == made[-1].record.parameters_after
    assert overrides["sha256"] == made[-1].record.parameters_after_hash
    report = TuningReport.model_validate(read(tmp_path, "TUNING_REPORT.json"))
    check_digest(report, [commit.record for commit in made])
    assert [row.iteration for row in report.iterations] == list(range(1, COUNT + 1))
    for row, commit in zip(report.iterations, made, strict=True):
        decision = commit.record.decision
        assert (
            row.zone,
            row.opinions,
            row.skipped_reason,
            row.applied_deltas,
            row.reverted,
            row.verdict,
        ) == (
            decision.zone,
            decision.opinions,
            decision.skipped_reason,
            decision.applied_deltas,
            decision.reverted,
            commit.record.verdict,
        )


def test_the_audit_log_has_a_line_per_event(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    found = audit_lines(tmp_path)
    text = (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert text == [canonical_json(line) for line in found]
    assert all(line["schema_version"] == 1 for line in found)
    assert [line["iteration"] for line in found] == sorted(line["iteration"] for line in found)
    kinds = {"measured", "gate", "guard", "applied", "skipped", "reverted"}
    assert {line["event"] for line in found} == kinds
    for commit in commits(COUNT):
        record, decision = commit.record, commit.record.decision
        of = [line for line in found if line["iteration"] == record.iteration]
        count = {kind: sum(line["event"] == kind for line in of) for kind in kinds}
        assert count == {
            "measured": 1,
            "gate": len(record.gates),
            "guard": len(decision.opinions),
            "skipped": decision.skipped_reason is not None,
            "reverted": decision.reverted is not None,
            "applied": decision.applied and decision.reverted is None,
        }
        change = [line for line in of if line["event"] in ("applied", "reverted")]
        assert [line["parameters"] for line in change] == [record.parameters_after] * len(change)


def test_export_by_export_gives_the_bytes_of_one_export_at_the_end(tmp_path: Path) -> None:
    whole, step = tmp_path / "whole", tmp_path / "step"
    with filled(whole / "soak.db", COUNT) as journal:
        export(whole, journal, state(), STEADY_SAFE)
    with Journal.open(step / "soak.db", inputs=INPUTS) as journal:
        exports = Exports(step, journal)
        assert set(exports.rebuild(quiet_state(), STEADY_SAFE)) == SMALL - {"EDGE_REPORT.json"}
        for commit in commits(COUNT):
            commit.to(journal)
            exports.add(commit.state)
            exports.add(commit.state)
            assert exports.rebuild(commit.state, STEADY_SAFE) == ()
    assert contents(step) == contents(whole)


def test_before_the_first_iteration_the_initial_parameters_are_exported(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "soak.db", inputs=INPUTS) as journal:
        export(tmp_path, journal, quiet_state(), STEADY_SAFE)
    assert read(tmp_path, "runtime_overrides.json")["parameters"] == STEADY_SAFE
    assert read(tmp_path, "TUNING_REPORT.json") == {
        "summary": None,
        "iterations": [],
        "schema_version": 2,
    }
    assert (tmp_path / "audit.jsonl").read_bytes() == b""


@pytest.mark.parametrize("damage", ["missing", "empty", "torn", "garbage", "longer", "link"])
def test_what_is_missing_or_damaged_is_rebuilt_to_the_same_bytes(
    damage: str, tmp_path: Path, journal: Journal
) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    before = contents(tmp_path)
    names = set(before) - {"runtime_overrides.json"} if damage != "missing" else set(before)
    for name in names:
        path = tmp_path / name
        data = before[name]
        path.unlink()
        if damage == "link":
            path.symlink_to(tmp_path / "soak.db")
        elif damage != "missing":
            path.write_bytes(
                {"empty": b"", "torn": data[:-9], "garbage": b"\0", "longer": data + b"{}"}[damage]
            )
    (tmp_path / ".tmp-left-by-a-kill").write_bytes(b"x")
    assert set(export(tmp_path, journal, state(), STEADY_SAFE)) == names
    assert contents(tmp_path) == before
    assert export(tmp_path, journal, state(), STEADY_SAFE) == ()


def test_a_damaged_audit_log_is_mended_by_the_next_iteration(tmp_path: Path) -> None:
    with filled(tmp_path / "soak.db", 3) as journal:
        exports = Exports(tmp_path, journal)
        exports.rebuild(commits(COUNT)[2].state, STEADY_SAFE)
        (tmp_path / "audit.jsonl").write_bytes(b'{"torn')
        commits(COUNT)[3].to(journal)
        exports.add(commits(COUNT)[3].state)
        assert exports.rebuild(commits(COUNT)[3].state, STEADY_SAFE) == ()
    assert {line["iteration"] for line in audit_lines(tmp_path)} == {1, 2, 3, 4}


def test_overrides_of_an_earlier_iteration_are_brought_up_to_date(tmp_path: Path, journal: Journal) -> None:
    """A kill between commit and export leaves them so."""
    export(tmp_path, journal, state(), STEADY_SAFE)
    before = contents(tmp_path)
    for parameters in (STEADY_SAFE, commits(COUNT)[COUNT // 2].record.parameters_after):
        (tmp_path / "runtime_overrides.json").write_bytes(artifacts.render_overrides(parameters))
        export(tmp_path, journal, state(), STEADY_SAFE)
        assert contents(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"{}", b'{"tail_age_ms": 600}', b"\xff", None])
def test_overrides_that_the_canary_did_not_write_are_not_overwritten(
    content: bytes | None, tmp_path: Path, journal: Journal
) -> None:
    if content is None:
        content = artifacts.render_overrides({**STEADY_SAFE, "tail_age_ms": 741.0})
    path = tmp_path / "runtime_overrides.json"
    path.write_bytes(content)
    with pytest.raises(SoakStateError, match=r"not what this canary wrote.*delete it to go on") as caught:
        export(tmp_path, journal, state(), STEADY_SAFE)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    path.unlink()
    assert "runtime_overrides.json" in export(tmp_path, journal, state(), STEADY_SAFE)


def test_summary_numbers_are_numbers() -> None:
    assert [summary_number(summary_name(n)) for n in (1, 9, 10, 1000)] == [1, 9, 10, 1000]
    for name in (
        "ITER_SUMMARY_0.json",
        "ITER_SUMMARY_01.json",
        "ITER_SUMMARY_.json",
        "ITER_SUMMARY_1.json.gz",
        "x",
    ):
        assert summary_number(name) is None


def test_numbers_that_are_not_finite_never_reach_a_file() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        render({"a": float("nan")})
