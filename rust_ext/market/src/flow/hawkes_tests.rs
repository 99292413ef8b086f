use super::*;
use crate::scenario::Hawkes;
use crate::testing as samples;
use crate::types::rng::Purpose;

fn flow(branching: f64, cross_share: f64) -> Flow {
    let mut flow = samples::scenario().flow;
    flow.market_rate_per_s = 10.0;
    flow.hawkes = (branching > 0.0).then(|| Hawkes {
        branching,
        cross_share,
        half_lives_s: vec![0.05, 0.5, 3.0],
        weights: vec![2.0, 1.0, 1.0],
    });
    flow
}

/// Orders of `seconds`, as (time, side), where a side is chosen by its intensity.
fn orders(flow: &Flow, factor: f64, seconds: i64) -> Vec<(Ns, Side)> {
    let mut stream = Stream::new(1, Purpose::Flow, 0);
    let mut arrivals = Arrivals::new(flow, factor, 0, &mut stream);
    let mut found = Vec::new();
    while arrivals.next() < seconds * SECOND {
        let now = arrivals.next();
        if arrivals.accept(&mut stream) {
            let buy = arrivals.intensity(Side::Buy);
            let all = buy + arrivals.intensity(Side::Sell);
            let side = if stream.uniform() * all < buy {
                Side::Buy
            } else {
                Side::Sell
            };
            arrivals.excite(side, now, &mut stream);
            found.push((now, side));
        }
    }
    found
}

/// Variance over mean of counts per window of 60 s.
fn fano(orders: &[(Ns, Side)], seconds: i64) -> f64 {
    let mut counts = vec![0.0; (seconds / 60) as usize];
    for (at, _) in orders {
        if let Some(count) = counts.get_mut((at / (60 * SECOND)) as usize) {
            *count += 1.0;
        }
    }
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n / mean
}

#[test]
fn the_rate_is_that_of_the_flow_and_the_multiplier() {
    for (branching, factor) in [(0.0, 1.0), (0.8, 1.0), (0.8, 3.0), (0.5, 0.2)] {
        let found = orders(&flow(branching, 0.2), factor, 20_000);
        let rate = found.len() as f64 / 20_000.0;
        assert!(
            (rate / (10.0 * factor) - 1.0).abs() < 0.06,
            "{branching} {factor}: {rate}"
        );
    }
}

/// For a stationary Hawkes process the ratio tends to 1 / (1 - n)^2 (Hawkes and Oakes 1974).
#[test]
fn counts_are_as_uneven_as_the_branching_ratio_says() {
    for (branching, low, high) in [(0.0, 0.85, 1.15), (0.5, 3.2, 4.4), (0.8, 15.0, 28.0)] {
        let found = fano(&orders(&flow(branching, 0.2), 1.0, 60_000), 60_000);
        assert!((low..=high).contains(&found), "{branching}: {found}");
    }
}

#[test]
fn sides_excite_themselves_more_than_each_other() {
    let same = |cross| {
        let found = orders(&flow(0.8, cross), 1.0, 10_000);
        let pairs = found.windows(2);
        pairs.filter(|w| w[0].1 == w[1].1).count() as f64 / found.len() as f64
    };
    assert!(same(0.0) > 0.65, "{}", same(0.0));
    assert!((same(0.5) - 0.5).abs() < 0.02, "{}", same(0.5));
}

#[test]
fn a_rate_of_nothing_never_comes() {
    let mut empty = flow(0.8, 0.2);
    empty.market_rate_per_s = 0.0;
    assert!(orders(&empty, 1.0, 1000).is_empty());
    let mut stream = Stream::new(1, Purpose::Flow, 0);
    assert_eq!(Arrivals::new(&empty, 1.0, 0, &mut stream).relative(), 1.0);
}
