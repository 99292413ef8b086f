from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_soak.domain.errors import SoakConfigError, SoakError, SoakStateError
from pytest_soak.engine.run import start
from pytest_soak.engine.settings import Settings
from pytest_soak.store.disk import places
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import RunManifest, RunSettings
from pytest_soak.store.journal.wall import WallClock
from pytest_soak.store.runs import layout, runs
from pytest_soak.store.runs.progress import is_canary
from tests.canary_kit import run, spec
from tests.store_kit import contents, filled, process, run_settings


def manifest(run_id: str = "20260102T030405006Z-abcdef", **settings: Any) -> RunManifest:
    return RunManifest(
        run_id=run_id,
        created_at="2026-01-02T03:04:05.006+00:00",
        settings=run_settings(**settings),
        versions={"pytest_soak": "1"},
    )


def test_run_names_sort_by_time_and_are_in_utc() -> None:
    start = datetime(2026, 1, 2, 3, 4, 5, 6999, tzinfo=UTC)
    assert layout.new_run_id(start, "x") == "20260102T030405006Z-2d7116"
    moved = start.astimezone(timezone(timedelta(hours=9)))
    assert layout.new_run_id(moved, "x") == layout.new_run_id(start, "x")
    assert layout.new_run_id(start, "y") != layout.new_run_id(start, "x")
    times = [start + timedelta(milliseconds=1) * k**3 for k in range(100)]
    names = [layout.new_run_id(t, str(k)) for k, t in enumerate(times)]
    assert names == sorted(names)
    with pytest.raises(ValueError, match="without a zone"):
        layout.new_run_id(datetime(2026, 1, 1), "x")  # noqa: DTZ001


def test_a_run_is_written_and_found_by_name_or_as_the_newest(tmp_path: Path) -> None:
    names = [layout.new_run_id(datetime(2026, 1, day, tzinfo=UTC), "x") for day in (3, 1, 2)]
    for name in names:
        runs.write_manifest(layout.run_folder(tmp_path, name), manifest(name, iterations=6))
    (tmp_path / "runs" / "99999999T-no-manifest").mkdir()
    assert runs.find_run(tmp_path) == tmp_path / "runs" / names[0]
    assert runs.find_run(tmp_path, names[1]).name == names[1]
    assert runs.read_manifest(runs.find_run(tmp_path)) == manifest(names[0], iterations=6)
    assert [p.name for p in runs.list_runs(tmp_path)] == sorted(names)


def test_a_run_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="there is no run yet"):
        runs.find_run(tmp_path / "none")
    names = [layout.new_run_id(datetime(2026, 1, day, tzinfo=UTC), "x") for day in range(1, 13)]
    for name in names:
        runs.write_manifest(layout.run_folder(tmp_path, name), manifest(name))
    with pytest.raises(SoakConfigError) as caught:
        runs.find_run(tmp_path, names[3][:-1])
    newest = ", ".join(reversed(names[2:]))
    assert f"known are {newest} and 2 older; did you mean " in str(caught.value)
    for name in ("../x", "", "."):
        with pytest.raises(SoakConfigError, match="there is no run"):
            runs.find_run(tmp_path, name)


