"""A strategy's report is input: what it must be before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.records import EdgeReport, Source
from pytest_soak.domain.text import show

# Sums are made in other orders than their parts, so they may differ by rounding.
_TOLERANCE = 1e-6


def checked_report(answer: object, source: Source, where: str) -> EdgeReport:
    """What a strategy's ``run`` returned, once it is a sound report of the market that it was given.

    Raises:
        SoakStateError: begins with ``where``, names the field, the value and what is accepted.
    """
    if not isinstance(answer, EdgeReport):
        raise SoakStateError(
            f"{where}: run() returned {show(answer)}; it must return an EdgeReport, "
            "such as simulation.report()"
        )
    try:
        # A model that was copied with changes, or made without a check, holds whatever it was given.
        report = EdgeReport.model_validate(answer.model_dump(warnings=False))
    except (ValidationError, ValueError, TypeError) as error:
        raise SoakStateError(f"{where}: its report is refused: {_first(error)}") from None
    problem = next(_problems(report, source), None)
    if problem is not None:
        raise SoakStateError(f"{where}: its report is refused: {problem}")
    return report


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return show(str(error))
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field} = {show(first['input'])}; {first['msg']}"


def _problems(report: EdgeReport, source: Source) -> Iterator[str]:
    if report.source != source:
        yield f"source = {report.source!r}, the market's is {source!r}"
    totals = report.totals
    traded = totals.maker_notional + totals.taker_notional
    if not _near(totals.notional, traded, traded):
        yield f"totals.notional = {totals.notional!r} is not maker_notional + taker_notional = {traded!r}"
    profit = totals.gross + totals.fees + totals.slippage + totals.inventory
    if not _near(totals.ledger, profit, max(traded, abs(profit))):
        yield f"totals.ledger = {totals.ledger!r} is not gross + fees + slippage + inventory = {profit!r}"
    if report.blocks.total > report.attempts:
        yield f"attempts = {report.attempts} are fewer than its {report.blocks.total} blocked attempts"
    for name in ("adverse_bps", "slippage_bps", "order_age_ms", "ws_lag_ms", "latency_ms"):
        sample = getattr(report, name)
        if sample.p95 is not None and sample.n == 0:
            yield f"{name}.p95 = {sample.p95!r} is of a sample of size 0"
    for label in (*report.market.labels, *report.market.label_ms):
        if any("\ud800" <= char <= "\udfff" for char in label):
            yield f"market.labels holds {show(label)}; accepted is valid Unicode"


def _near(value: float, expected: float, scale: float) -> bool:
    return abs(value - expected) <= _TOLERANCE * max(1.0, scale)
