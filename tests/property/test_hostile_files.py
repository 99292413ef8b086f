"""Files and reports of somebody else, damaged anywhere: read, or refused by one sentence."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pytest_soak import cli
from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.reports import checked_report
from pytest_soak.engine.settings import Settings
from pytest_soak.market import Market, ReplayMarket, Window
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs import layout, runs
from tests.canary_kit import run, spec
from tests.oracle.replays import rows_for
from tests.rules_kit import edge_report
from tests.store_kit import run_settings

few = settings(max_examples=40, derandomize=True, deadline=None, database=None)

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, -1, 0, 2**63, 10**400, 0.5, 1e308, -0.0, float("nan"), float("inf")),
        *("", "x", "\x1b[31m", "\u202e", "..", "/", "n" * 5000, "\0", "2026-01-01T00:00:00Z"),
        *([], [[]], [None], {}, {"": None}, {"a": [{}]}, (1,), b"x"),
    ]
)
WRITABLE = ODD.filter(lambda value: type(value) not in (bytes, tuple))
DAMAGE = st.lists(st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 255)), max_size=8)


def refused_or(action: Callable[[], object]) -> object:
    """What an action gives, or the error with its one sentence; anything else is raised."""
    try:
        return action()
    except SoakError as error:
        text = str(error)
        assert text
        assert "\n" not in text
        return error


def damaged(data: bytes, changes: list[tuple[float, int]], keep: float, within: int = 0) -> bytes:
    """Bytes changed here and there, the more often among the first ``within``, and cut."""
    found = bytearray(data)
    for number, (share, value) in enumerate(changes):
        size = within if within and number % 2 == 0 else len(found)
        found[int(share * size)] = value
    return bytes(found[: max(1, int(len(found) * keep))])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every member of a document."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


@pytest.fixture(scope="module")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifacts folder with a run and its canary."""
    artifacts = tmp_path_factory.mktemp("hostile") / "soak"
    folder = layout.run_folder(artifacts, "20260102T030405006Z-abcdef")
    manifest = RunManifest(
        run_id=folder.name,
        created_at="2026-01-02T03:04:05Z",
        settings=run_settings(),
        versions={"pytest_soak": "1"},
        canaries=("a",),
        recordings={"r.npz": "0" * 64},
        profiles={"default": {"name": "default"}},
    )
    runs.write_manifest(folder, manifest)
    run(spec(folder / "a", iterations=3, minutes=0.1))
    return artifacts


def looked_at(artifacts: Path) -> None:
    """What every command that reads runs makes of a folder."""
    run_id = next((artifacts / "runs").iterdir()).name
    for words in (["status", str(artifacts)], ["explain", run_id, "a", "2", f"--soak-artifacts={artifacts}"]):
        assert cli.main(words) in (0, 2)


@few
@given(data=st.data())
def test_a_manifest_with_anything_in_it(a_run: Path, data: st.DataObject) -> None:
    file = next((a_run / "runs").iterdir()) / layout.MANIFEST_NAME
    good = file.read_bytes()
    document = json.loads(good)
    place = data.draw(st.sampled_from(list(places(document))))
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    if data.draw(st.booleans()):
        holder[place[-1]] = data.draw(WRITABLE)
    else:
        del holder[place[-1]]
    try:
        file.write_text(json.dumps(document), encoding="utf-8")
        found = refused_or(lambda: runs.read_manifest(file.parent))
        if isinstance(found, RunManifest):
            assert render(found.model_dump(mode="json"))
            refused_or(lambda: Settings.resumed(Settings(), found.settings.model_dump()))
        looked_at(a_run)
    finally:
        file.write_bytes(good)


@few
@given(changes=DAMAGE, keep=st.floats(0.3, 1.0), name=st.sampled_from(["", "-wal", ".lock", ".pid"]))
def test_a_journal_and_what_lies_beside_it_with_any_bytes(
    a_run: Path, changes: list[tuple[float, int]], keep: float, name: str
) -> None:
    folder = next((a_run / "runs").iterdir()) / "a"
    copy = folder.with_name("kept")
    shutil.copytree(folder, copy)
    db = folder / "soak.db"
    file = db.with_name(f"soak.db{name}")
    try:
        file.write_bytes(damaged(db.read_bytes(), changes, keep, within=200))
        looked_at(a_run)

        def advanced() -> None:
            with Journal.open(db, create=False) as journal, journal.lock(timeout=0.1):
                journal.records()
                journal.edge(1)

        refused_or(advanced)
    finally:
        shutil.rmtree(folder)
        copy.rename(folder)


def changed(model: BaseModel, data: st.DataObject) -> BaseModel:
    """A model with something else in one of its fields, or in one of theirs."""
    name = data.draw(st.sampled_from(sorted(type(model).model_fields)))
    value = getattr(model, name)
    inner = isinstance(value, BaseModel) and data.draw(st.integers(0, 4)) > 0
    return model.model_copy(update={name: changed(value, data) if inner else data.draw(ODD)})


@settings(few, max_examples=100)
@given(data=st.data())
def test_a_report_with_anything_in_it(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    report = changed(edge_report(), data)
    found = refused_or(lambda: checked_report(report, "mock", "here"))
    if not isinstance(found, EdgeReport):
        return

    class Odd:
        name = "odd"

        def describe(self) -> dict[str, object]:
            return {}

        def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
            assert isinstance(report, EdgeReport)
            return report

    folder = tmp_path_factory.mktemp("odd")
    refused_or(lambda: run(spec(folder, iterations=1, strategy=Odd())))


@pytest.fixture(scope="module")
def recording() -> bytes:
    stream = io.BytesIO()
    np.save(stream, rows_for(1)[:200])
    return stream.getvalue()


@settings(few, max_examples=120)
@given(
    changes=DAMAGE,
    keep=st.one_of(st.just(1.0), st.floats(0.0, 1.0)),
    packed=st.sampled_from([None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]),
    inside=st.booleans(),
)
def test_a_recording_with_any_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    recording: bytes,
    changes: list[tuple[float, int]],
    keep: float,
    packed: int | None,
    inside: bool,
) -> None:
    array = damaged(recording, changes, keep, within=128) if inside or packed is None else recording
    content = array
    if packed is not None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", packed) as archive:
            archive.writestr("data.npy", array)
        content = stream.getvalue() if inside else damaged(stream.getvalue(), changes, keep, within=64)
    path = tmp_path_factory.getbasetemp() / f"any.{'npy' if packed is None else 'npz'}"
    path.write_bytes(content)
    refused_or(lambda: ReplayMarket(path))
