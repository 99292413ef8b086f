"""Parameters that a strategy declares: the table, the rules that act on it, and the journal that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.config.overrides import resolve
from pytest_soak.config.profiles import check_parameters, load_profile
from pytest_soak.domain.decision import decide
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.history import History
from pytest_soak.domain.parameter import MOVERS, Parameter
from pytest_soak.domain.parameters import DEFAULTS, MOST_OWN, PARAMETERS, ParameterTable, distance
from pytest_soak.domain.records import Verdict
from pytest_soak.domain.settings import (
    CooldownSettings,
    FreezeSettings,
    GuardSettings,
    ParameterTuning,
    TunerSettings,
    VelocitySettings,
)
from pytest_soak.domain.state import tuning_state
from pytest_soak.domain.tuner import TunerContext, propose
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.declared import declared
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.market import ReferenceMaker
from pytest_soak.observe.explaining import explain
from pytest_soak.plugin.lines import bound_uses
from pytest_soak.plugin.wire import Row
from pytest_soak.store.journal.journal import Journal
from tests.canary_kit import PlainHooks, spec
from tests.rules_kit import QUIET, STABLE, ask, context, kpis, moved_step, proposal_of, refused, step

FIELDS: dict[str, Any] = {
    "name": "gamma",
    "unit": "1",
    "low": 0.0,
    "high": 4.0,
    "default": 1.0,
    "step": 0.5,
    "safer": 1,
    "relax_step": 0.25,
    "moved_by": ("AGGRESSIVE", "NORMALIZE", "slippage"),
}
GAMMA = Parameter(**FIELDS)
LIMIT = Parameter(
    name="limit", unit="base", low=1, high=9, default=5, step=1, safer=-1, moved_by=("adverse",)
)
TABLE = PARAMETERS.with_own([GAMMA, LIMIT])
VALUES = TABLE.defaults


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Gamma"}, "the name is refused; accepted are 1 to 40 small letters"),
        ({"name": "lambda"}, "not a Python keyword"),
        ({"low": 4.0}, "high = 4.0 is refused; accepted is a number above low = 4"),
        ({"high": float("inf")}, "high = inf is refused; accepted is a number from -1e.09 to"),
        ({"default": float("nan")}, "default = nan is refused"),
        ({"default": 5}, "default = 5.0 is refused; accepted is a number from 0 to 4 1"),
        ({"step": 0.0}, "step = 0.0 is refused; accepted is a number from 1e-06 to 4, its range"),
        ({"relax_step": -1.0}, "relax_step = -1.0 is refused"),
        ({"moderate_step": True}, "moderate_step = True is refused"),
        ({"safer": 0}, "safer = 0 is refused; accepted is 1 \\(larger is safer\\) or -1"),
        ({"moved_by": ("SLIPPAGE",)}, f"accepted is a list of {', '.join(MOVERS)}"),
        ({"moved_by": "slippage"}, "moved_by = 'slippage' is refused"),
        ({"unit": "bp\n"}, "accepted is a text in printable ASCII"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused(wrong: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        Parameter(**{**FIELDS, **wrong})


def test_a_strategy_declares_by_attribute_or_method_and_none_is_the_built_in_table() -> None:
    class By:
        own_parameters: object = [GAMMA]

    class ByMethod:
        def own_parameters(self) -> list[Parameter]:
            return [GAMMA]

    assert declared(By()) == declared(ByMethod()) == PARAMETERS.with_own([GAMMA])
    assert list(declared(By()))[-1] == "gamma"
    assert declared(object()) == PARAMETERS
    assert not PARAMETERS.changes()
    for wrong in ({"gamma": 1.0}, [GAMMA, GAMMA], [PARAMETERS["tail_age_ms"]], "gamma"):
        By.own_parameters = wrong
        with pytest.raises(SoakConfigError, match="strategy By: own_parameters"):
            declared(By())
    many = [replace(GAMMA, name=f"p{n}") for n in range(MOST_OWN + 1)]
    with pytest.raises(SoakConfigError, match="51 own parameters are too many; accepted are 50"):
        PARAMETERS.with_own(many)


def test_a_table_comes_back_from_what_the_journal_holds() -> None:
    narrowed = TABLE.tuned({"tail_age_ms": ParameterTuning(high=700.0)})
    back = ParameterTable.restored(narrowed.changes())
    assert back == narrowed
    assert hash(ParameterTable.restored({})) == hash(PARAMETERS)


def test_a_profile_narrows_bounds_and_says_what_moves() -> None:
    given = {"gamma": ParameterTuning(low=1.5, high=3.0, step=0.1, moved_by=("adverse",))}
    gamma = TABLE.tuned(given)["gamma"]
    assert (gamma.low, gamma.high, gamma.default, gamma.step) == (1.5, 3.0, 1.5, 0.1)
    assert gamma.move_by("adverse") == 0.1
    assert gamma.move_by("slippage") is None
    assert TABLE.tuned({"tail_age_ms": ParameterTuning(moved_by=())})["tail_age_ms"].moved_by == ()
    for wrong, said in (
        (
            {"gama": ParameterTuning()},
            "tuner.parameters: unknown parameter 'gama'; known are .*, gamma, limit",
        ),
        ({"gamma": ParameterTuning(high=5.0)}, "high = 5 is refused; accepted is a number from 0 to 4 1, as"),
        ({"gamma": ParameterTuning(low=2.0, high=1.0)}, "tuner.parameters: parameter gamma: high = 1.0"),
        ({"gamma": ParameterTuning(high=0.2)}, "step = 0.5 is refused; accepted is .* 0.2, its range"),
    ):
        with pytest.raises(SoakConfigError, match=said):
            TABLE.tuned(wrong)


def test_a_profile_that_says_nothing_of_single_parameters_keeps_its_content() -> None:
    assert "parameters" not in TunerSettings().model_dump(mode="json")


def test_sources_are_checked_against_the_table(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    text = (
        'extends = "default"\nname = "own"\n[parameters]\ngamma = 2.5\n[guards.velocity.limits]\ngamma = 1\n'
    )
    file.write_text(text, encoding="utf-8")
    loaded = load_profile(str(file), table=TABLE)
    assert loaded == load_profile(str(file), table=None)
    with pytest.raises(
        SoakConfigError, match=r"own.toml: parameters: unknown parameter 'gamma'; known are min_"
    ):
        load_profile(str(file))
    found = resolve(["limit=7"], loaded, '{"gamma": 2, "limit": 6}', None, TABLE)
    assert (found.values["gamma"], found.values["limit"]) == (2.5, 7.0)
    assert found.sources["gamma"] == "profile own"
    assert {one.parameter for one in found.shadowed} == {"gamma", "limit"}
    for cli, said in (
        ("gama=1", "unknown parameter 'gama'; known are .*gamma, limit; did you mean 'gamma'"),
        ("gamma=5", "gamma = 5.0 is out of bounds; accepted is a number from 0 to 4 1"),
        ("gamma=x", "'x' is not a number from 0 to 4 1"),
    ):
        with pytest.raises(SoakConfigError, match=f"--soak-override.*{said}"):
            resolve([cli], None, None, None, TABLE)
    profile = loaded.profile.model_copy(
        update={"guards": GuardSettings(freeze=FreezeSettings(parameters=("delta",)))}
    )
    with pytest.raises(SoakConfigError, match=r"here: guards.freeze.parameters: unknown parameter 'delta'"):
        check_parameters(profile, TABLE, "here")


def proposed(measured: Mapping[str, float], table: ParameterTable = TABLE) -> dict[str, float]:
    asked = TunerContext(
        iteration=3,
        iterations=9,
        parameters=VALUES,
        kpis=kpis(**measured),
        verdict=Verdict.OK,
        history=History(),
        settings=TunerSettings(),
        table=table,
    )
    return {name: delta for name, delta in propose(asked).deltas.items() if name not in PARAMETERS}


def test_the_tuner_moves_what_declares_it_and_nothing_else() -> None:
    assert proposed(QUIET | {"slippage_bps_p95": 9.0}) == {"gamma": 0.5}
    assert proposed(QUIET | {"adverse_bps_p95": 9.0}) == {"limit": -1.0}
    assert proposed(QUIET | {"risk_ratio": 0.7}) == {"gamma": 0.5}
    assert proposed(QUIET | {"risk_ratio": 0.5}) == {}
    assert proposed(STABLE | {"net_bps": 4.0}) == {"gamma": -0.25}
    moderate = TABLE.tuned({"gamma": ParameterTuning(moved_by=("MODERATE",), moderate_step=0.75)})
    assert proposed(QUIET | {"risk_ratio": 0.5}, moderate) == {"gamma": 0.75}


def guards(**changes: Any) -> dict[str | None, str]:
    """Reasons by parameter of what guards refuse of a proposal to relax gamma by a quarter."""
    fields = {"parameters": VALUES, "proposal": {"gamma": -0.25}, "table": TABLE}
    return refused(ask(context(5, **(fields | changes))))


def test_guards_act_on_them() -> None:
    assert not guards()
    assert guards(iterations=5) == {"gamma": "late_iteration"}
    assert guards(parameters=VALUES | {"gamma": 0.1}) == {"gamma": "invalid_change"}
    frozen = GuardSettings(freeze=FreezeSettings(parameters=("gamma",)))
    stable = [step(n, parameters=VALUES, net_bps=4.0, risk_ratio=0.1) for n in (3, 4)]
    assert guards(steps=stable, settings=frozen) == {"gamma": "frozen"}
    slow = GuardSettings(velocity=VelocitySettings(limits={"gamma": 0.5}))
    moved = [moved_step(4, VALUES | {"gamma": 1.5}, {"gamma": -0.5})]
    assert guards(steps=moved, settings=slow) == {"gamma": "velocity_exceeded"}
    large = [moved_step(4, VALUES | {"gamma": 3.0}, {"gamma": -2.0})]
    cool = GuardSettings(
        cooldown=CooldownSettings(threshold=0.3), velocity=VelocitySettings(limits={"gamma": 9})
    )
    assert guards(steps=large, settings=cool) == {"gamma": "cooldown_active"}
    assert guards(steps=[moved_step(4, VALUES | {"gamma": 0.75}, {"gamma": 0.25})]) == {
        "gamma": "oscillation"
    }
    assert distance({"gamma": -2.0}, TABLE) == 0.5
    # A step towards safety that a driver asks for passes a freeze.
    safe: dict[str, Any] = {"proposal": {"gamma": 0.5}, "drivers": ("slippage",)}
    assert not guards(steps=stable, settings=frozen, **safe)


def test_a_state_without_one_of_them_or_beyond_its_bounds_does_not_start() -> None:
    for values, reason in ((DEFAULTS, "missing_parameter"), (VALUES | {"gamma": 9.0}, "invalid_parameter")):
        said = ask(context(5, moment="start", parameters=values, table=TABLE, verdict=None, kpis=None))
        assert reason in {opinion.reason for opinion in said if opinion.action.value == "stop"}


def test_a_revert_sets_them_to_their_defaults_and_a_decision_orders_them_last() -> None:
    asked = context(5, parameters=VALUES | {"gamma": 2.0}, table=TABLE, safe_parameters=VALUES)
    decision, after = decide(asked, proposal_of({"gamma": 0.5, "tail_age_ms": 30.0}), ())
    assert decision.applied_deltas == {"gamma": 0.5, "tail_age_ms": 30.0}
    assert (after["gamma"], after["tail_age_ms"]) == (2.5, 650.0)
    assert set(tuning_state(History(), GuardSettings(), 5.0, (), TABLE).velocity) == set(TABLE)


class Own(ReferenceMaker):
    """The reference maker, with a parameter of its own that is its base half-spread."""

    def run(self, market: Any, parameters: Mapping[str, float], window: Any) -> Any:
        built_in = {name: parameters[name] for name in PARAMETERS}
        maker = self.maker.model_copy(update={"base_half_spread_bps": parameters["gamma"] + 3.0})
        return ReferenceMaker(maker, self.fees).run(market, built_in, window)


def canary_spec(folder: Path, table: ParameterTable = TABLE, **values: float) -> CanarySpec:
    profile = load_profile("steady_safe").profile
    made = spec(
        folder, strategy=Own(profile.maker, profile.fees), scenario="volatile", minutes=0.2, iterations=4
    )
    parameters = {**table.defaults, **made.parameters, **values}
    safe = {**table.defaults, **made.safe_parameters}
    return replace(made, parameters=parameters, safe_parameters=safe, table=table)


def test_a_canary_records_them_and_goes_on_with_the_same_table_only(tmp_path: Path) -> None:
    canary = Canary(canary_spec(tmp_path / "a", gamma=4.0), PlainHooks())
    list(canary.advance_to(2))
    canary.close()
    with Journal.read(tmp_path / "a" / "soak.db") as journal:
        assert journal.table == TABLE
        first = journal.entry(1).record
        assert first.parameters_before["gamma"] == 4.0
        lines = list(explain(journal.entry(2), "gamma"))
    assert any(line.startswith("  gamma: ") for line in lines)
    row = Row.from_wire(Row.of(first, 4, table=TABLE).to_wire())
    assert bound_uses([row])["gamma", "high"] == 1
    other = PARAMETERS.with_own([replace(GAMMA, high=5.0), LIMIT])
    with pytest.raises(
        SoakStateError, match=r"another canary: parameter gamma.high was 4.0 and is 5.0\. Undo"
    ):
        Canary(canary_spec(tmp_path / "a", other, gamma=4.0), PlainHooks())
    Canary(canary_spec(tmp_path / "a", gamma=4.0), PlainHooks()).close()
