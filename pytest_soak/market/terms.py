"""On what terms a market trades: the contract, and the funding of a position in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import ValidationError

from pytest_soak.config.parsing import validate
from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.funding import NO_FUNDING, Funding
from pytest_soak.market.scenario.model import Scenario


def described(contract: Contract, funding: Funding) -> dict[str, object]:
    """What a market's identity says of contract and funding: nothing of the usual ones."""
    return {
        **({} if contract == LINEAR else {"contract": contract.model_dump()}),
        **({} if funding == NO_FUNDING else {"funding": funding.model_dump()}),
    }


def noted(name: str, contract: Contract, funding: Funding) -> Iterator[str]:
    """What a header says of contract and funding of a market: nothing of the usual ones."""
    if contract != LINEAR:
        unit, settled = ("quote", "coin") if contract.is_inverse else ("base", "quote")
        yield (
            f"{name}: {contract.kind} contracts of {contract.size:g} {unit}; "
            f"positions in contracts, amounts in {settled}"
        )
    if funding != NO_FUNDING:
        share = f"{funding.rate:g} of their notional"
        yield f"{name}: longs pay funding of {share} every {funding.interval_h:g} h"


def scenario_on(scenario: Scenario, contract: Contract | None, funding: Funding | None) -> Scenario:
    """A scenario on other terms, None those that it has. A lot of another contract is one contract.

    Raises:
        SoakConfigError: a contract is worth more than a lot of the scenario may be.
    """
    changed, where = scenario.model_dump(), f"scenario {scenario.name}"
    if contract is not None and contract != scenario.instrument.contract:
        changed["instrument"] |= {"contract": contract.model_dump(), "lot_size": 1.0}
        where += f" with a lot of one {contract.kind} contract of {contract.size:g}"
    if funding is not None:
        changed["funding"] = funding
    return validate(Scenario, changed, where)


def contract_of_origin(origin: str | None) -> Contract | None:
    """The contract of the scenario that a recording was made from; None where that is not told."""
    try:
        told = json.loads(origin or "null")
        return Contract.model_validate(told["scenario"]["instrument"]["contract"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, ValidationError):
        return None
