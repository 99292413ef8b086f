"""Reports of a canary that goes on: what is pooled of them folded is what is pooled of them as they were."""

from __future__ import annotations

import random

from pytest_soak.domain.folding import MOST_NEW, Folding
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.own import own_values
from pytest_soak.domain.records import Course, EdgeReport, Kpis, Markouts, Sample
from pytest_soak.domain.values import Histogram
from tests.rules_kit import edge_report, totals

REPORTS = 2 * MOST_NEW + 3


def drawn(random_: random.Random, n: int, step: float) -> Sample:
    """A sample as the kernel makes it; none of no values."""
    if not n:
        return Sample(n=0, p95=None)
    at = sorted(random_.sample(range(-40, 400), min(n, 30)))
    counts = [1] * (len(at) - 1) + [n - len(at) + 1]
    return Sample(n=n, p95=1.0, histogram=Histogram(step=step, at=tuple(at), counts=tuple(counts)))


def a_report(random_: random.Random, number: int) -> EdgeReport:
    """Of different sizes and widths of classes; the first has no fills, and nothing of its own."""
    step = 2.0 ** random_.randint(-3, 3)
    marks = (random_.random(),) * 4
    return edge_report(
        totals=totals(gross=random_.uniform(-1, 3), drawdown=0.1, profit_low=0.0, profit_high=0.2),
        adverse_bps=drawn(random_, random_.randint(0, 60) if number else 0, step),
        order_age_ms=drawn(random_, random_.randint(1, 60), step),
        course=Course(
            both_sides_ms=random_.uniform(0, 1e3),
            requote_ms=drawn(random_, random_.randint(0, 40), step),
            markouts=Markouts(profit=marks, notional=marks, fills=(1, 1, 1, 1)),
            worst_five_minutes=None,
            label_profit={"news": random_.random()},
        ),
        own={"edge": own_values([random_.random() for _ in range(9)])} if number else {},
    )


def plain(reports: list[EdgeReport]) -> Kpis:
    return pooled(reports).model_copy(update={"errors": {}, "skews": {}})


def test_kpis_of_folded_reports_are_those_of_all_of_them() -> None:
    random_ = random.Random(7)
    reports = [a_report(random_, number) for number in range(REPORTS)]
    folding = Folding()
    for number, report in enumerate(reports, 1):
        folding = folding.and_then([report])
        assert pooled(folding.reports, with_errors=False) == plain(reports[:number])
        assert pooled(folding.bare, with_errors=False).net_bps == plain(reports[:number]).net_bps
    assert plain(reports).adverse_bps_p95 is not None
    assert len(folding.new) == REPORTS % MOST_NEW
    kept = [report.order_age_ms.histogram for report in folding.merged]
    assert [bool(histogram and histogram.at) for histogram in kept] == [True] + [False] * (len(kept) - 1)
    assert Folding().and_then(reports).reports[0].order_age_ms.n == reports[0].order_age_ms.n


def test_where_one_holds_no_histogram_the_worst_still_stands_for_all() -> None:
    random_ = random.Random(8)
    reports = [a_report(random_, number) for number in range(1, REPORTS)]
    reports[3] = reports[3].model_copy(update={"order_age_ms": Sample(n=30, p95=77.0), "course": None})
    reports = [
        r.model_copy(update={"order_age_ms": r.order_age_ms.model_copy(update={"n": 30})}) for r in reports
    ]
    found = pooled(Folding().and_then(reports).reports, with_errors=False)
    assert found == plain(reports)
    assert found.order_age_p95_ms == 77.0
    assert found.quote_uptime is None
