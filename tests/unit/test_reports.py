"""A strategy's report is input: an unsound one fails its iteration by name and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.own import own_values
from pytest_soak.domain.records import Batches, EdgeReport, Sample
from pytest_soak.domain.reports import checked_report
from pytest_soak.domain.values import Histogram
from pytest_soak.engine.run import check_strategy
from tests.canary_kit import run, spec
from tests.rules_kit import MARKET, blocks, edge_report, orders, totals


def tampered(**changes: Any) -> EdgeReport:
    return edge_report().model_copy(update=changes)


def with_totals(**changes: float) -> EdgeReport:
    return tampered(totals=totals().model_copy(update=changes))


def with_market(**changes: Any) -> EdgeReport:
    return tampered(market=MARKET.model_copy(update=changes))


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


def in_a_circle() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


def doubled(times: int) -> list[object]:
    """A few lists here, and 2 to the power of ``times`` of them written out."""
    value: list[object] = [1]
    for _ in range(times):
        value = [value, value]
    return value


class Unshowable:
    """An object that fails where it is asked what it is."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def batches(**changes: Any) -> Batches:
    return Batches(**{**dict.fromkeys(Batches.model_fields, (0, 0)), **changes})


BAD: list[tuple[object, str]] = [
    (None, "run() returned None; it must return an EdgeReport"),
    ({"source": "mock"}, "run() returned {"),
    (tampered(source="replay"), "source = 'replay', the market's is 'mock'"),
    (tampered(attempts=-1), "attempts = -1"),
    (tampered(attempts=3), "attempts = 3 are fewer than its 25 blocked attempts"),
    (tampered(blocks=blocks().model_copy(update={"risk": -5})), "blocks.risk = -5"),
    (tampered(orders=orders().model_copy(update={"placed": "many"})), "orders.placed = 'many'"),
    (with_totals(notional=float("nan")), "totals.notional = nan"),
    (with_totals(taker_notional=-100.0), "totals.taker_notional = -100.0"),
    (with_totals(notional=5000.0), "is not maker_notional + taker_notional"),
    (with_totals(gross=900.0), "is not gross + fees + slippage + inventory"),
    (tampered(adverse_bps=edge_report().adverse_bps.model_copy(update={"n": 0})), "is of a sample of size 0"),
    (
        tampered(latency_ms=Sample(n=3, p95=None, histogram=Histogram(step=1.0, at=(1, 2), counts=(3,)))),
        "latency_ms.histogram has 2 classes and 1 counts",
    ),
    (
        with_totals(**dict.fromkeys(("notional", "maker_notional", "gross", "ledger"), 1.7e308)),
        "totals.notional = 1.7e+308; accepted are numbers of a size up to 1e+100",
    ),
    (
        tampered(latency_ms=Sample(n=3, p95=None, histogram=Histogram(step=1.0, at=(1,), counts=(2,)))),
        "latency_ms.histogram counts 2 values; expected n = 3",
    ),
    (tampered(ws_lag_ms=Sample(n=3, p95=None, batch_n=(1, 2))), "ws_lag_ms has 2 batches and 0 counts"),
    (tampered(batches=batches(risk=(0,))), "batches are of different lengths"),
    (tampered(batches=batches(gross=(0.0, -1e200))), "batches.gross holds -1e+200; accepted are"),
    (tampered(own={"x": own_values([1.0, 1e301])}), "own.x.mean = 5e+300; accepted are"),
    (tampered(attempts=10**400), "attempts = 1000"),
    (
        tampered(orders=orders().model_copy(update={"cancelled": 2**63})),
        "orders.cancelled = 9223372036854775808",
    ),
    (with_market(silences=-1), "market.silences = -1"),
    (with_market(label_ms=nested(100_000)), "or lists deeper than 32 levels"),
    (with_market(label_ms=nested(20)), "market.label_ms = [[[[[[[[[...]]]]]]]]]; "),
    (with_market(label_ms=doubled(30)), "it holds more than 1000000 values"),
    (with_market(labels=10**5_000), "market.labels = <int that cannot be shown>; "),
    (with_market(labels=Unshowable()), "market.labels = <Unshowable"),
    (with_market(labels=("x", 1, None)), "market.labels.1 = 1"),
    (with_market(labels=("\ud800",)), "accepted is valid Unicode"),
    (tampered(carry={"a": [1.0, float("inf")]}), "carry.a.1 = inf; accepted is a finite number"),
    (tampered(carry={"a": {"b": (1,)}}), "carry.a.b = (1,); accepted is a JSON value"),
    (tampered(carry={1: "a"}), "carry has the key 1; accepted is a text"),
    (tampered(carry=["\ud800"]), "accepted is valid Unicode"),
    (tampered(carry={"\ud800": 1}), "accepted is valid Unicode"),
    (tampered(carry="x" * 65_536), "carry is 65538 bytes of JSON; accepted are 65536"),
    (tampered(carry=2**63), "carry is a number of 64 bits; accepted are whole numbers of 64 bits"),
    (tampered(carry=nested(33)), "lies deeper than the 32 levels"),
    (tampered(carry=nested(100_000)), "lies deeper than the 32 levels"),
    (tampered(carry=in_a_circle()), "lies deeper than the 32 levels"),
    (tampered(carry=doubled(30)), "carry is more than 65536 bytes of JSON"),
    (tampered(carry={"k" * 99_999: float("nan")}), "kkk = nan; accepted is a finite number"),
    (tampered(carry=edge_report().totals), "accepted is a JSON value"),
    (tampered(carry=object()), "carry = <object object at"),
    (with_market(label_ms={"\udfff": 1.0}), "accepted is valid Unicode"),
    (with_market(notes=("a", "\ud800")), "market.notes holds '\\ud800'; accepted is valid Unicode"),
    (with_market(tick_from="\ud800"), "market.tick_from holds '\\ud800'; accepted is valid Unicode"),
    (with_market(notes=("x" * 2**20,)), "characters; accepted are 1048576"),
]


