//! One iteration of the maker: on recorded rows, and on the mock market.

use crate::inputs::updates;
use criterion::{Criterion, Throughput};
use market::testing as samples;
use market::Replay;
use market::Simulation;
use readers::rows::{BUY, DEPTH, EXCHANGE, LOCAL, SELL};

const ROWS: usize = 100_000;
const PIECE: u64 = 50_000;

/// Rows of 64 bytes, one a millisecond, each of which is received a millisecond later.
fn recording() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 * ROWS);
    for (row, update) in updates(ROWS).iter().enumerate() {
        let ns = row as u64 * 1_000_000;
        let side = if update.sign > 0 { BUY } else { SELL };
        let (price, size) = (update.tick as f64 * 0.1, update.lots as f64 * 0.001);
        for word in [DEPTH | side | EXCHANGE | LOCAL, ns, ns + 1_000_000] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(price.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend([0; 24]);
    }
    bytes
}

/// The maker on recorded rows.
pub(crate) fn replay(c: &mut Criterion) {
    let rows = recording();
    let mut spec = samples::maker_json();
    spec["start_ns"] = 0.into();
    spec["end_ns"] = (ROWS as u64 * 1_000_000).into();
    spec["tick_size"] = 0.1.into();
    spec["lot_size"] = 0.001.into();
    let spec = spec.to_string();
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("with the maker", |b| {
        b.iter(|| {
            let mut run = Replay::new(&spec, &rows).expect("the spec is accepted");
            while run.run_piece(PIECE).expect("the rows are usable").is_none() {}
        });
    });
    group.finish();
}

/// A minute of the mock market with the maker.
pub(crate) fn mock(c: &mut Criterion) {
    let whole = samples::simulate_json(1, 0.0, 60_000.0);
    let (market, spec) = samples::market_and_spec(&whole).expect("the scenario is valid");
    c.bench_function("mock market, a minute with the maker", |b| {
        b.iter(|| {
            let mut run = Simulation::new(&market, &spec).expect("the spec is accepted");
            while run.run_piece(PIECE).expect("the market lives").is_none() {}
        });
    });
}
