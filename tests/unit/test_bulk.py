"""Many canaries: the worst first, nothing that failed left out."""

from __future__ import annotations

from dataclasses import replace

from pytest_soak.plugin.bulk import ITEM_FAILED, Measured, canary_lines, matrix_lines, worst_first
from pytest_soak.plugin.wire import CanaryGates, GateSeen
from tests.unit.test_lines import ROW


def canary(seed: int, verdict: str, net: float | None, *, failed: int = 0, profile: str = "p") -> Measured:
    row = replace(ROW, seed=seed, profile=profile, verdict="OK", gates=[], iterations=1)
    gates = CanaryGates(
        verdict=verdict, gates=[GateSeen(kpi="net_bps", verdict=verdict, measured=net, bound=">= 2")]
    )
    return Measured(f"{profile}-calm-s{seed}", [row], gates, failed=failed)


def test_the_worst_comes_first() -> None:
    """FAIL before NO_DATA before INCONCLUSIVE before items that failed before what held; then by net."""
    given = [
        canary(1, "OK", 3.0),
        canary(2, "OK", 3.0, failed=1),
        canary(3, "INCONCLUSIVE", 2.0),
        canary(4, "NO_DATA", None),
        canary(5, "FAIL", 1.0),
        canary(6, "FAIL", -1.0),
    ]
    ordered = worst_first(given)
    assert [c.rows[0].seed for c in ordered] == [6, 5, 4, 3, 2, 1]
    assert ordered[4].verdict == ITEM_FAILED


def test_the_matrix_has_mean_and_spread_over_seeds() -> None:
    """One line per profile and scenario; what was not measured takes no part in the mean."""
    canaries = [canary(1, "OK", 3.0), canary(2, "FAIL", 1.0), canary(3, "OK", 9.0, profile="q")]
    lines = [line.split() for line, _ in matrix_lines(canaries)[1:]]
    assert lines[0] == ["p", "calm", "2", "+2.00", "1.41", "-", "FAIL", "net_bps"]
    assert lines[1] == ["q", "calm", "1", "+9.00", "-", "-", "OK"]
    nothing = matrix_lines([canary(1, "NO_DATA", None)])[1][0].split()
    assert nothing[3:6] == ["-", "-", "-"]


def test_no_canary_that_failed_is_left_out() -> None:
    """However many there are; what held is counted instead."""
    canaries = [canary(seed, "FAIL" if seed % 2 else "OK", 1.0) for seed in range(40)]
    lines = canary_lines(canaries, most=4)
    assert sum("FAIL" in line for line, _ in lines) == 20
    assert lines[-1][0] == "(20 more canaries, all of which held)"


def test_long_names_keep_to_80_columns_and_stay_apart() -> None:
    """Names that differ at their ends only are cut in the middle."""
    long = "a" * 60
    canaries = [canary(seed, "INCONCLUSIVE", -123.456, profile=long) for seed in (1, 2)]
    lines = [line for line, _ in [*canary_lines(canaries, most=4), *matrix_lines(canaries)]]
    assert all(len(line) <= 80 for line in lines)
    assert lines[1] != lines[2]


def seen(kpi: str, verdict: str, *, by_chance: bool = False) -> GateSeen:
    return GateSeen(kpi=kpi, verdict=verdict, measured=1.0, bound=">= 2", is_by_chance=by_chance)


def test_a_miss_that_chance_explains_counts_for_nothing_beside_one_that_it_does_not() -> None:
    """The iteration keeps its FAIL; what is left of it over the canary is the gate without data."""
    mixed = [seen("net_bps", "FAIL", by_chance=True), seen("risk_ratio", "NO_DATA")]
    row = replace(ROW, verdict="FAIL", gates=mixed, iterations=1)
    held = CanaryGates(verdict="OK", gates=[seen("net_bps", "OK"), seen("risk_ratio", "OK")])
    canary = Measured("p-calm-s1", [row], held)
    assert (canary.verdict, canary.first_missed, canary.outcome.by_chance) == ("NO_DATA", "risk_ratio", 0)
    assert canary.missed == [row]
    explained = replace(row, gates=mixed[:1])
    canary = Measured("p-calm-s1", [explained], held)
    assert (canary.verdict, canary.first_missed, canary.outcome.by_chance) == ("OK", "", 1)


def test_the_gate_named_first_has_the_verdict_of_its_canary() -> None:
    """A gate without data stands before it in the order of KPIs, and decides less."""
    gates = [seen("net_bps", "NO_DATA"), seen("risk_ratio", "FAIL")]
    row = replace(ROW, verdict="FAIL", gates=gates, iterations=1)
    over_the_run = CanaryGates(verdict="FAIL", gates=gates)
    for pooled in (None, over_the_run):
        assert Measured("p-calm-s1", [row], pooled).first_missed == "risk_ratio"
