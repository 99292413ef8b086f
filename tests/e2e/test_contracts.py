"""Contracts, funding and fee tiers from the command line to records and report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_soak.domain.kpis import KPI_MEANINGS

INVERSE = ("--soak-contract=inverse", "--soak-contract-size=10", "--soak-funding=0.002/1m")
TIERED = """
extends = "steady_safe"

[fees]
maker_bps = 1.0
taker_bps = 4.0

[[fees.tiers]]
from_notional = 30000.0
maker_bps = -0.5
taker_bps = 3.0

[gates.thresholds.drawdown]
fail_above = 0.00001
"""


def usage_error(pytester: pytest.Pytester, *args: str) -> str:
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    return [line for line in result.errlines if line.strip()][-1]


def summaries(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    folder = next((pytester.path / "artifacts" / "soak" / "latest").glob("*-calm-s1"))
    paths = sorted(folder.glob("ITER_SUMMARY_*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def test_what_is_asked_for_is_in_header_records_gates_report_and_resumed_run(
    pytester: pytest.Pytester,
) -> None:
    folder = pytester.mkdir("soak_profiles")
    (folder / "tiered.toml").write_text(TIERED, encoding="utf-8")
    wanted = ("--soak-profile=tiered", "--soak-minutes=1", "--soak-gate=soft", "-p", "no:randomly")
    result = pytester.runpytest_inprocess("--soak-iterations=3", *INVERSE, *wanted)
    text = result.stdout.str()
    assert "soak: calm: inverse contracts of 10 quote; positions in contracts, amounts in coin" in text
    assert "soak: calm: longs pay funding of 0.002 of their notional every 0.0166667 h" in text
    assert "required <= 1e-05 coin" in text
    found = summaries(pytester)
    for one in found:
        kpis = one["summary"]
        parts = ("gross_bps", "fees_eff_bps", "slippage_bps", "inventory_bps", "funding_bps")
        assert kpis["net_bps"] == pytest.approx(sum(kpis[part] for part in parts), abs=1e-9)
        assert one["market"]["contract"] == {"kind": "inverse", "size": 10.0}
        assert kpis["profit_quote"] == pytest.approx(kpis["profit"] * 1900.0, rel=0.05)
    assert any(one["summary"]["funding_bps"] for one in found)
    fees = [one["summary"]["fees_eff_bps"] for one in found]
    assert fees[0] < 0.4
    assert fees[2] == pytest.approx(0.5)
    report = (pytester.path / "artifacts/soak/latest/report.md").read_text(encoding="utf-8")
    assert "| part | bps | coin |" in report
    assert "| funding |" in report
    assert "--soak-contract=inverse --soak-contract-size=10.0 --soak-funding=0.002/1m" in report
    # What was asked for goes with the run, and nothing else does.
    again = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1", "-p", "no:randomly")
    assert again.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    assert summaries(pytester)[:3] == found
    assert summaries(pytester)[3]["summary"]["fees_eff_bps"] == pytest.approx(0.5)
    said = usage_error(pytester, "--soak-resume", "--soak-contract-size=100")
    assert "the run was started with contract_size = 10.0, this command says 100.0" in said


def test_metrics_are_in_the_unit_of_their_name(pytester: pytest.Pytester) -> None:
    pytest.importorskip("prometheus_client")
    from pytest_soak.cli import main
    from pytest_soak.observe.metrics import metric_name

    pytester.runpytest_inprocess("--soak-iterations=1", "--soak-minutes=1", "--soak-gate=off", *INVERSE)
    assert main(["exporter", "--textfile=metrics.txt"]) == 0
    lines = (pytester.path / "metrics.txt").read_text(encoding="utf-8").splitlines()
    values = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}
    kpis = summaries(pytester)[0]["summary"]
    assert values["soak_profit_quote"] == kpis["profit_quote"]
    assert values["soak_notional_quote"] == kpis["notional_quote"]
    assert values["soak_funding_bps"] == kpis["funding_bps"]
    assert {metric_name(name) for name in KPI_MEANINGS} - values.keys() >= {"soak_drawdown_quote"}
    assert "soak_position_end_base" not in values


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--soak-contract=inverse"],
            "what a contract is worth is not known; say it with",
        ),
        (["--soak-contract=quanto"], "'quanto' is not one of linear, inverse"),
        (["--soak-contract-size=0"], "'0' is not a number from 1e-09 to 1e+09"),
        (
            ["--soak-funding=0.01%/8h"],
            "is not a rate from -0.1 to 0.1 and an interval from 1m to 168h",
        ),
        (["--soak-contract-size=1e6"], "scenario calm with a lot of one linear contract of 1e+06"),
    ],
)
def test_what_is_not_accepted_is_one_sentence(pytester: pytest.Pytester, words: list[str], said: str) -> None:
    assert said in usage_error(pytester, *words) or said in pytester.runpytest_inprocess(*words).stderr.str()


def test_a_market_of_a_hook_must_trade_what_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "def pytest_soak_make_market(request):\n"
        "    from pytest_soak.market import MockMarket, load_scenario\n"
        "    return MockMarket(load_scenario('calm'), seed=request.seed)\n"
    )
    said = usage_error(pytester, *INVERSE)
    assert "accepted is a market made with contract=request.contract" in said
    assert "accepted is a market made with funding=request.funding" in usage_error(pytester, INVERSE[2])
