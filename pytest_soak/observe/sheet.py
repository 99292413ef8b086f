"""A canary as a maker's tearsheet: small tables of texts, each row with its number's place in the journal.

Places are those of a record in the table ``iterations`` of the canary's ``soak.db``: ``record.kpis.net_bps``;
a number over a run is made of those of its iterations after the warm-up. ``wall.resources`` is in the column
``wall`` of that table, which is not part of the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_soak.domain.course import HORIZONS, HOUR_MS, MARKOUTS
from pytest_soak.domain.parameter import bound_of
from pytest_soak.domain.text import number
from pytest_soak.observe import resources

Json = dict[str, Any]

COMPONENTS = ("gross_bps", "fees_eff_bps", "slippage_bps", "inventory_bps", "funding_bps")
"""The parts of ``net_bps``, in the order in which they are stacked."""

PLACE = "in the journal"
MOST_WORST = 3
_INVENTORY = ("position_max", "position_end", "drawdown", "inventory_bps", "net_liquidation_bps")
_QUOTING = (
    "quote_uptime",
    "requote_p50_ms",
    "requote_p95_ms",
    "order_age_p95_ms",
    "cancel_ratio",
    "filled_while_cancelling",
    "cancels_too_late",
    "maker_taker_ratio",
    "fills_per_hour",
    "profit_per_hour",
)
_RESOURCES = ("resource", "first", "last", "largest", "per iteration (95 %)", "verdict")
_SHOWN = {"ratio": ".1%", "count": ".0f"}
_BARE = ("ratio", "count")


def shown(value: float | None, unit: str) -> str:
    """A KPI as people read it: a ratio in percent, a count without decimals."""
    return number(value, _SHOWN.get(unit, ".4g"))


def sheet_of(canary: Json) -> list[Json]:
    """The tables of a canary that ``canary_of`` made, none of them empty."""
    kpis, units = canary["kpis"], canary["units"]
    if kpis is None:
        return []
    judged = [one for one in canary["iterations"] if not one["warmup"]]
    tables = (
        ("Profit split", ("part", "bps", units["profit"]), _split(kpis, units["profit"])),
        ("Markout curve of maker fills", ("after", "bps", "fills"), _markouts(kpis)),
        ("Inventory", ("KPI", "value"), _values(kpis, _INVENTORY, units)),
        ("Quoting", ("KPI", "value"), _values(kpis, _QUOTING, units)),
        ("Blocked attempts", ("reason", "count", "of blocked", "of attempts"), _blocks(judged)),
        ("Profit by label of the market", ("label", "profit", "min on", "per hour"), _labels(kpis, judged)),
        ("Worst five minutes", ("iteration", "profit", "verdict", "market"), _worst(judged)),
        (
            "What was tuned",
            ("parameter", "first", "last", "bounds", "at a bound", "changes", "held by"),
            _tuned(canary),
        ),
        ("Resources", _RESOURCES, resources.rows(canary)),
        ("Thresholds in force", ("KPI", "WARN", "FAIL", "least n"), _thresholds(canary)),
    )
    made = [
        {"title": title, "columns": [*columns, PLACE], "rows": list(rows)} for title, columns, rows in tables
    ]
    return [table for table in made if table["rows"]]


def _split(kpis: Json, unit: str) -> Iterator[list[str]]:
    # Coins are worth too much for two decimals.
    shape = "+.2f" if unit == "quote" else "+.6g"
    for name in (*COMPONENTS, "net_bps"):
        bps = kpis[name]
        amount = None if bps is None else bps * kpis["notional"] / 1e4
        yield [name.removesuffix("_bps"), number(bps, "+.3f"), number(amount, shape), f"record.kpis.{name}"]


def _markouts(kpis: Json) -> Iterator[list[str]]:
    for name, after in zip(MARKOUTS, HORIZONS.values(), strict=True):
        if kpis[name] is not None:
            yield [
                f"{after:g} s",
                number(kpis[name], "+.3f"),
                str(kpis["samples"][name]),
                f"record.kpis.{name}",
            ]


def _values(kpis: Json, names: Sequence[str], units: Json) -> Iterator[list[str]]:
    for name in names:
        if kpis[name] is not None:
            unit = units[name]
            text = f"{shown(kpis[name], unit)}{'' if unit in _BARE else f' {unit}'}"
            yield [name, text, f"record.kpis.{name}"]


def _blocks(judged: Sequence[Json]) -> Iterator[list[str]]:
    counts: Counter[str] = Counter()
    for one in judged:
        counts.update(one["blocks"])
    blocked, attempts = sum(counts.values()), sum(one["attempts"] for one in judged)
    for reason, count in counts.items() if blocked else ():
        shares = (number(count / whole, ".1%") for whole in (blocked, attempts))
        yield [reason, str(count), *shares, f"record.blocks.{reason}"]


def _labels(kpis: Json, judged: Sequence[Json]) -> Iterator[list[str]]:
    """What was earned while each label was on; least first."""
    on: Counter[str] = Counter()
    for one in judged:
        on.update(one["label_ms"])
    for label, profit in sorted(kpis["label_profit"].items(), key=lambda pair: pair[1]):
        hours = on[label] / HOUR_MS
        pace = number(profit / hours if hours > 0 else None, "+.2f")
        minutes = number(hours * 60.0 if hours > 0 else None, ".1f")
        yield [label, number(profit, "+.2f"), minutes, pace, f"record.kpis.label_profit.{label}"]


def _worst(judged: Sequence[Json]) -> Iterator[list[str]]:
    known = [one for one in judged if one["kpis"]["worst_five_minutes"] is not None]
    for one in sorted(known, key=lambda one: float(one["kpis"]["worst_five_minutes"]))[:MOST_WORST]:
        profit = number(one["kpis"]["worst_five_minutes"], "+.2f")
        market = ", ".join(one["labels"]) or "-"
        yield [str(one["iteration"]), profit, one["verdict"], market, "record.kpis.worst_five_minutes"]


def _tuned(canary: Json) -> Iterator[list[str]]:
    """Each parameter from the first to the last iteration, in how many of them it lay at a bound, and which
    guards held it back how often.
    """
    first, last = canary["iterations"][0], canary["iterations"][-1]
    for name, before in first["parameters"].items():
        bounds = canary["parameters"][name]
        sides = (
            bound_of(one["parameters"][name], bounds["low"], bounds["high"]) for one in canary["iterations"]
        )
        at_bound = Counter(side for side in sides if side is not None)
        held = {guard: counts[name] for guard, counts in canary["stopped"].items() if name in counts}
        yield [
            f"{name} ({bounds['unit']})",
            f"{before:.6g}",
            f"{last['after'][name]:.6g}",
            f"{bounds['low']:g} to {bounds['high']:g}",
            ", ".join(f"{count} {side}" for side, count in at_bound.most_common()) or "-",
            str(sum(name in one["applied"] for one in canary["iterations"])),
            ", ".join(f"{guard} {count}" for guard, count in held.items()) or "-",
            f"record.parameters_before.{name}",
        ]


def _thresholds(canary: Json) -> Iterator[list[str]]:
    for kpi, bounds in canary["thresholds"].items():
        texts = (_bounds(bounds, verdict) for verdict in ("warn", "fail"))
        yield [kpi, *texts, str(bounds.get("least", "-")), "record.gates"]


def _bounds(bounds: Mapping[str, float], verdict: str) -> str:
    sides = (("above", ">"), ("below", "<"))
    found = [
        f"{sign} {bounds[f'{verdict}_{side}']:g}" for side, sign in sides if f"{verdict}_{side}" in bounds
    ]
    return ", ".join(found) or "-"
