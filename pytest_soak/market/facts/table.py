"""Stylised facts of markets: statistics with the range in which real markets lie, and where that is from.

Each is computed in the same way of a scenario and of a recording; with too few observations it is measured
but not judged. Impact is measured in volatilities per market order, which is of order one in the recordings
and the mock alike; what it leaves of the half-spread is judged only where the spread is free, as elsewhere
the tick sets it. "BTCUSDT" is a recording of 345 s of the perpetual on 2024-08-08, as ``pytest-soak market
mixed --replay FILE`` prints it; "ETHUSDT" one of the other perpetual of the same minutes.
"""

from __future__ import annotations

from pytest_soak.market.facts import costs, flow, prices, quotes
from pytest_soak.market.facts.finding import Fact

_WYART = "Wyart et al. 2008: providing liquidity is at most marginally profitable"

PRICE_FACTS = (
    Fact(
        name="heavy tails",
        statistic="Hill tail index of 1 s returns, top 1 %",
        low=2.0,
        high=5.0,
        least=50_000,
        source="Cont 2001: above 2 and below 5; BTCUSDT 4.0",
        measure=prices.tail_index,
    ),
    Fact(
        name="peaked returns",
        statistic="mean over standard deviation of |1 s returns|",
        low=0.45,
        high=0.75,
        least=300,
        source="BTCUSDT 0.49; 0.80 for a Gaussian, 0.64 for Student's t with 3 degrees",
        measure=prices.peak,
    ),
    Fact(
        name="aggregational normality",
        statistic="that statistic's distance from a Gaussian's at 300 s over that at 1 s",
        low=-0.3,
        high=0.9,
        least=200,
        source="Cont 2001: falls with the horizon",
        measure=prices.aggregation,
    ),
    Fact(
        name="jumps",
        statistic="share of variance in 1 s returns beyond 4 deviations of their minute",
        low=0.055,
        high=0.165,
        least=5_000,
        source="Huang and Tauchen 2005: jumps are about 7 % of variance",
        measure=prices.jumps,
    ),
    Fact(
        name="no linear memory",
        statistic="largest |ACF| of 1 s returns, lags 5 to 30",
        low=0.0,
        high=0.05,
        least=50_000,
        source="Cont 2001: insignificant beyond a few lags",
        measure=prices.linear_memory,
    ),
    Fact(
        name="clustered volatility",
        statistic="mean ACF of |1 s returns|, lags 10 to 100",
        low=0.035,
        high=0.105,
        least=50_000,
        source="Cont 2001: positive over long lags",
        measure=prices.clustering,
    ),
    Fact(
        name="decay of clusters",
        statistic="exponent of the ACF of |1 s returns|, lags 5 to 300",
        low=0.15,
        high=0.45,
        least=50_000,
        source="Cont 2001: 0.2 to 0.4",
        measure=prices.clustering_decay,
    ),
    Fact(
        name="volatility of volatility",
        statistic="deviation of the log of volatility per minute",
        low=0.25,
        high=0.75,
        least=5,
        source="BTCUSDT 0.56",
        measure=prices.volatility_of_volatility,
    ),
)

