from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.history import History
from pytest_soak.domain.parameter import MOVERS
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS, distance
from pytest_soak.domain.records import Verdict, Zone
from pytest_soak.domain.settings import CooldownSettings, TunerSettings
from pytest_soak.domain.tuner import Proposal, TunerContext, bounded, effective_deltas, propose
from tests.rules_kit import kpis, proposal_of

BELOW = math.nextafter


def proposed(**measured: float | None) -> Proposal:
    return proposed_from({}, **measured)


def proposed_from(values: dict[str, float], /, **measured: float | None) -> Proposal:
    context = TunerContext(
        iteration=1,
        iterations=6,
        parameters={**DEFAULTS, **values},
        kpis=kpis(**measured),
        verdict=Verdict.OK,
        history=History(),
        settings=TunerSettings(),
    )
    return propose(context)


AGGRESSIVE = {"min_interval_ms": 5.0, "impact_cap_ratio": -0.01, "tail_age_ms": 30.0}
MODERATE = {"min_interval_ms": 5.0, "impact_cap_ratio": -0.005}
NORMALIZE = {
    "min_interval_ms": -3.0,
    "base_spread_bps_delta": -0.005,
    "impact_cap_ratio": 0.005,
    "max_delta_ratio": 0.0025,
    "tail_age_ms": -5.0,
}


@pytest.mark.parametrize(
    ("risk", "net", "zone", "deltas"),
    [
        (1.0, 5.0, Zone.AGGRESSIVE, AGGRESSIVE),
        (0.60, 5.0, Zone.AGGRESSIVE, AGGRESSIVE),
        (BELOW(0.60, 0), 5.0, Zone.MODERATE, MODERATE),
        (0.40, 5.0, Zone.MODERATE, MODERATE),
        (BELOW(0.40, 0), 5.0, Zone.HOLD, {}),
        (0.35, 5.0, Zone.HOLD, {}),
        (BELOW(0.35, 0), 3.0, Zone.NORMALIZE, NORMALIZE),
        (BELOW(0.35, 0), BELOW(3.0, 0), Zone.HOLD, {}),
        (0.0, None, Zone.HOLD, {}),
        (0.0, 3.0, Zone.NORMALIZE, NORMALIZE),
        (None, 9.0, None, {}),
    ],
)
def test_zones_and_their_moves(
    risk: float | None, net: float | None, zone: Zone | None, deltas: dict[str, float]
) -> None:
    got = proposed(risk_ratio=risk, net_bps=net)
    assert got.zone is zone
    assert got.deltas == deltas
    assert got.drivers == ()


def test_all_that_is_tightened_is_relaxed_and_more_slowly() -> None:
    for parameter in PARAMETERS.values():
        relaxed = parameter.move_by("NORMALIZE")
        tightened = [move for m in MOVERS if m != "NORMALIZE" and (move := parameter.move_by(m))]
        assert bool(relaxed) == bool(tightened)
        assert all(abs(relaxed or 0.0) <= abs(move) for move in tightened)


@pytest.mark.parametrize(
    ("interval", "relaxed", "beyond"),
    [
        (65.0, {}, {"min_interval_ms": -3.0}),
        (66.0, {"min_interval_ms": -1.0}, {"min_interval_ms": -3.0}),
        (75.0, {"min_interval_ms": -3.0}, {"min_interval_ms": -3.0}),
        (50.0, {}, {"min_interval_ms": -3.0}),
    ],
)
def test_nothing_is_relaxed_beyond_the_profile_where_it_says_so(
    interval: float, relaxed: dict[str, float], beyond: dict[str, float]
) -> None:
    """At the value of the profile nothing moves, near it what is left; what lies beyond stays."""
    context = TunerContext(
        iteration=1,
        iterations=6,
        parameters={**DEFAULTS, "min_interval_ms": interval},
        kpis=kpis(risk_ratio=0.1, net_bps=4.0),
        verdict=Verdict.OK,
        history=History(),
        settings=TunerSettings(relax_beyond_profile=False),
        profile=DEFAULTS,
    )
    assert DEFAULTS["min_interval_ms"] == 65.0
    assert propose(context).deltas == relaxed
    assert propose(replace(context, settings=TunerSettings())).deltas == {**NORMALIZE, **beyond}
    # Tightening is not stopped, and what the profile does not name is relaxed as far as its bound.
    tightened = propose(replace(context, kpis=kpis(risk_ratio=0.7, net_bps=4.0))).deltas
    assert tightened == AGGRESSIVE
    assert propose(replace(context, profile={})).deltas == {**NORMALIZE, **beyond}


def test_one_step_of_normalizing_brings_no_pause() -> None:
    assert distance(NORMALIZE) < CooldownSettings().threshold


@pytest.mark.parametrize(
    ("cost", "value", "drivers", "deltas"),
    [
        ("adverse_bps_p95", 3.5, (), {}),
        ("adverse_bps_p95", 3.6, ("adverse",), {"impact_cap_ratio": -0.01, "max_delta_ratio": -0.01}),
        ("slippage_bps_p95", 2.5, (), {}),
        ("slippage_bps_p95", 2.6, ("slippage",), {"base_spread_bps_delta": 0.02, "tail_age_ms": 30.0}),
    ],
)
@pytest.mark.parametrize("risk", [0.37, None])
def test_drivers_push_above_their_threshold(
    cost: str, value: float, drivers: tuple[str, ...], deltas: dict[str, float], risk: float | None
) -> None:
    got = proposed(risk_ratio=risk, net_bps=2.5, **{cost: value})
    assert got.drivers == drivers
    assert got.deltas == deltas


