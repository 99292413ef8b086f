from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

import pytest_soak
from pytest_soak import _kernel, kernel, market
from pytest_soak.domain.errors import SoakConfigError, SoakError
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import (
    MakerJob,
    Market,
    MockMarket,
    ReferenceMaker,
    Strategy,
    Window,
    load_scenario,
)
from pytest_soak.market.reports import report_of
from tests.oracle.jobs import job, window
from tests.oracle.reports import nothing_measured

ROOT = Path(__file__).resolve().parents[2]


class NotedMarket:
    source = "mock"
    name = "noted"

    def __init__(self) -> None:
        self.seen: list[tuple[MakerJob, Window]] = []

    def describe(self) -> dict[str, object]:
        return {}

    def run_maker(self, job: MakerJob, window: Window) -> EdgeReport:
        self.seen.append((job, window))
        return nothing_measured(window.start_ms)


WINDOW = Window(iteration=3, iterations=6, start_ms=600_000.0, duration_ms=300_000.0)


def test_every_public_name_is_there_and_no_other() -> None:
    assert dir(market) == sorted(market.__all__)
    for name in market.__all__:
        assert getattr(market, name).__module__.startswith("pytest_soak.market.")
    with pytest.raises(AttributeError, match="no attribute 'Markt'"):
        _ = market.Markt


def test_importing_the_market_is_cheap() -> None:
    code = (
        "import sys; before = set(sys.modules); import pytest_soak.market as m; m.Window; m.MarketRequest; "
        "print(sorted(n for n in ('numpy', 'pydantic', 'pytest_soak._kernel') "
        "if n in set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_window_ends_where_the_next_begins() -> None:
    assert WINDOW.end_ms == 900_000.0


def test_reference_maker_hands_its_settings_and_the_parameters_on() -> None:
    maker = ReferenceMaker(maker=MakerSettings(skew_bps=2.0), fees=FeeSettings(maker_bps=-0.1))
    noted = NotedMarket()
    strategy: Strategy = maker
    place: Market = noted  # type: ignore[assignment]
    report = strategy.run(place, DEFAULTS, WINDOW)
    assert report.market.start_ms == 600_000.0
    (job, window) = noted.seen[0]
    assert (job.parameters, job.maker.skew_bps, job.fees.maker_bps) == (DEFAULTS, 2.0, -0.1)
    assert window is WINDOW


def test_identity_of_the_maker_is_its_settings() -> None:
    one = ReferenceMaker(maker=MakerSettings(), fees=FeeSettings())
    same = ReferenceMaker(maker=MakerSettings(), fees=FeeSettings())
    other = ReferenceMaker(maker=MakerSettings(skew_bps=9.0), fees=FeeSettings())
    assert one.describe() == same.describe() != other.describe()
    assert one.describe()["name"] == "reference_maker"


def test_kernel_that_is_not_built_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pytest_soak, "_kernel", raising=False)
    monkeypatch.setitem(sys.modules, "pytest_soak._kernel", None)
    with pytest.raises(SoakError, match="maturin develop --release"):
        kernel.kernel_version()
    with pytest.raises(SoakError, match="maturin develop --release"):
        kernel.open_market({}, 1)


def _with_kernel(monkeypatch: pytest.MonkeyPatch, refusal: Exception) -> None:
    def refuse(*_: object) -> object:
        raise refusal

    fake = SimpleNamespace(__version__="9.9", Market=refuse, replay=refuse)
    monkeypatch.setattr(kernel, "_load", lambda: fake)


def test_refusal_by_the_kernel_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_kernel(monkeypatch, ValueError("seed is missing"))
    with pytest.raises(SoakConfigError, match="refuses to simulate: seed is missing"):
        kernel.open_market({}, 1)
    with pytest.raises(SoakConfigError, match="refuses to replay: seed is missing"):
        kernel.replay({}, b"")


def test_numbers_that_are_not_finite_never_reach_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_kernel(monkeypatch, AssertionError("it was asked"))
    with pytest.raises(SoakConfigError, match="refuses to simulate"):
        kernel.open_market({"fair": float("nan")}, 1)
    with pytest.raises(SoakConfigError, match="refuses to replay"):
        kernel.replay({"start_ns": float("nan")}, b"")


def _answer() -> dict[str, object]:
    return nothing_measured(5.0).model_dump(mode="json")


def test_report_is_what_the_kernel_says() -> None:
    assert report_of(json.dumps(_answer()).encode("ascii")) == nothing_measured(5.0)


@pytest.mark.parametrize(
    ("change", "where"),
    [({"extra": 1}, "extra"), ({"attempts": None}, "attempts"), ({"attempts": float("nan")}, "attempts")],
)
def test_report_of_another_version_is_named(change: dict[str, object], where: str) -> None:
    with pytest.raises(SoakError, match=f"does not fit this package: {where}.*maturin develop"):
        report_of(json.dumps({**_answer(), **change}).encode("ascii"))


def test_the_scenario_crosses_into_the_kernel_once_a_market(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = kernel.open_market

    def counted(scenario: Mapping[str, object], seed: int) -> _kernel.Market:
        opened.append(seed)
        return real(scenario, seed)

    monkeypatch.setattr(kernel, "open_market", counted)
    place = MockMarket(load_scenario("calm"), seed=7)
    for start_ms in (0.0, 500.0, 0.0):
        place.run_maker(job(), window(start_ms, 500.0))
        place.simulation(window(start_ms, 500.0), FeeSettings())
    assert opened == [7]
    assert "scenario" not in place.spec(job(), window())
