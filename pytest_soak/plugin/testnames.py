"""Names of tests, for canaries that several tests share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from pytest_soak.plugin.collection import case_of, chain_key


def names_of_tests(items: Sequence[pytest.Item]) -> dict[str, str]:
    """Per chain of items the shortest name that tells its test from others; none if no canary is shared."""
    tests: dict[str, str] = {}
    canaries: dict[str, str] = {}
    for item in items:
        case, key = case_of(item), chain_key(item)
        if case is not None and key is not None and key not in tests:
            tests[key] = _without(key, case.canary)
            canaries[key] = case.canary
    if not any(count > 1 for count in Counter(canaries.values()).values()):
        return {}
    levels: tuple[Callable[[str], str], ...] = (_function, _last, str)
    distinct = set(tests.values())
    level = next(level for level in levels if level is str or len(set(map(level, distinct))) == len(distinct))
    return {key: level(test) for key, test in tests.items()}


def _without(key: str, canary: str) -> str:
    """A node id without the canary's part of its parameters."""
    head, _, parameters = key.partition("[")
    others = parameters.removesuffix("]").replace(canary, "", 1).replace("--", "-").strip("-")
    return f"{head}[{others}]" if others else head


def _function(test: str) -> str:
    return test.partition("[")[0].rpartition("::")[2]


def _last(test: str) -> str:
    head, bracket, parameters = test.partition("[")
    return head.rpartition("::")[2] + bracket + parameters
