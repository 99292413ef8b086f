"""What trades add to the fair value, against a plain model of it that is fed with the trades of the tape."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_soak.market import load_scenario
from pytest_soak.market.scenario.model import Impact, Scenario
from pytest_soak.market.tape import STEP_S, Tape, tape_of_scenario

FORGOTTEN_S = 60.0
"""By then the transient part and the net flow of the burn-in, which no tape shows, have faded."""
IMPACT = Impact(
    permanent_bps=2.0,
    transient_bps=1.5,
    transient_half_life_s=2.0,
    typical_notional=900.0,
    saturation=3.0,
    memory_half_life_s=4.0,
    belief_half_life_s=1.0,
    flight=0.3,
)


def tape_with(impact: Impact, name: str, seed: int) -> Tape:
    """A market in which every trade tells something: nobody knows the fair value beforehand."""
    scenario: Scenario = load_scenario(name)
    flow = scenario.flow.model_copy(update={"informed_share": 0.0, "pick_rate_per_s": 0.0})
    changed = scenario.model_copy(update={"flow": flow, "impact": impact})
    return tape_of_scenario(changed, seed=seed, duration_s=240.0)


def modelled(tape: Tape, impact: Impact) -> np.ndarray:
    """Log of the factor that trades bring to the fair value at each sample, bps."""

    def keep(half_life_s: float) -> float:
        return math.pow(0.5, STEP_S / half_life_s)

    permanent = transient = net = 0.0
    trades = list(zip(tape.trade_s, tape.trade_side, tape.trade_qty, tape.trade_mid, strict=True))
    found, position = [], 0
    for sample in range(len(tape.fair)):
        while position < len(trades) and trades[position][0] < (sample + 1) * STEP_S:
            _, side, qty, mid = trades[position]
            news = side * math.sqrt(qty * mid / impact.typical_notional)
            surprise = news / math.sqrt(1.0 + abs(net) / impact.saturation)
            permanent += impact.permanent_bps * surprise
            transient += impact.transient_bps * surprise
            net += news
            position += 1
        found.append(permanent + transient)
        transient *= keep(impact.transient_half_life_s)
        net *= keep(impact.memory_half_life_s)
    return np.array(found)


@pytest.mark.parametrize("name", ["calm", "volatile"])
@pytest.mark.parametrize("seed", [1, 2])
def test_trades_move_fair_value_as_the_model_says(name: str, seed: int) -> None:
    tape = tape_with(IMPACT, name, seed)
    # The same seed has the same world; what differs is what the trades brought.
    world = tape_with(Impact(), name, seed).fair
    brought = np.log(tape.fair / world) * 1e4
    expected = modelled(tape, IMPACT)
    late = slice(round(FORGOTTEN_S / STEP_S), None)
    gap = (brought - expected)[late]
    assert np.ptp(expected[late]) > 10.0
    assert np.ptp(gap) < 1e-3
