from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from pytest_soak.store.exports import schemas
from pytest_soak.store.exports.artifacts import export, summary_name, summary_number
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs import layout, runs
from tests.rules_kit import STEADY_SAFE
from tests.store_kit import audit_lines, commits, contents, filled, read, run_settings

COUNT = 14


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with filled(tmp_path / "soak.db", COUNT) as opened:
        yield opened


def state() -> Any:
    return commits(COUNT)[-1].state


@cache
def validator(kind: str) -> Any:
    return jsonschema.Draft202012Validator(schemas.load(kind))


def kind_of(name: str) -> str:
    return "ITER_SUMMARY" if summary_number(name) else name.removesuffix(".json")


@pytest.mark.parametrize("name", schemas.NAMES)
def test_shipped_schemas_are_those_of_the_models(name: str) -> None:
    assert schemas.load(name) == schemas.generate(name), "run: python -m pytest_soak.store.exports.schemas"
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
    for line in audit_lines(tmp_path):
        validator("audit_line").validate(line)
    run = layout.run_folder(tmp_path, "one")
    manifest = RunManifest(
        run_id="one", created_at="2026-01-02T03:04:05Z", settings=run_settings(), versions={}
    )
    runs.write_manifest(run, manifest)
    validator("RUN").validate(read(run, "RUN.json"))
    assert seen | {"audit_line", "RUN"} == set(schemas.NAMES)


@pytest.mark.parametrize(
    "kind", ["ITER_SUMMARY", "TUNING_REPORT", "TUNING_STATE", "EDGE_REPORT", "runtime_overrides"]
)
def test_a_schema_refuses_what_is_missing_unknown_or_of_another_version(
    kind: str, tmp_path: Path, journal: Journal
) -> None:
    export(tmp_path, journal, state(), STEADY_SAFE)
    sound = read(tmp_path, summary_name(1) if kind == "ITER_SUMMARY" else f"{kind}.json")
    broken = [{**sound, "unknown": 1}, {**sound, "schema_version": sound["schema_version"] + 1}]
    broken += [{k: v for k, v in sound.items() if k != key} for key in sound]
    for content in broken:
        with pytest.raises(jsonschema.ValidationError):
            validator(kind).validate(content)
