"""From the kernel's answer to the record of one iteration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.records import EdgeReport


def report_of(answer: bytes) -> EdgeReport:
    """Read the kernel's answer, which holds neither fills nor a path.

    Raises:
        SoakError: where package and kernel are of different versions.
    """
    try:
        return with_reasons(EdgeReport.model_validate_json(answer))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SoakError(
            f"the kernel's report does not fit this package: {where}: {first['msg']}; "
            "rebuild the kernel with: maturin develop --release"
        ) from error


Fill = Mapping[str, float | bool | None]


def report_and_fills(answer: bytes) -> tuple[EdgeReport, Sequence[Fill]]:
    """Read an answer that was asked to hold every fill.

    Raises:
        SoakError: where package and kernel are of different versions.
    """
    whole = json.loads(answer)
    fills: Sequence[Fill] = whole.pop("fills")
    whole.pop("path")
    return report_of(json.dumps(whole).encode("utf-8")), fills


def with_reasons(report: EdgeReport) -> EdgeReport:
    """Say why nothing was traded, where nothing was."""
    reasons = tuple(_reasons(report))
    if not reasons:
        return report
    market = report.market.model_copy(update={"notes": (*report.market.notes, *reasons)})
    return report.model_copy(update={"market": market})


def _reasons(report: EdgeReport) -> Iterator[str]:
    orders, market = report.orders, report.market
    if market.ended and market.end_ms <= market.start_ms:
        return
    if orders.maker_fills or orders.taker_fills:
        return
    if not report.attempts and not orders.placed:
        yield "the strategy attempted no order"
    elif not orders.placed:
        blocked = report.blocks.total
        yield f"no order reached the market in {report.attempts} attempts, {blocked} of them blocked"
    else:
        yield f"none of {orders.placed} orders was filled, in {market.trades} trades of the market"
