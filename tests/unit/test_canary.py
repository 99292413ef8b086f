from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.gates import verdict_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.records import EdgeReport, Kpis
from pytest_soak.engine.canary import Canary
from pytest_soak.market import MockMarket, ReferenceMaker, load_scenario
from pytest_soak.plugin import handles
from tests.canary_kit import PlainHooks, spec


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """A canary after two of its iterations."""
    made = Canary(spec(tmp_path, scenario="volatile", minutes=0.05), PlainHooks())
    list(made.advance_to(2))
    yield made
    made.close()


def overrides(canary: Canary) -> Path:
    return canary.spec.folder / "runtime_overrides.json"


def test_records_and_edges_are_served_from_the_journal(canary: Canary) -> None:
    assert canary.done == 2
    assert canary.records == (canary.record(1), canary.record(2))
    assert canary.edges() == (canary.edge(1), canary.edge(2))
    assert canary.parameters == canary.record(2).parameters_after
    for ask in (canary.record, canary.edge):
        with pytest.raises(SoakStateError, match="iteration 3 is not in the journal"):
            ask(3)


@pytest.mark.parametrize("whole", [True, False])
def test_an_iteration_refuses_to_start_on_overrides_of_another_content(canary: Canary, whole: bool) -> None:
    changed = {**canary.parameters, "tail_age_ms": 741.0}
    content = overrides(canary).read_text(encoding="ascii")
    text = json.dumps(changed) if whole else content.replace("tail_age_ms", "min_interval_ms")
    overrides(canary).write_text(text, encoding="ascii")
    with pytest.raises((SoakStateError, SoakConfigError), match=r"changed by hand|is there twice"):
        list(canary.advance_to(3))
    assert canary.done == 2
    assert overrides(canary).read_text(encoding="ascii") == text


@pytest.mark.parametrize("way", ["missing", "laid out anew", "parameters alone"])
def test_an_iteration_starts_on_the_recorded_parameters_however_they_are_written(
    canary: Canary, way: str
) -> None:
    path = overrides(canary)
    content = json.loads(path.read_text(encoding="ascii"))
    path.unlink()
    if way != "missing":
        kept = content if way == "laid out anew" else content["parameters"]
        path.write_text(json.dumps(kept), encoding="ascii")
    list(canary.advance_to(3))
    assert canary.done == 3
    written = json.loads(path.read_text(encoding="ascii"))
    assert written["parameters"] == canary.parameters


def test_the_pooled_gates_are_judged_once(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates, verdict and assertion of an item are of one reading of all edge reports."""
    calls: list[int] = []

    def counted(edges: Sequence[EdgeReport]) -> Kpis:
        calls.append(len(edges))
        return pooled(edges)

    monkeypatch.setattr(handles, "pooled", counted)
    part = handles.SoakGates(canary)
    gates = part.run()
    assert part.verdict is verdict_of(gates)
    assert part.run() is gates
    assert len(calls) == 1


def test_two_specs_have_the_same_inputs_where_all_of_them_are_equal(tmp_path: Path) -> None:
    one = spec(tmp_path)
    again = spec(tmp_path)
    assert one.has_inputs_of(one)
    assert one.has_inputs_of(again)
    assert one.market is not again.market
    fees = one.profile.fees.model_copy(update={"maker_bps": 0.0})
    changes: dict[str, Any] = {
        "profile": load_profile("ultra_safe").profile,
        "market": MockMarket(load_scenario("calm"), seed=2),
        "strategy": ReferenceMaker(one.profile.maker, fees),
        "parameters": {**one.parameters, "tail_age_ms": 741.0},
        "safe_parameters": {**one.safe_parameters, "tail_age_ms": 741.0},
        "iterations": 7,
        "minutes": 2.0,
        "seed": 2,
        "tune": False,
        "guards_off": ("soak_late",),
        "name": "other",
        "scenario": "other",
    }
    for field, value in changes.items():
        assert not replace(one, **{field: value}).has_inputs_of(one), field
    assert replace(one, run_id="other", sleep_seconds=1.0).has_inputs_of(one)