FLOW_FACTS = (
    Fact(
        name="branching ratio",
        statistic="1 - F ** -0.5, F = Fano factor of market orders in 10 s",
        low=0.6,
        high=0.95,
        least=1_000,
        source="BTCUSDT 0.80 to 0.86, ETHUSDT 0.67 to 0.74; Filimonov and Sornette 2012: above 0.7",
        measure=flow.branching,
    ),
    Fact(
        name="uneven gaps",
        statistic="deviation over mean of gaps between market orders",
        low=1.2,
        high=2.4,
        least=1_000,
        source="BTCUSDT 1.47, ETHUSDT 1.52; 1 for independent arrivals",
        measure=flow.gaps,
    ),
    Fact(
        name="sign memory",
        statistic="ACF of sides of market orders, lag 10",
        low=0.045,
        high=0.135,
        least=2_000,
        source="BTCUSDT 0.12; Lillo and Farmer 2004: positive over long lags",
        measure=flow.sign_memory,
    ),
    Fact(
        name="decay of sign memory",
        statistic="exponent of the ACF of sides, lags 1 to 50",
        low=0.36,
        high=1.08,
        least=2_000,
        source="BTCUSDT 0.44, ETHUSDT 1.04; Lillo and Farmer 2004: about 0.5",
        measure=flow.sign_decay,
    ),
    Fact(
        name="uneven sizes",
        statistic="Hill tail index of sizes of market orders, top 10 %",
        low=0.8,
        high=2.4,
        least=1_000,
        source="BTCUSDT 0.94; Gopikrishnan et al. 2000: about 1.5",
        measure=flow.sizes,
    ),
    Fact(
        name="emptied queues",
        statistic="share of market orders that take all that stands at the best price",
        low=0.15,
        high=0.45,
        least=1_000,
        source="BTCUSDT 0.21",
        measure=flow.emptied,
    ),
    Fact(
        name="volume and volatility",
        statistic="rank correlation of volume and |return| over 10 s",
        low=0.25,
        high=0.75,
        least=30,
        source="BTCUSDT 0.51; Karpoff 1987: positive",
        measure=flow.volume,
    ),
    Fact(
        name="flow and return",
        statistic="correlation of net volume of market orders and return over 10 s",
        low=0.4,
        high=0.85,
        least=30,
        source="BTCUSDT 0.66; seven recordings 0.48 to 0.76",
        measure=flow.signed_flow,
    ),
)

COST_FACTS = (
    Fact(
        name="effective half-spread",
        statistic="median of side x (price - mid before) of market orders",
        unit="bps",
        least=1_000,
        source="sets the scale; BTCUSDT 0.0081",
        measure=costs.effective,
        where="nowhere",
    ),
    *(
        Fact(
            name=f"realised, {seconds:g} s",
            statistic=f"effective half-spread minus the mean response of the mid after {seconds:g} s",
            unit="bps",
            least=1_000,
            source="sets the scale; BTCUSDT -0.31 after 1 s",
            measure=costs.realised(seconds),
            where="nowhere",
        )
        for seconds in (1.0, 5.0, 30.0)
    ),
    *(
        Fact(
            name=f"kept, {seconds:g} s",
            statistic=f"realised over effective half-spread after {seconds:g} s",
            low=low,
            high=high,
            least=1_000,
            source=_WYART,
            measure=costs.kept(seconds),
            where="wide",
        )
        for seconds, low, high in ((1.0, 0.3, 0.9), (5.0, 0.22, 0.66), (30.0, 0.0, 0.65))
    ),
    Fact(
        name="volatility per trade",
        statistic="volatility per market order, of 60 s returns, over the half-spread",
        low=0.32,
        high=0.96,
        least=1_000,
        source="Wyart et al. 2008: of order one",
        measure=costs.volatility_per_trade,
        where="wide",
    ),
    *(
        Fact(
            name=f"response, {seconds:g} s",
            statistic=f"response of the mid to market orders after {seconds:g} s over volatility per order",
            low=low,
            high=high,
            least=least,
            source=source,
            measure=costs.response(seconds),
        )
        for seconds, low, high, least, source in (
            (1.0, 0.5, 1.5, 1_000, "BTCUSDT 0.91"),
            (5.0, 0.7, 2.1, 1_000, "BTCUSDT 1.03"),
            (30.0, 0.7, 2.1, 1_000, "BTCUSDT 0.85"),
            (60.0, 0.8, 2.4, 1_000, "BTCUSDT 1.55"),
        )
    ),
    Fact(
        name="growth of response",
        statistic="response after 60 s over that after 1 s",
        low=1.0,
        high=2.5,
        least=1_000,
        source="BTCUSDT 1.7; Bouchaud et al. 2004: grows by a factor of about 2",
        measure=costs.growth,
    ),
    *(
        Fact(
            name=f"markout, queue fifth {fifth}",
            statistic=f"mean cost 1 s after a fill in fifth {fifth} of the best queue, 1 in front",
            unit="bps",
            least=1_000,
            source="sets the scale",
            measure=costs.queue_fifth(fifth),
            where="nowhere",
        )
        for fifth in range(1, 6)
    ),
    Fact(
        name="markout by queue",
        statistic="cost 1 s after a fill in the last fifth of the best queue over that in the first",
        low=1.14,
        high=3.0,
        least=1_000,
        source="BTCUSDT 1.25; more at the end of the queue",
        measure=costs.by_queue,
    ),
    Fact(
        name="metaorder exponent",
        statistic="exponent of the impact of metaorders in their size; proxies of 4 traders",
        low=0.35,
        high=0.9,
        least=1_000,
        source="BTCUSDT 0.48; Toth et al. 2011: about 0.5",
        measure=costs.metaorder_exponent,
    ),
    Fact(
        name="metaorder impact",
        statistic="impact of those over daily volatility x (size / daily volume) ** 0.5",
        low=0.67,
        high=2.0,
        least=1_000,
        source="BTCUSDT 0.82; Toth et al. 2011: of order one",
        measure=costs.metaorder_size,
    ),
    Fact(
        name="metaorder decay",
        statistic="what is left of that impact as long after the end as it lasted, at most 60 s",
        low=0.55,
        high=1.3,
        least=1_000,
        source="BTCUSDT 1.24; 0.77 where impact is linear and stays, as a run ends with an order against it",
        measure=costs.metaorder_decay,
    ),
)