def test_an_earlier_run_is_never_touched(tmp_path: Path) -> None:
    folder = layout.run_folder(tmp_path, manifest().run_id)
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
        (b'{"schema_version": 1}', "keys run_id, created_at, settings, versions are missing"),
        (render({**manifest("other").model_dump()}), "run_id = 'other' is not the name of its folder"),
        (render({**manifest().model_dump(), "created_at": "2026-01-01T00:00:00"}), "created_at"),
        (render({**manifest().model_dump(), "created_at": "yesterday"}), "created_at"),
    ],
)
def test_a_bad_manifest_is_one_sentence_with_its_path(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    folder = layout.run_folder(tmp_path, manifest().run_id)
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


def test_canaries_are_added_to_a_manifest_and_the_same_ones_change_nothing(tmp_path: Path) -> None:
    folder, one = layout.run_folder(tmp_path, manifest().run_id), manifest()
    for names in (("a",), ("b", "a"), ("b",)):
        runs.write_manifest(folder, one.model_copy(update={"canaries": names}))
    assert runs.read_manifest(folder).canaries == ("a", "b")


def test_a_session_goes_on_where_another_extended_its_run(tmp_path: Path) -> None:
    """It names canaries as before, and what was added stays; a run with fewer additions is another one."""
    folder, one = layout.run_folder(tmp_path, manifest().run_id), manifest()
    runs.write_manifest(folder, one.model_copy(update={"canaries": ("a",)}))
    runs.extend_manifest(folder, 4)
    runs.write_manifest(folder, one.model_copy(update={"canaries": ("b",)}))
    stored = runs.read_manifest(folder)
    assert (stored.canaries, stored.extensions) == (("a", "b"), (4,))
    with pytest.raises(SoakStateError, match="another run of that name"):
        runs.write_manifest(folder, one.model_copy(update={"canaries": ("c",), "extensions": (5,)}))
    with pytest.raises(SoakConfigError, match="some of them are still to come"):
        runs.extend_manifest(folder, 1)


def _name(folder: Path, name: str) -> None:
    runs.write_manifest(folder, manifest().model_copy(update={"canaries": (name,)}))


def test_several_processes_name_their_canaries_in_one_manifest(tmp_path: Path) -> None:
    folder = layout.run_folder(tmp_path, manifest().run_id)
    names = [f"canary-{n}" for n in range(8)]
    with ExitStack() as stack:
        for child in [stack.enter_context(process(_name, folder, name)) for name in names]:
            child.join()
            assert child.exitcode == 0
    assert sorted(runs.read_manifest(folder).canaries) == names


def test_the_newest_run_is_one_with_iterations_to_come(tmp_path: Path) -> None:
    """A clock that ran ahead gave a finished run the last name."""
    finished, cut = (layout.new_run_id(datetime(year, 1, 1, tzinfo=UTC), "x") for year in (2099, 2026))
    for name, upto in ((finished, 2), (cut, 1)):
        folder = layout.run_folder(tmp_path, name)
        runs.write_manifest(folder, manifest(name))
        run(spec(folder / "canary", iterations=2, minutes=0.01), upto)
    assert runs.find_run(tmp_path).name == cut
    run(spec(layout.run_folder(tmp_path, cut) / "canary", iterations=2, minutes=0.01))
    assert runs.find_run(tmp_path).name == finished


def test_old_temporary_files_beside_the_runs_are_swept(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for folder in (tmp_path, tmp_path / "runs"):
        for name, hours in ((".tmp-old", 25), (".tmp-young", 23)):
            (folder / name).touch()
            moment = time.time() - hours * 3600
            os.utime(folder / name, (moment, moment))
        (folder / ".tmp-folder").mkdir()
        os.utime(folder / ".tmp-folder", (0, 0))
    runs.prepare_artifacts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"runs", ".tmp-young", ".tmp-folder"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {".tmp-young", ".tmp-folder"}


# What a run was that began before there was such a setting.
ADDED_LATER = {
    **dict.fromkeys(("fills", "tick_size", "lot_size", "contract", "contract_size", "funding")),
    "position": "flat",
}
VALUES: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**19, "", "x", [], [None], [[]], [-1], {}, {"a": 1})


@pytest.mark.parametrize("key", sorted(run_settings().model_dump()))
def test_every_edit_of_a_setting_is_taken_or_one_sentence(key: str, tmp_path: Path) -> None:
    """Nothing of a wrong type gets past the model, whatever was written by hand."""
    folder = layout.run_folder(tmp_path, manifest().run_id)
    runs.write_manifest(folder, manifest())
    good = json.loads((folder / "RUN.json").read_text(encoding="utf-8"))
    for value in VALUES:
        edited = {**good, "settings": {**good["settings"], key: value}}
        (folder / "RUN.json").write_text(json.dumps(edited), encoding="utf-8")
        _resumes_or_says(tmp_path, folder)
    del good["settings"][key]
    (folder / "RUN.json").write_text(json.dumps(good), encoding="utf-8")
    if key in ADDED_LATER:
        assert getattr(runs.read_manifest(folder).settings, key) == ADDED_LATER[key]
    else:
        with pytest.raises(SoakStateError, match=f"key settings.{key} is missing"):
            runs.read_manifest(folder)


def _resumes_or_says(artifacts: Path, folder: Path) -> None:
    asked = Settings(artifacts=artifacts, resume="latest")
    said = ""
    try:
        settings = start(asked, artifacts, "new").settings
    except SoakError as error:
        said = str(error)
    assert "\n" not in said
    if said:
        assert said.startswith(
            (f"{folder / 'RUN.json'}: settings.", "--soak-resume: recording x is not there")
        )
    else:
        assert RunSettings.model_validate(settings.of_run())


@pytest.mark.parametrize("started_at", ["2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "now", ""])
def test_wall_clock_times_are_utc(started_at: str) -> None:
    with pytest.raises(ValidationError):
        WallClock(run_id="r", started_at=started_at, seconds=1.0)
    assert WallClock(run_id="r", started_at="2026-01-01T00:00:00Z", seconds=1.0)


def test_a_run_that_may_not_be_looked_at_is_said_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mine", "of-another"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "RUN.json").touch()
    theirs = tmp_path / "runs" / "of-another"
    refused = PermissionError(errno.EACCES, "Permission denied")

    def refusing(action: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(path: Path, *args: Any, **kwargs: Any) -> Any:
            within = path.is_relative_to(theirs) and path != theirs
            if within or (path == theirs and action.__name__ == "iterdir"):
                raise refused
            return action(path, *args, **kwargs)

        return wrapper

    for name in ("stat", "lstat", "iterdir", "read_bytes"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
    assert runs.find_run(tmp_path, "mine").name == "mine"
    assert runs.find_run(tmp_path) == theirs
    with pytest.raises(SoakStateError, match=r"RUN\.json: cannot be read: Permission denied"):
        runs.read_manifest(theirs)
    assert not places.is_file(theirs / "RUN.json")


@pytest.mark.parametrize("name", ["", ".", "..", "other", "../runs/one", "one/", "./one", "one\0", "file"])
def test_what_is_no_name_of_a_canary_is_none(tmp_path: Path, name: str) -> None:
    """Beside one that is: a name comes from an address."""
    filled(tmp_path / "one" / "soak.db", 1).close()
    filled(tmp_path / "soak.db", 1).close()
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert is_canary(tmp_path, "one")
    assert not is_canary(tmp_path, name)
