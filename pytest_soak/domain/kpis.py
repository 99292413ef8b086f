"""What each KPI means, and how it is computed from an edge report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.course import LABEL_PROFIT, course_errors, course_kpis, course_samples, hours_of
from pytest_soak.domain.fills import parted
from pytest_soak.domain.own import is_own, own_errors, own_kpis, own_samples
from pytest_soak.domain.records import Blocks, EdgeReport, EdgeTotals, Kpis, Sample
from pytest_soak.domain.sampling import (
    LEAST_VALUES,
    Error,
    merged_histogram,
    percentile_error,
    quantile,
    ratio_errors,
)

_BPS = 1e4


class Meaning(NamedTuple):
    """Unit and meaning of a KPI, and in which direction it gets better (None: in neither)."""

    unit: str
    meaning: str
    better: Literal["up", "down"] | None


def _meanings() -> Iterator[tuple[str, Meaning]]:
    for name, field in Kpis.model_fields.items():
        said: Any = field.json_schema_extra
        if said is not None:
            yield name, Meaning(said["unit"], field.description or "", said["better"])


KPI_MEANINGS: Mapping[str, Meaning] = dict(_meanings())
"""Every KPI that a gate can judge, in the order in which it is shown; ``Kpis`` defines them."""

IN_QUOTE = ("profit_quote", "notional_quote")
"""KPIs that are in quote currency whatever the contract settles in."""

_UNITS_OF_INVERSE = {"quote": "coin", "quote/h": "coin/h", "base": "contracts"}


def meaning_of(name: str) -> Meaning | None:
    """Unit and meaning of a KPI that a gate can judge; None where there is none of that name.

    A KPI under another fill model, ``net_bps@through``, has those of the KPI.
    """
    name, _ = parted(name)
    if name.startswith(LABEL_PROFIT) and name != LABEL_PROFIT:
        return Meaning("quote", f"profit while {name.removeprefix(LABEL_PROFIT)} was on", "up")
    if is_own(name):
        return Meaning("", f"{name.rpartition('.')[2]} of what the strategy recorded", None)
    return KPI_MEANINGS.get(name)


def kpis_behind(kpis: Kpis, name: str) -> tuple[Kpis, str]:
    """The KPIs under the fill model that a name asks for (empty where there are none), and the bare name."""
    bare, model = parted(name)
    return (kpis if model is None else kpis.under.get(model.value) or pooled(())), bare


def unit_of(name: str, contract: Contract) -> str:
    """Unit of a KPI where such a contract is traded; empty for what the strategy recorded.

    Amounts are in the currency that it settles in, and a position is in contracts where one is not one of the
    base currency.
    """
    meaning = meaning_of(name)
    unit = "" if meaning is None else meaning.unit
    if name in IN_QUOTE or contract == LINEAR:
        return unit
    if contract.is_inverse or unit == "base":
        return _UNITS_OF_INVERSE.get(unit, unit)
    return unit


def value_of(kpis: Kpis, name: str) -> float | None:
    """The value of a KPI, of the run's own fill model; None where it was not measured."""
    if name.startswith(LABEL_PROFIT):
        return kpis.label_profit.get(name.removeprefix(LABEL_PROFIT))
    if is_own(name):
        return kpis.own.get(name)
    value: float | None = getattr(kpis, name)
    return value


def size_behind(kpis: Kpis, name: str) -> int:
    """How many observations stand behind a KPI."""
    return kpis.samples.get("worst_label_profit" if name.startswith(LABEL_PROFIT) else name, 0)


PERCENTILES: Mapping[str, Callable[[EdgeReport], Sample]] = {
    "adverse_bps_p95": lambda report: report.adverse_bps,
    "slippage_bps_p95": lambda report: report.slippage_bps,
    "order_age_p95_ms": lambda report: report.order_age_ms,
    "ws_lag_p95_ms": lambda report: report.ws_lag_ms,
    "latency_p95_ms": lambda report: report.latency_ms,
}
"""KPIs that are a 95th percentile, by name: the sample of the edge report behind each."""

# Measured on messages, whatever the prices were.
_OF_MESSAGES = ("ws_lag_p95_ms", "latency_p95_ms")

_MONEY = ("profit", "notional", "fills", "position_start", "position_end", "position_max", "drawdown")

_COMPONENTS = ("gross", "fees", "slippage", "inventory", "funding")
_SUMMED_TOTALS = ("notional", "maker_notional", "taker_notional", *_COMPONENTS)


def kpis_of(report: EdgeReport) -> Kpis:
    """KPIs of one iteration.

    A component in bps is its amount / notional x 10,000, None where nothing was traded; ``net_bps`` is
    the sum of the components in bps, so that the identity between them is exact.
    """
    return pooled((report,))


