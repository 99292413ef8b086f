from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.hashing import canonical_json, sha256_of
from pytest_soak.domain.records import IterationRecord
from pytest_soak.store import artifacts, runs, schemas
from pytest_soak.store.artifacts import Exports, export, render, summary_name, summary_number
from pytest_soak.store.journal import Journal
from pytest_soak.store.models import RunManifest, TuningReport, WallClock
from tests.rules_kit import STEADY_SAFE
from tests.store_kit import INPUTS, commits, contents, filled, quiet_state

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


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_export_is_there_and_reads_well(tmp_path: Path, journal: Journal) -> None:
    written = export(tmp_path, journal, state(), STEADY_SAFE)
    assert set(written) == SMALL | {summary_name(n) for n in range(1, COUNT + 1)}
    assert set(contents(tmp_path)) == set(written)
    for name, data in contents(tmp_path).items():
        assert data.isascii()
        assert data.endswith(b"\n")
        assert b"\r" not in data
        if name.endswith(".json"):
            assert data == render(json.loads(data))
            assert json.loads(data)["schema_version"] == 1


def test_a_summary_is_the_record_its_hash_and_its_clock(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    for number, commit in enumerate(commits(COUNT), 1):
        summary = read(tmp_path, summary_name(number))
        wall = summary.pop("wall")
        sha256 = summary.pop("record_sha256")
        assert IterationRecord.model_validate(summary) == commit.record
        assert sha256 == sha256_of(summary)
        assert wall == commit.wall.model_dump()


def test_the_small_files_say_what_the_journal_says(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    made = commits(COUNT)
    assert read(tmp_path, "TUNING_STATE.json") == state().model_dump(mode="json")
    assert {"last_applied_signature", "frozen_until_iter", "freeze_reason", "cooldown_until_iter"} <= set(
        read(tmp_path, "TUNING_STATE.json")
    )
    assert read(tmp_path, "EDGE_REPORT.json") == made[-1].edge.model_dump(mode="json")
    overrides = read(tmp_path, "runtime_overrides.json")
    assert overrides["parameters"] == made[-1].record.parameters_after
    assert overrides["sha256"] == made[-1].record.parameters_after_hash
    report = TuningReport.model_validate(read(tmp_path, "TUNING_REPORT.json"))
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
    found = lines(tmp_path)
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
    assert read(tmp_path, "TUNING_REPORT.json") == {"iterations": [], "schema_version": 1}
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
    assert {line["iteration"] for line in lines(tmp_path)} == {1, 2, 3, 4}


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


# Schemas


@cache
def validator(kind: str) -> Any:
    return jsonschema.Draft202012Validator(schemas.load(kind))


def kind_of(name: str) -> str:
    return "ITER_SUMMARY" if summary_number(name) else name.removesuffix(".json")


@pytest.mark.parametrize("name", schemas.NAMES)
def test_shipped_schemas_are_those_of_the_models(name: str) -> None:
    assert schemas.load(name) == schemas.generate(name), "run: python -m pytest_soak.store.schemas"
    jsonschema.Draft202012Validator.check_schema(schemas.load(name))


def test_schemas_are_written_where_they_are_read_from(tmp_path: Path) -> None:
    schemas.write(tmp_path / "schemas")
    shipped = Path(schemas.__file__).with_name("schemas")
    assert {p.name for p in shipped.iterdir()} == {p.name for p in (tmp_path / "schemas").iterdir()}
    for path in shipped.iterdir():
        assert path.read_bytes().replace(b"\r\n", b"\n") == (tmp_path / "schemas" / path.name).read_bytes()


def test_real_exports_satisfy_their_schemas(tmp_path: Path, journal: Journal) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    seen = set()
    for name in contents(tmp_path):
        if name.endswith(".json"):
            kind = kind_of(name)
            validator(kind).validate(read(tmp_path, name))
            seen.add(kind)
    for line in lines(tmp_path):
        validator("audit_line").validate(line)
    validator("RUN").validate(manifest().model_dump(mode="json"))
    assert seen | {"audit_line", "RUN"} == set(schemas.NAMES)


@pytest.mark.parametrize(
    "kind", ["ITER_SUMMARY", "TUNING_REPORT", "TUNING_STATE", "EDGE_REPORT", "runtime_overrides"]
)
def test_a_schema_refuses_what_is_missing_unknown_or_of_another_version(
    kind: str, tmp_path: Path, journal: Journal
) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    sound = read(tmp_path, summary_name(1) if kind == "ITER_SUMMARY" else f"{kind}.json")
    broken = [{**sound, "unknown": 1}, {**sound, "schema_version": 2}]
    broken += [{k: v for k, v in sound.items() if k != key} for key in sound]
    for content in broken:
        with pytest.raises(jsonschema.ValidationError):
            validator(kind).validate(content)


# Runs


def manifest(run_id: str = "20260102T030405006Z-abcdef", **settings: Any) -> RunManifest:
    return RunManifest(
        run_id=run_id,
        created_at="2026-01-02T03:04:05.006+00:00",
        settings=settings,
        versions={"pytest_soak": "1"},
    )


def test_run_names_sort_by_time_and_are_in_utc() -> None:
    start = datetime(2026, 1, 2, 3, 4, 5, 6999, tzinfo=UTC)
    assert runs.new_run_id(start, "x") == "20260102T030405006Z-2d7116"
    moved = start.astimezone(timezone(timedelta(hours=9)))
    assert runs.new_run_id(moved, "x") == runs.new_run_id(start, "x")
    assert runs.new_run_id(start, "y") != runs.new_run_id(start, "x")
    times = [start + timedelta(milliseconds=1) * k**3 for k in range(100)]
    names = [runs.new_run_id(t, str(k)) for k, t in enumerate(times)]
    assert names == sorted(names)
    with pytest.raises(ValueError, match="without a zone"):
        runs.new_run_id(datetime(2026, 1, 1), "x")  # noqa: DTZ001


def test_a_run_is_written_and_found_by_name_or_as_the_newest(tmp_path: Path) -> None:
    names = [runs.new_run_id(datetime(2026, 1, day, tzinfo=UTC), "x") for day in (3, 1, 2)]
    for name in names:
        runs.write_manifest(runs.run_folder(tmp_path, name), manifest(name, iterations=6))
    (tmp_path / "runs" / "99999999T-no-manifest").mkdir()
    assert runs.find_run(tmp_path) == tmp_path / "runs" / names[0]
    assert runs.find_run(tmp_path, names[1]).name == names[1]
    assert runs.read_manifest(runs.find_run(tmp_path)) == manifest(names[0], iterations=6)
    assert [p.name for p in runs.list_runs(tmp_path)] == sorted(names)


def test_a_run_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="there is no run yet"):
        runs.find_run(tmp_path / "none")
    names = [runs.new_run_id(datetime(2026, 1, day, tzinfo=UTC), "x") for day in range(1, 13)]
    for name in names:
        runs.write_manifest(runs.run_folder(tmp_path, name), manifest(name))
    with pytest.raises(SoakConfigError) as caught:
        runs.find_run(tmp_path, names[3][:-1])
    newest = ", ".join(reversed(names[2:]))
    assert f"known are {newest} and 2 older; did you mean " in str(caught.value)
    for name in ("../x", "", "."):
        with pytest.raises(SoakConfigError, match="there is no run"):
            runs.find_run(tmp_path, name)


def test_an_earlier_run_is_never_touched(tmp_path: Path) -> None:
    folder = runs.run_folder(tmp_path, manifest().run_id)
    runs.write_manifest(folder, manifest(iterations=6))
    before = contents(folder)
    runs.write_manifest(folder, manifest(iterations=6))
    with pytest.raises(SoakStateError, match="there is another run of that name"):
        runs.write_manifest(folder, manifest(iterations=7))
    assert contents(folder) == before
    with pytest.raises(SoakStateError, match="not a folder for run"):
        runs.write_manifest(tmp_path / "elsewhere", manifest())
    with pytest.raises(SoakStateError, match="not a folder for run"):
        runs.write_manifest(tmp_path / "..", manifest(".."))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "invalid JSON"),
        (b'{"schema_version": 1, "schema_version": 1}', "there twice"),
        (b'{"schema_version": 2, "anything": 1}', "the run has schema 2, this pytest-soak reads 1"),
        (b"[]", "refused"),
        (b'{"schema_version": 1}', "key run_id is missing"),
        (render({**manifest("other").model_dump()}), "run_id = 'other' is not the name of its folder"),
        (render({**manifest().model_dump(), "created_at": "2026-01-01T00:00:00"}), "created_at"),
        (render({**manifest().model_dump(), "created_at": "yesterday"}), "created_at"),
    ],
)
def test_a_bad_manifest_is_one_sentence_with_its_path(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    folder = runs.run_folder(tmp_path, manifest().run_id)
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "RUN.json").write_bytes(content)
    with pytest.raises(SoakStateError, match=said) as caught:
        runs.read_manifest(folder)
    assert str(caught.value).startswith(f"{folder / 'RUN.json'}: ")


