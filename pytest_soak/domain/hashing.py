"""Canonical JSON and its hash: one text per value, so that equal records have equal hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """Serialise to JSON with sorted keys, no spaces and no NaN; ASCII only.

    Raises:
        ValueError: where a number is not finite.
    """
    return _ENCODER.encode(value)


def sha256_of(value: object) -> str:
    """Hex SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def parameters_hash(parameters: Mapping[str, float]) -> str:
    """Hash of parameter values; 75 and 75.0 are the same value."""
    return sha256_of({name: float(value) for name, value in parameters.items()})


def decision_key(run: str, iteration: int, base_hash: str, deltas: Mapping[str, float]) -> str:
    """Identity of a decision: a repeat on the same base has the same key, on a new base another."""
    return sha256_of([run, iteration, base_hash, {k: float(v) for k, v in deltas.items()}])