def test_two_reasons_for_one_move_do_not_add_up() -> None:
    got = proposed(risk_ratio=0.45, net_bps=5.0, adverse_bps_p95=4.0)
    assert got.deltas["impact_cap_ratio"] == -0.01
    got = proposed(risk_ratio=0.7, net_bps=5.0, adverse_bps_p95=4.0, slippage_bps_p95=3.0)
    assert got.deltas["impact_cap_ratio"] == -0.01
    assert got.deltas["tail_age_ms"] == 30.0
    assert got.drivers == ("adverse", "slippage")


@pytest.mark.parametrize("cost", [{"adverse_bps_p95": 4.0}, {"slippage_bps_p95": 3.0}])
def test_a_driver_drops_every_relaxation(cost: dict[str, float]) -> None:
    got = proposed(risk_ratio=0.1, net_bps=5.0, **cost)
    assert got.zone is Zone.NORMALIZE
    assert "min_interval_ms" not in got.deltas
    assert got.deltas.get("impact_cap_ratio", 0.0) <= 0.0
    assert got.deltas


def test_a_bound_shortens_a_move() -> None:
    got = proposed_from({"min_interval_ms": 78.0, "impact_cap_ratio": 0.084}, risk_ratio=0.7)
    assert got.deltas == {"min_interval_ms": 2.0, "impact_cap_ratio": -0.004, "tail_age_ms": 30.0}


def test_at_a_bound_there_is_no_move_and_none_the_other_way() -> None:
    """At 56 % risk and at the safe bounds nothing moves: a cap is not a target."""
    got = proposed_from({"min_interval_ms": 80.0, "impact_cap_ratio": 0.08}, risk_ratio=0.56)
    assert got.zone is Zone.MODERATE
    assert got.deltas == {}


def test_from_outside_its_bounds_a_parameter_is_not_pulled_to_the_wall() -> None:
    assert effective_deltas({"min_interval_ms": 100.0}, {"min_interval_ms": 5.0}) == {}
    assert effective_deltas({"min_interval_ms": 30.0}, {"min_interval_ms": -5.0}) == {}


def test_deltas_carry_no_dust_of_floating_point() -> None:
    values = dict(DEFAULTS, base_spread_bps_delta=0.1)
    for _ in range(7):
        deltas = effective_deltas(values, {"base_spread_bps_delta": 0.02})
        assert deltas == {"base_spread_bps_delta": 0.02}
        values["base_spread_bps_delta"] = round(values["base_spread_bps_delta"] + 0.02, 6)


def test_deltas_come_in_the_order_of_the_table() -> None:
    got = proposed(risk_ratio=0.7, adverse_bps_p95=4.0, slippage_bps_p95=3.0)
    assert list(got.deltas) == [name for name in DEFAULTS if name in got.deltas]
    assert len(got.deltas) == 5


@pytest.mark.parametrize("delta", [math.nan, math.inf, True, "5"])
def test_a_delta_that_is_no_finite_number_is_refused(delta: float) -> None:
    with pytest.raises(SoakConfigError, match=r"min_interval_ms = .* is not a finite number"):
        bounded(proposal_of({"min_interval_ms": delta}), DEFAULTS)


def test_a_proposal_for_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(SoakConfigError, match=r"unknown parameter 'max_delta'; known are .*max_delta_ratio"):
        bounded(proposal_of({"max_delta": 1.0}), DEFAULTS)


def test_a_foreign_proposal_is_cut_at_the_bounds() -> None:
    got = bounded(proposal_of({"tail_age_ms": 1e9, "max_delta_ratio": 0.0}), DEFAULTS)
    assert got.deltas == {"tail_age_ms": 180.0}
    assert got.by == "test"


def test_borders_are_settings() -> None:
    context = TunerContext(
        iteration=1,
        iterations=6,
        parameters=DEFAULTS,
        kpis=kpis(risk_ratio=0.2, net_bps=9.0, adverse_bps_p95=1.1),
        verdict=Verdict.OK,
        history=History(),
        settings=TunerSettings(aggressive_risk=0.2, adverse_p95_bps=1.0),
    )
    got = propose(context)
    assert got.zone is Zone.AGGRESSIVE
    assert got.drivers == ("adverse",)


@pytest.mark.parametrize(
    ("risk", "net", "share", "zone", "deltas"),
    [
        (1.0, 3.0, BELOW(0.05, 0), Zone.NORMALIZE, NORMALIZE),
        (1.0, BELOW(3.0, 0), BELOW(0.05, 0), Zone.NORMALIZE, {}),
        (1.0, -4.0, BELOW(0.05, 0), Zone.NORMALIZE, {}),
        (0.0, None, 0.0, Zone.NORMALIZE, {}),
        (1.0, 5.0, 0.05, Zone.AGGRESSIVE, AGGRESSIVE),
        (None, 5.0, 0.0, None, {}),
    ],
)
def test_few_blocks_mean_normalize_by_rule_and_relax_nothing_without_profit(
    risk: float | None, net: float | None, share: float, zone: Zone | None, deltas: dict[str, float]
) -> None:
    got = proposed(risk_ratio=risk, net_bps=net, blocked_share=share)
    assert got.zone is zone
    assert got.deltas == deltas
    if zone is Zone.NORMALIZE:
        assert got.zone_reason is not None
        assert got.zone_reason.startswith("few_blocks: ")
        assert ("nothing is relaxed" in got.zone_reason) == (not deltas)
    else:
        assert got.zone_reason is None


def test_under_a_driver_few_blocks_relax_nothing() -> None:
    got = proposed(risk_ratio=1.0, net_bps=5.0, blocked_share=0.01, adverse_bps_p95=9.0)
    assert got.zone is Zone.NORMALIZE
    assert got.deltas == {"impact_cap_ratio": -0.01, "max_delta_ratio": -0.01}
