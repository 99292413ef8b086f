"""The accounting identity of linear and inverse contracts, with fee tiers and funding, in exact fractions."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soak import kernel
from pytest_soak.domain.contract import Contract
from pytest_soak.domain.funding import Funding
from pytest_soak.domain.settings import FeeSettings, FeeTier
from pytest_soak.market import MockMarket, load_scenario
from pytest_soak.market.account import Account
from tests.oracle import jobs
from tests.oracle.contracts import Books, booked

contracts = st.builds(
    Contract,
    kind=st.sampled_from(["linear", "inverse"]),
    size=st.sampled_from([0.0025, 0.01, 1.0]),
) | st.builds(Contract, kind=st.just("inverse"), size=st.sampled_from([7.5, 100.0]))
bps = st.floats(min_value=-2.0, max_value=8.0)
fees = st.builds(
    lambda maker, taker, tiers: FeeSettings(
        maker_bps=maker,
        taker_bps=taker,
        tiers=tuple(
            FeeTier(from_notional=5_000.0 * 3**n, maker_bps=m, taker_bps=t) for n, (m, t) in enumerate(tiers)
        ),
    ),
    bps,
    bps,
    st.lists(st.tuples(bps, bps), max_size=3),
)
PARTS = ("gross", "fees", "slippage", "inventory", "funding")


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(1, 50),
    contract=contracts,
    fees=fees,
    rate=st.sampled_from([0.0, 0.0001, -0.003]),
    limits=jobs.limits,
    traded=st.sampled_from([0.0, 20_000.0]),
)
def test_the_kernel_books_what_is_owned_and_owed(
    seed: int, contract: Contract, fees: FeeSettings, rate: float, limits: dict[str, Any], traded: float
) -> None:
    if contract.kind == "linear" and contract.size == 1.0:
        contract = Contract(size=0.02)
    market = MockMarket(
        load_scenario("volatile"), seed, contract=contract, funding=Funding(rate=rate, interval_h=1 / 60)
    )
    job = jobs.job(maker=limits, fees=fees.model_dump())
    window = jobs.window(duration_ms=150_000.0)
    spec = {**market.spec(job, window, record_fills=True), "traded": traded}
    report = json.loads(kernel.simulate(market.compiled, spec))
    path = dict(report["path"])
    payments = [(at, path[at]) for at in (60_000.0, 120_000.0)] if rate else []
    books = booked(Books(contract, fees, Fraction(traded)), report["fills"], payments, rate)
    totals = report["totals"]
    books.hold_to(Fraction(totals["mid_end"]))
    bound = 1e-9 * max(float(books.notional), 1e-12)
    for part in PARTS:
        assert abs(totals[part] - books.parts.get(part, Fraction(0))) <= bound, part
    assert abs(totals["ledger"] - books.profit(totals["mid_end"])) <= bound
    assert sum(books.parts.values()) == books.profit(totals["mid_end"])
    assert totals["notional"] == pytest.approx(float(books.notional), rel=1e-12)
    assert totals["quote_notional"] == pytest.approx(float(books.traded - Fraction(traded)), rel=1e-12)
    assert totals["position_end"] == pytest.approx(float(books.position), abs=1e-9)


fill = st.tuples(
    st.sampled_from([1, -1]),
    st.floats(min_value=1.0, max_value=1e5),
    st.integers(1, 500),
    st.floats(min_value=-0.01, max_value=0.01),
)


@given(fills=st.lists(fill, max_size=25), contract=contracts, mid=st.floats(min_value=1.0, max_value=1e5))
def test_a_strategys_account_is_worth_what_is_owned_and_owed(
    fills: list[tuple[int, float, int, float]], contract: Contract, mid: float
) -> None:
    account = Account(contract)
    books = Books(contract, FeeSettings(maker_bps=0.0))
    for side, price, size, fee in fills:
        account.book(side, price, float(size), fee)
        at = dict.fromkeys(("price", "mid_at_fill", "mid_at_decision"), price)
        books.fill({**at, "side": side, "qty": size, "maker": True})
    scale = max(float(books.notional), contract.notional(mid) * abs(account.position), 1e-9)
    paid = sum(fee for *_, fee in fills)
    worth = account.cash + account.position * contract.value(mid)
    assert worth == pytest.approx(float(books.profit(mid)) - paid, abs=1e-9 * scale + 1e-12)
    # What was closed and what is open make up the whole, before fees.
    assert account.realised + account.earned(mid) == pytest.approx(float(books.profit(mid)), abs=1e-9 * scale)
    if account.average_price is not None:
        assert account.earned(account.average_price) == pytest.approx(0.0, abs=1e-9 * scale)
