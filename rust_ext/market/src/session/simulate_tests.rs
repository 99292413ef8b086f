use proptest::prelude::*;
use serde_json::{json, Value};

use super::*;
use crate::session::stepper::Stepper;
use crate::testing as samples;
use crate::types::Side;

fn run(spec: &Value, budget: u64) -> Result<String, MarketError> {
    let (market, spec) = samples::market_and_spec(spec)?;
    let mut simulation = Simulation::new(&market, &spec)?;
    loop {
        if let Some(report) = simulation.run_piece(budget)? {
            return Ok(report);
        }
    }
}

fn parsed(spec: &Value) -> Value {
    serde_json::from_str(&run(spec, 50_000).expect("the run succeeds")).expect("it is JSON")
}

fn number(value: &Value, pointer: &str) -> f64 {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .expect("a number is there")
}

#[test]
fn a_run_is_a_function_of_its_spec_and_not_of_its_pieces() {
    let spec = samples::simulate_json(3, 20_000.0, 15_000.0);
    let whole = run(&spec, u64::MAX).expect("the run succeeds");
    assert_eq!(whole, run(&spec, 1).expect("the run succeeds"));
    assert_eq!(whole, run(&spec, 777).expect("the run succeeds"));
    let other = samples::simulate_json(4, 20_000.0, 15_000.0);
    assert_ne!(whole, run(&other, 777).expect("the run succeeds"));
}

#[test]
fn a_report_adds_up() {
    let report = parsed(&samples::simulate_json(3, 10_000.0, 60_000.0));
    let total: f64 = ["gross", "fees", "slippage", "inventory"]
        .iter()
        .map(|key| number(&report, &format!("/totals/{key}")))
        .sum();
    let notional = number(&report, "/totals/notional");
    assert!(notional > 0.0);
    assert!((total - number(&report, "/totals/ledger")).abs() <= 1e-9 * notional);
    let blocks: f64 = ["min_interval", "throttle", "concurrency", "risk"]
        .iter()
        .map(|key| number(&report, &format!("/blocks/{key}")))
        .sum();
    assert!(blocks > 0.0 && blocks < number(&report, "/attempts"));
    assert_eq!(report["market"]["labels"], json!(["burst", "fall"]));
    let fills = report["fills"].as_array().expect("fills are recorded");
    let counted = number(&report, "/orders/maker_fills") + number(&report, "/orders/taker_fills");
    assert_eq!(fills.len() as f64, counted);
    assert!(number(&report, "/orders/taker_fills") > 0.0);
}

#[test]
fn adverse_selection_is_a_cost_where_all_are_informed() {
    let mut spec = samples::simulate_json(3, 0.0, 300_000.0);
    spec["scenario"]["shocks"] = json!([]);
    spec["scenario"]["windows"] = json!([]);
    let seeds = 3..6;
    // They trade where fair value has passed a quote, which it does in a market that moves.
    spec["scenario"]["fair"]["vol_bps"] = json!(4.0);
    spec["scenario"]["flow"]["pick_rate_per_s"] = json!(0.0);
    let mut cost = |share: f64| {
        spec["scenario"]["flow"]["informed_share"] = json!(share);
        let fills: Vec<Value> = seeds
            .clone()
            .flat_map(|seed| {
                spec["seed"] = json!(seed);
                let report = parsed(&spec);
                let fills = report["fills"].as_array();
                fills.expect("fills are recorded").clone()
            })
            .collect();
        // What we take is no answer to anything that others know.
        let costs: Vec<f64> = fills
            .iter()
            .filter(|f| f["maker"] == true)
            .filter_map(|f| Some((f["mids_later"][1].as_f64()?, f)))
            .map(|(later, f)| {
                let mid = number(f, "/mid_at_fill");
                -number(f, "/side") * (later - mid) / mid * 1e4
            })
            .collect();
        assert!(costs.len() > 20, "{}", costs.len());
        costs.iter().sum::<f64>() / costs.len() as f64
    };
    let (noise, informed) = (cost(0.0), cost(1.0));
    assert!(informed > noise + 0.1, "{noise} and {informed}");
}

#[test]
fn what_is_wrong_with_a_spec_is_said() {
    let base = samples::simulate_json(1, 0.0, 1000.0);
    let mut cases = vec![
        (
            "/duration_ms",
            json!(0.0),
            "duration_ms = 0 is out of range",
        ),
        (
            "/scenario/fair/vol_bps",
            json!(51.0),
            "scenario.fair.vol_bps = 51",
        ),
        (
            "/parameters/max_delta_ratio",
            json!(1.5),
            "parameters.max_delta_ratio",
        ),
        ("/maker/depth_levels", json!(0), "maker.depth_levels = 0"),
        (
            "/scenario/schema_version",
            json!(2),
            "scenario.schema_version = 2",
        ),
        (
            "/scenario/windows/0/gap_s",
            json!([5.0, 2.0]),
            "least value above",
        ),
        (
            "/scenario/windows/0/effect/depth",
            json!(0.0),
            "effect.depth = 0",
        ),
        ("/fees/maker_bps", json!("x"), "invalid type"),
        ("/fees", json!({"maker_bps": 1.0}), "missing field"),
    ];
    for (pointer, value, says) in cases.drain(..) {
        let mut spec = base.clone();
        *spec.pointer_mut(pointer).expect("the key exists") = value;
        let error = run(&spec, 1000)
            .expect_err("it must be refused")
            .to_string();
        assert!(error.contains(says), "{pointer}: {error}");
    }
    let mut unknown = base.clone();
    unknown["scenario"]["flow"]["x"] = json!(1);
    assert!(run(&unknown, 1000)
        .expect_err("refused")
        .to_string()
        .contains("unknown field `x`"));
}