@pytest.mark.parametrize(("answer", "said"), BAD, ids=[text for _, text in BAD])
def test_an_unsound_report_is_refused_by_one_sentence(answer: object, said: str) -> None:
    with pytest.raises(SoakStateError) as caught:
        checked_report(answer, "mock", "iteration 2 of x, strategy y")
    text = str(caught.value)
    assert text.startswith("iteration 2 of x, strategy y: ")
    assert said in text
    assert "\n" not in text
    assert text.isascii()


def test_a_sound_report_passes() -> None:
    assert checked_report(edge_report(), "mock", "here") == edge_report()
    carry = {"text": "x" * 60_000, "deep": nested(29), "numbers": [1, -2.5, True, None, -(2**63)]}
    assert checked_report(tampered(carry=carry), "mock", "here").carry == carry


class Wild:
    """Sound but for iteration 2."""

    name = "wild"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def describe(self) -> dict[str, object]:
        return {}

    def run(self, market: object, parameters: object, window: Any) -> Any:
        return self.answer if window.iteration == 2 else edge_report()


def test_it_poisons_nothing(tmp_path: Path) -> None:
    """The iterations before it stay, and the canary goes on once the strategy is sound."""
    made = spec(tmp_path, iterations=3, strategy=Wild(BAD[-2][0]))
    with pytest.raises(SoakStateError, match="strategy wild: its report is refused"):
        run(made)
    assert len(run(spec(tmp_path, iterations=3, strategy=Wild(edge_report())))) == 3


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"name": "x", "run": print}, "has no method describe()"),
        ({"name": "x", "describe": dict}, "has no method run()"),
        ({"name": "", "describe": dict, "run": print}, ".name is ''"),
        ({"describe": dict, "run": print}, ".name is None"),
        (
            {"name": "x", "describe": lambda _: {"book": object()}, "run": print},
            ".describe() returns what JSON cannot hold: Object of type object",
        ),
        ({"name": "x", "describe": lambda _: [float("nan")], "run": print}, "JSON cannot hold: Out of range"),
    ],
)
def test_an_object_that_is_no_strategy_is_refused(members: dict[str, object], said: str) -> None:
    with pytest.raises(SoakConfigError) as caught:
        check_strategy(type("Mine", (), members)())
    assert "Mine" in str(caught.value)
    assert said in str(caught.value)