def pooled(reports: Sequence[EdgeReport], *, with_errors: bool = True) -> Kpis:
    """KPIs over several iterations, as if they were one.

    Amounts and counts are summed (amounts without loss by rounding) and ratios taken of the sums. A 95th
    percentile is that of all values together, exact to the width of a class of their histograms; where a
    report that was made by hand holds no histogram, the worst part's stands for it, and None where any part
    lacks it. ``samples`` are sums; the position at the end is the last one's. ``risk_ratio`` is 0 where
    attempts were counted and none was blocked. Where the market data of a part cannot be trusted, nothing
    that follows from prices is given. ``under`` has the models of which every part has a report. Without
    errors it takes a part of the time, and nothing can be judged by it.
    """
    kpis = _pooled(reports, _errors(reports) if with_errors else {})
    if any(report.market.withheld for report in reports):
        kpis = _without_prices(kpis)
    models = set.intersection(*(set(report.under) for report in reports)) if reports else ()
    under = {
        model: pooled([report.under[model] for report in reports], with_errors=with_errors)
        for model in sorted(models)
    }
    return kpis.model_copy(update={"under": under})


def _without_prices(kpis: Kpis) -> Kpis:
    """KPIs that remain where prices cannot be trusted: quotes, blocks and fills depend on prices too."""
    removed: dict[str, Any] = dict.fromkeys(name for name in KPI_MEANINGS if name not in _OF_MESSAGES)
    samples = {name: n if name in _OF_MESSAGES else 0 for name, n in kpis.samples.items()}
    removed["label_profit"] = removed["block_shares"] = removed["own"] = {}
    return kpis.model_copy(update={**removed, "samples": samples, "errors": {}, "skews": {}})


def _pooled(reports: Sequence[EdgeReport], errors: Mapping[str, Error]) -> Kpis:
    totals = {name: math.fsum(getattr(report.totals, name) for report in reports) for name in _SUMMED_TOTALS}
    blocks = _summed_blocks(reports)
    placed = sum(report.orders.placed for report in reports)
    cancelled = sum(report.orders.cancelled for report in reports)
    attempts = sum(report.attempts for report in reports)
    measured: dict[str, Any] = {
        **_components_bps(totals),
        **{name: _p95([sample(r) for r in reports]) for name, sample in PERCENTILES.items()},
        **_money(reports),
        **course_kpis(reports),
    }
    return Kpis(
        **measured,
        risk_ratio=_ratio(blocks.risk, blocks.total) if blocks.total else _ratio(0, attempts),
        risk_rate=_ratio(blocks.risk, attempts),
        maker_taker_ratio=_ratio(totals["maker_notional"], totals["notional"]),
        cancel_ratio=_ratio(cancelled, placed),
        blocked_share=_ratio(blocks.total, attempts),
        block_shares=_shares(blocks),
        samples={**_sample_sizes(reports, blocks, attempts, placed), **own_samples(reports)},
        own=own_kpis(reports),
        contract=reports[-1].market.contract if reports else None,
        errors={name: error.size for name, error in errors.items()},
        skews={name: error.skew for name, error in errors.items()},
    )


def _money(reports: Sequence[EdgeReport]) -> dict[str, Any]:
    """Profit and inventory; None for values that a hand-made report lacks."""
    all_totals = [report.totals for report in reports]
    positions = [totals.position_max for totals in all_totals]
    orders = [report.orders for report in reports]
    return {
        "profit": math.fsum(totals.ledger for totals in all_totals) if reports else None,
        "notional": math.fsum(totals.notional for totals in all_totals) if reports else None,
        "profit_quote": _sum_of_known([_profit_quote(report) for report in reports]),
        "notional_quote": _sum_of_known([notional_in_quote(report) for report in reports]),
        "fills": sum(counts.maker_fills + counts.taker_fills for counts in orders) if reports else None,
        "filled_while_cancelling": _counted([counts.filled_while_cancelling for counts in orders]),
        "cancels_too_late": _counted([counts.cancels_too_late for counts in orders]),
        "position_start": all_totals[0].position_start if reports else None,
        "position_end": all_totals[-1].position_end if reports else None,
        "position_max": None if None in positions else max(positions, key=_size, default=None),
        "drawdown": _drawdown(all_totals),
        "net_liquidation_bps": _sold(all_totals),
    }


def _sum_of_known(values: Sequence[float | None]) -> float | None:
    """The sum; None of nothing, and where one is not known."""
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None


def _profit_quote(report: EdgeReport) -> float | None:
    totals, contract = report.totals, report.market.contract or LINEAR
    if contract.is_inverse and totals.mid_end is None:
        return None if totals.ledger else 0.0
    return contract.to_quote(totals.ledger, totals.mid_end or 0.0)


def notional_in_quote(report: EdgeReport) -> float | None:
    """Traded notional in quote currency; a report by hand may lack it where it is the notional."""
    totals, contract = report.totals, report.market.contract or LINEAR
    return (
        totals.notional
        if totals.quote_notional is None and not contract.is_inverse
        else totals.quote_notional
    )


def _counted(counts: Sequence[int | None]) -> int | None:
    """The sum; None where a part was not counted."""
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _sold(all_totals: Sequence[EdgeTotals]) -> float | None:
    """Profit per traded notional where each position is closed that no later iteration goes on with."""
    profits = [
        totals.ledger if _goes_on(totals, after) else totals.liquidation
        for totals, after in zip_longest(all_totals, all_totals[1:])
    ]
    notional = math.fsum(totals.notional for totals in all_totals)
    known = [profit for profit in profits if profit is not None]
    if not notional > 0 or len(known) < len(profits):
        return None
    return math.fsum(known) / notional * _BPS


