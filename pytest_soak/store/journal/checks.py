"""What must hold of a record before it enters the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.parameters import ParameterTable
from pytest_soak.domain.records import IterationRecord
from pytest_soak.domain.text import show
from pytest_soak.domain.unicode import is_broken, texts_in

# What each half of a character begins with in canonical JSON, alone or in a pair.
_SURROGATE = "\\ud"
# Values are rounded to six decimals when a change is applied.
_TOLERANCE = 1e-6


def check_record(
    record: IterationRecord,
    edge_hash: str,
    previous: IterationRecord | None,
    inputs_hash: str,
    table: ParameterTable,
) -> None:
    """Check a record against itself, its edge report's hash, the record before it, the inputs and the table.

    Raises:
        SoakStateError: names the iteration and what does not agree.
    """
    where = f"iteration {record.iteration}"
    _check_hash(where, "inputs", record.provenance.inputs_hash, inputs_hash)
    _check_hash(where, "edge report", record.edge_hash, edge_hash)
    for moment, values, stored in (
        ("before", record.parameters_before, record.parameters_before_hash),
        ("after", record.parameters_after, record.parameters_after_hash),
    ):
        if values.keys() != table.keys():
            raise SoakStateError(f"{where}: parameters {moment} are {sorted(values)}, not the table's")
        _check_hash(where, f"parameters {moment}", stored, parameters_hash(values))
    if previous is not None and record.parameters_before_hash != previous.parameters_after_hash:
        raise SoakStateError(
            f"{where}: its parameters are not those that iteration {previous.iteration} ended with"
        )
    if record.decision.reverted is None:
        _check_sum(where, record.parameters_before, record.decision.applied_deltas, record.parameters_after)


def check_texts(iteration: int, content: Any, text: str) -> None:
    """Check that the texts of a record can be written; ``text`` is its ``content`` as canonical JSON.

    Raises:
        SoakStateError: names the iteration, the field and the text.
    """
    if _SURROGATE not in text:
        return
    for place, found in texts_in(content):
        if is_broken(found):
            raise SoakStateError(
                f"iteration {iteration} is refused: {place} holds {show(found)}; accepted is valid Unicode"
            )


def _check_hash(where: str, what: str, stored: str, computed: str) -> None:
    if stored != computed:
        raise SoakStateError(f"{where}: the hash of its {what} is {stored}, its content has {computed}")


def _check_sum(
    where: str, before: Mapping[str, float], deltas: Mapping[str, float], after: Mapping[str, float]
) -> None:
    for name, value in after.items():
        expected = before[name] + deltas.get(name, 0.0)
        if abs(value - expected) > _TOLERANCE:
            raise SoakStateError(
                f"{where}: {name} became {value:g}; {before[name]:g} plus the applied change is {expected:g}"
            )