def test_a_new_artifacts_folder_stays_out_of_git_and_an_old_one_as_it_is(tmp_path: Path) -> None:
    runs.prepare_artifacts(tmp_path / "new" / "soak")
    assert contents(tmp_path / "new" / "soak") == {".gitignore": b"*\n"}
    runs.prepare_artifacts(tmp_path)
    assert not (tmp_path / ".gitignore").exists()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SoakConfigError, match="artifacts cannot be kept in"):
        runs.prepare_artifacts(tmp_path / "file")


def test_latest_is_the_canary_where_there_is_one_and_else_the_run(tmp_path: Path) -> None:
    run = runs.run_folder(tmp_path, "one")
    (run / "canary").mkdir(parents=True)
    runs.link_latest(tmp_path, run, ["canary"])
    assert (tmp_path / "latest").resolve() == (run / "canary").resolve()
    for canaries in (["canary", "other"], []):
        runs.link_latest(tmp_path, run, canaries)
        assert (tmp_path / "latest").resolve() == run.resolve()


@pytest.mark.parametrize("started_at", ["2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "now", ""])
def test_wall_clock_times_are_utc(started_at: str) -> None:
    with pytest.raises(ValidationError):
        WallClock(run_id="r", started_at=started_at, seconds=1.0)
    assert WallClock(run_id="r", started_at="2026-01-01T00:00:00Z", seconds=1.0)