def _goes_on(totals: EdgeTotals, after: EdgeTotals | None) -> bool:
    return after is not None and after.position_start == totals.position_end


def _size(position: float | None) -> float:
    return abs(position or 0.0)


def _drawdown(all_totals: Sequence[EdgeTotals]) -> float | None:
    """Largest fall of the profit over iterations that follow each other, each of which begins at 0."""
    profit = highest = largest = 0.0
    for totals in all_totals:
        if totals.drawdown is None or totals.profit_low is None or totals.profit_high is None:
            return None
        largest = max(largest, totals.drawdown, highest - (profit + totals.profit_low))
        highest = max(highest, profit + totals.profit_high)
        profit += totals.ledger
    return largest if all_totals else None


def _errors(reports: Sequence[EdgeReport]) -> dict[str, Error]:
    """Sampling error of each KPI that has one."""
    percentiles = {
        name: percentile_error([sample(report) for report in reports]) for name, sample in PERCENTILES.items()
    }
    errors = ratio_errors(reports) | course_errors(reports) | own_errors(reports)
    hours = hours_of(reports)
    if "profit" in errors and hours > 0:
        profit = errors["profit"]
        errors["profit_per_hour"] = profit._replace(size=profit.size / hours)
    return errors | {name: error for name, error in percentiles.items() if error is not None}


def _p95(samples: Sequence[Sample]) -> float | None:
    if len(samples) == 1:
        return samples[0].p95 if samples[0].n >= LEAST_VALUES else None
    merged = merged_histogram(samples)
    if merged is None:
        return _worst_p95(samples)
    return quantile(merged, 0.95) if sum(merged.counts) >= LEAST_VALUES else None


def has_few_blocks(kpis: Kpis, least_blocked_share: float) -> bool:
    """Whether too few attempts were blocked for the shares of their reasons to mean anything."""
    return kpis.blocked_share is not None and kpis.blocked_share < least_blocked_share


def risk_of(kpis: Kpis, least_blocked_share: float) -> float | None:
    """The risk ratio that the gate judges: 0 where too few attempts were blocked to mean anything."""
    if kpis.risk_ratio is not None and has_few_blocks(kpis, least_blocked_share):
        return 0.0
    return kpis.risk_ratio


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _components_bps(totals: Mapping[str, float]) -> dict[str, float | None]:
    notional = totals["notional"]
    if not notional > 0:
        return dict.fromkeys(
            ("net_bps", "gross_bps", "fees_eff_bps", "slippage_bps", "inventory_bps", "funding_bps")
        )
    gross, fees, slippage, inventory, funding = (totals[name] / notional * _BPS for name in _COMPONENTS)
    return {
        "net_bps": gross + fees + slippage + inventory + funding,
        "gross_bps": gross,
        "fees_eff_bps": fees,
        "slippage_bps": slippage,
        "inventory_bps": inventory,
        "funding_bps": funding,
    }


def _worst_p95(samples: Sequence[Sample]) -> float | None:
    values = [s.p95 for s in samples if s.p95 is not None and s.n >= LEAST_VALUES]
    return max(values) if values and len(values) == len(samples) else None


def _summed_blocks(reports: Sequence[EdgeReport]) -> Blocks:
    return Blocks(**{name: sum(getattr(r.blocks, name) for r in reports) for name in Blocks.model_fields})


def _shares(blocks: Blocks) -> dict[str, float]:
    """Share of each reason in all blocked attempts; empty where nothing was blocked."""
    if blocks.total == 0:
        return {}
    return {name: getattr(blocks, name) / blocks.total for name in Blocks.model_fields}


def _sample_sizes(
    reports: Sequence[EdgeReport], blocks: Blocks, attempts: int, placed: int
) -> dict[str, int]:
    """How many observations stand behind each KPI: fills, blocks, attempts, orders or samples."""
    maker = sum(report.orders.maker_fills for report in reports)
    taker = sum(report.orders.taker_fills for report in reports)
    fills = maker + taker
    races_known = all(report.orders.cancels_too_late is not None for report in reports)
    return {
        "net_bps": fills,
        "gross_bps": maker,
        "fees_eff_bps": fills,
        "slippage_bps": taker,
        "inventory_bps": fills,
        "funding_bps": fills,
        **{name: sum(sample(r).n for r in reports) for name, sample in PERCENTILES.items()},
        "risk_ratio": blocks.total or attempts,
        "risk_rate": attempts,
        "blocked_share": attempts,
        "maker_taker_ratio": fills,
        "cancel_ratio": placed,
        **dict.fromkeys(("filled_while_cancelling", "cancels_too_late"), placed if races_known else 0),
        **dict.fromkeys(_MONEY, fills),
        **dict.fromkeys(IN_QUOTE, fills),
        "net_liquidation_bps": fills,
        **course_samples(reports, fills),
    }
