"""The table of stylised facts, of a scenario and of a recording beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak.market.facts.finding import Fact, Finding

_NAME_WIDTH = 25
_CELL_WIDTH = 20


def print_facts(found: Sequence[Finding], beside: Sequence[str], explain: bool) -> None:
    """Print what was found of a scenario, and cells on a recording beside it."""
    heads = ["fact", "accepted", "scenario", *(["recording"] if beside else [])]
    _print("")
    _print(_row(heads))
    for ours, other in zip_longest(found, beside):
        fact = ours.fact
        cells = [fact.name, fact.accepted, cell_of(ours), *([other] if other else [])]
        _print(_row(cells))
        if explain:
            for line in _explained(fact):
                _print(line)


def _row(cells: Sequence[str]) -> str:
    first, accepted, *rest = cells
    return (
        f"{first:{_NAME_WIDTH}} {accepted:15}{''.join(f' {cell:>{_CELL_WIDTH}}' for cell in rest)}".rstrip()
    )


def cell_of(finding: Finding) -> str:
    """What was found of a fact, in a few words."""
    return f"{finding.value:.3g} {finding.verdict}".rstrip()


def _explained(fact: Fact) -> Iterator[str]:
    yield f"    {fact.statistic}; judged from {fact.least} observations on"
    yield f"    {fact.source}"


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
