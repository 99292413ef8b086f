"""JSON Schemas of the files that this package writes, generated from their models and shipped with it.

``python -m pytest_soak.store.exports.schemas`` rewrites them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.state import TuningState
from pytest_soak.store.disk import files
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import (
    AuditEvent,
    IterationSummary,
    RunManifest,
    RuntimeOverrides,
    TuningReport,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = "schemas"

_MODELS: Mapping[str, type[BaseModel]] = {
    "ITER_SUMMARY": IterationSummary,
    "TUNING_REPORT": TuningReport,
    "TUNING_STATE": TuningState,
    "EDGE_REPORT": EdgeReport,
    "RUN": RunManifest,
    "runtime_overrides": RuntimeOverrides,
}
_AUDIT = "audit_line"

NAMES = (*_MODELS, _AUDIT)


def generate(name: str) -> dict[str, Any]:
    """Generate the schema of one kind of file (of one line, for the audit log) from its model."""
    if name == _AUDIT:
        adapter: TypeAdapter[Any] = TypeAdapter(AuditEvent)
        schema = adapter.json_schema(mode="serialization")
        schema["title"] = "AuditEvent"
    else:
        schema = _MODELS[name].model_json_schema(mode="serialization")
    return {"$schema": DIALECT, **_complete(schema)}


def _complete(schema: Any) -> Any:
    """Demand every property, also one with a default: a file of ours holds all of them."""
    if isinstance(schema, list):
        return [_complete(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    complete = {key: _complete(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        complete["required"] = sorted(schema["properties"])
    return complete


def load(name: str) -> dict[str, Any]:
    """Load the shipped schema of one kind of file."""
    text = (resources(__package__) / FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def write(folder: Path) -> None:
    """Write the schemas of all kinds of file.

    Raises:
        SoakStoreError: the disk refused.
    """
    files.make_folder(folder)
    for name in NAMES:
        files.write_atomic(folder / f"{name}.schema.json", render(generate(name)))


if __name__ == "__main__":
    write(Path(__file__).with_name(FOLDER))
