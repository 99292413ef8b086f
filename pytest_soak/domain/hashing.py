"""Canonical JSON and its hash: one text per value, so that equal records have equal hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """Serialise to JSON with sorted keys, no spaces and no NaN; ASCII only.

    Raises:
        ValueError: where a number is not finite.
    """
    return _ENCODER.encode(value)


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical JSON of a value and its hash, for what is both stored and referred to."""

    text: str
    sha256: str

    @classmethod
    def of(cls, value: object) -> Canonical:
        """Serialise and hash a value.

        Raises:
            ValueError: where a number is not finite.
        """
        text = canonical_json(value)
        return cls(text, hashlib.sha256(text.encode("ascii")).hexdigest())


def sha256_of(value: object) -> str:
    """Hex SHA-256 of the canonical JSON of a value."""
    return Canonical.of(value).sha256


def parameters_hash(parameters: Mapping[str, float]) -> str:
    """Hash of parameter values; 75 and 75.0 are the same value, and so are 0.0 and -0.0."""
    return _parameters_hash(tuple((name, float(value) + 0.0) for name, value in parameters.items()))


@lru_cache(maxsize=64)
def _parameters_hash(parameters: tuple[tuple[str, float], ...]) -> str:
    """Cached, as an iteration asks several times for the hash of the parameters that it runs with."""
    return sha256_of(dict(parameters))


def decision_key(run: str, iteration: int, base_hash: str, deltas: Mapping[str, float]) -> str:
    """Identity of a decision: a repeat on the same base has the same key, on a new base another."""
    return sha256_of([run, iteration, base_hash, {k: float(v) for k, v in deltas.items()}])