#[test]
fn a_strategy_that_only_watches_sees_the_market_of_the_reference_maker_untouched() {
    let spec = samples::simulate_json(9, 5_000.0, 10_000.0);
    let (market, text) = samples::market_and_spec(&spec).expect("the scenario is valid");
    let mut opening = Opening::new(&market, &text).expect("the spec is valid");
    let venue = loop {
        if let Some(venue) = opening.run_piece().expect("it opens") {
            break venue;
        }
    };
    let mut stepper = Stepper::new(&opening, venue);
    assert!(stepper.report().is_err());
    let mut steps = 0;
    while stepper.step().expect("it steps") {
        steps += 1;
    }
    assert!((1000..=1001).contains(&steps));
    assert!(stepper.place(Side::Buy, 1999.0, 1.0).is_err());
    let report: Value = serde_json::from_str(&stepper.report().expect("it is over")).expect("JSON");
    assert_eq!(number(&report, "/totals/notional"), 0.0);
    let maker = parsed(&spec);
    let start = |r: &Value| number(r, "/totals/mid_start");
    assert_eq!(start(&report), start(&maker));
}

#[test]
fn a_strategy_of_ones_own_trades_and_is_accounted_for() {
    let whole = samples::simulate_json(9, 5_000.0, 20_000.0);
    let (market, spec) = samples::market_and_spec(&whole).expect("the scenario is valid");
    let mut opening = Opening::new(&market, &spec).expect("the spec is valid");
    let venue = loop {
        if let Some(venue) = opening.run_piece().expect("it opens") {
            break venue;
        }
    };
    let mut s = Stepper::new(&opening, venue);
    let (mut filled, mut n) = (0.0, 0);
    while s.step().expect("it steps") {
        for fill in s.updates() {
            if let crate::session::updates::OrderUpdate::Filled { side, qty, .. } = fill {
                filled += side.sign() as f64 * qty;
            }
        }
        n += 1;
        let Some(mid) = s.mid() else { continue };
        if n % 50 == 0 {
            s.attempt(None).expect("no reason");
            s.place(Side::Buy, mid - 0.3, 1.0).expect("it is sent");
            s.place(Side::Sell, mid + 0.3, 1.0).expect("it is sent");
            s.take(Side::Buy, mid + 5.0, 0.1).expect("it is sent");
        }
    }
    assert!((filled - s.position()).abs() < 1e-9);
    assert!(s.attempt(Some("weather")).is_err());
    let report: Value = serde_json::from_str(&s.report().expect("it is over")).expect("JSON");
    assert!(number(&report, "/orders/maker_fills") > 0.0);
    assert!(number(&report, "/orders/taker_fills") >= 30.0);
    assert!((39.0..=40.0).contains(&number(&report, "/attempts")));
    assert!(number(&report, "/totals/slippage") < 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_market_in_range_gives_a_report(
        seed in any::<u64>(),
        spread in 0.001f64..1000.0,
        depth in 0.001f64..1000.0,
        touch in 0.1f64..50.0,
        tick in 0.002f64..0.2,
        orders in 20u32..2000,
        levels in 1u32..1000,
        move_bps in -3000.0f64..3000.0,
        branching in 0.0f64..=0.95,
        crowding in 0.0f64..=10.0,
        anchor in prop::sample::select(vec!["fair", "opposite"]),
        outage in prop::sample::select(vec!["none", "feed", "orders", "both"]),
        drift in -5000.0f64..5000.0,
    ) {
        let mut spec = samples::simulate_json(seed, 28_000.0, 4_000.0);
        let scenario = &mut spec["scenario"];
        scenario["shocks"][0]["effect"] = json!({"spread": spread, "depth": depth, "latency": 1000.0});
        scenario["shocks"][0]["move_bps"] = json!(move_bps);
        scenario["shocks"][0]["outage"] = json!(outage);
        scenario["shocks"][0]["maker_fee_shift_bps"] = json!(drift * 0.01);
        scenario["regimes"] = json!([
            {"label": "a", "mean_s": 1.0, "weight": 1.0, "drift_bps_per_hour": drift,
             "effect": {"trading": depth, "volatility": spread}},
            {"label": "b", "mean_s": 2.0, "weight": 1.0},
        ]);
        scenario["seasonality"] =
            json!({"period_h": 0.1, "peak_h": 0.0, "activity": 1.5, "volatility": 1.5});
        scenario["flow"]["hawkes"] = json!({"branching": branching, "cross_share": 0.3,
            "half_lives_s": [0.001, 1.0, 3600.0], "weights": [1.0, 1000.0, 0.001]});
        scenario["flow"]["limit_follow"] = json!(1.0);
        scenario["book"]["anchor"] = json!(anchor);
        scenario["book"]["arrival_crowding"] = json!(crowding);
        scenario["book"]["cancel_crowding"] = json!(crowding);
        scenario["book"]["touch_bps"] = json!(touch);
        scenario["book"]["orders"] = json!(orders);
        scenario["instrument"]["tick_size"] = json!(tick);
        spec["maker"]["depth_levels"] = json!(levels);
        let text = run(&spec, 50_000).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
    }
}