QUOTE_FACTS = (
    *(
        Fact(
            name=f"filled at {distance:g}",
            statistic=f"share met within 10 s of quotes {distance:g} deviations of 10 s behind the best",
            low=low,
            high=high,
            least=30,
            source=source,
            measure=quotes.filled(distance),
        )
        for distance, low, high, source in (
            (0.0, 0.35, 1.0, "BTCUSDT 0.97"),
            (0.5, 0.15, 0.45, "BTCUSDT 0.32; 0.62 for a random walk without a spread"),
            (1.0, 0.08, 0.24, "BTCUSDT 0.14; 0.32 for a random walk without a spread"),
        )
    ),
    *(
        Fact(
            name=f"time to fill at {distance:g}",
            statistic=f"median time to that, of those that are met, at {distance:g} deviations",
            unit="s",
            low=low,
            high=high,
            least=30,
            source=source,
            measure=quotes.time_to_fill(distance),
            where="anywhere",
        )
        for distance, low, high, source in ((0.5, 2.0, 6.0, "BTCUSDT 3.9"), (1.0, 3.0, 9.0, "BTCUSDT 5.8"))
    ),
    Fact(
        name="spread distribution",
        statistic="deviation of the log of the spread",
        low=0.12,
        high=0.36,
        least=3_000,
        source="BTCUSDT 0.24",
        measure=quotes.spread_deviation,
    ),
    Fact(
        name="tail of the spread",
        statistic="99.9 % quantile of the spread over its median",
        low=2.7,
        high=8.0,
        least=50_000,
        source="Plerou et al. 2005: a power law with an exponent of about 3, which gives 7.9",
        measure=quotes.spread_tail,
        where="wide",
    ),
    Fact(
        name="uneven depth",
        statistic="deviation of the log of the depth of ten levels",
        low=0.3,
        high=0.9,
        least=3_000,
        source="BTCUSDT 0.53",
        measure=quotes.depth_deviation,
    ),
    Fact(
        name="imbalance and move",
        statistic="rank correlation of order flow imbalance and return over 10 s",
        low=0.4,
        high=0.95,
        least=30,
        source="BTCUSDT 0.48; Cont, Kukanov and Stoikov 2014: 0.8",
        measure=quotes.imbalance_now,
    ),
    Fact(
        name="imbalance and next",
        statistic="rank correlation of order flow imbalance of 1 s and the return of the next",
        low=0.08,
        high=0.24,
        least=300,
        source="BTCUSDT 0.19",
        measure=quotes.imbalance_next,
    ),
    Fact(
        name="depth and next",
        statistic="rank correlation of the imbalance of depth of ten levels and the return of the next 1 s",
        low=0.13,
        high=0.39,
        least=300,
        source="BTCUSDT 0.28; Gould and Bonart 2016: strong where the tick is large",
        measure=quotes.depth_next,
        where="one tick",
    ),
)

FACTS = (*PRICE_FACTS, *FLOW_FACTS, *COST_FACTS, *QUOTE_FACTS)
