"""The power of the facts: a market that lacks one part of `mixed` fails a fact that says so.

`python -m benches.ablations` prints all that fail, over seeds.
"""

from __future__ import annotations

import pytest

from benches.ablations import ABLATIONS, ablated, findings
from pytest_soak.market import load_scenario

# Each with the facts that must notice it, and the hours that they need: where nothing else differs, the
# smallest market in which the fact is far outside of its range.
NOTICED = {
    "no GARCH": (14.0, {"jumps", "decay of clusters"}),
    "no regimes": (14.0, {"clustered volatility", "decay of clusters", "sign memory"}),
    "Gaussian without jumps": (2.0, {"jumps"}),
    "branching of 0.4": (2.0, {"branching ratio", "uneven gaps"}),
    "no informed flow": (6.0, {"sign memory"}),
    "frozen fair value": (6.0, {"markout by queue", "kept, 30 s"}),
    "no impact": (2.0, {"kept, 30 s", "response, 60 s", "growth of response", "imbalance and next"}),
    "no flight": (2.0, {"response, 60 s", "growth of response"}),
    "quotes that follow at once": (2.0, {"jumps", "growth of response"}),
    "independent sides": (2.0, {"decay of sign memory"}),
    "one size": (2.0, {"uneven sizes", "emptied queues"}),
    "even depth": (2.0, {"uneven depth", "tail of the spread"}),
    "no Hawkes process": (2.0, {"branching ratio", "uneven gaps"}),
}


@pytest.mark.parametrize("label", ABLATIONS)
def test_what_is_missing_is_noticed(label: str) -> None:
    hours, facts = NOTICED[label]
    found = findings(ablated(load_scenario("mixed"), ABLATIONS[label]), seed=1, hours=hours)
    assert facts <= {finding.fact.name for finding in found if not finding.holds}


def test_an_ablation_changes_what_it_names_alone() -> None:
    scenario = load_scenario("mixed")
    data = scenario.model_dump()
    assert ablated(scenario, {}) == scenario
    data["impact"]["flight"] = 0.0
    assert ablated(scenario, ABLATIONS["no flight"]).model_dump() == data
    even = ablated(scenario, ABLATIONS["even depth"])
    assert {regime.effect.depth for regime in even.regimes} == {1.0}
    assert even.regimes[-1].effect.volatility == scenario.regimes[-1].effect.volatility
