//! The readers of large data: codes, quantiles, a value in a JSON file, lines of an audit.

use std::fmt::Write;
use std::hint::black_box;
use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use crate::inputs::Draw;
use criterion::{Criterion, Throughput};
use readers::{count_codes, count_range, quantiles, read_value, Counting, Path, Reading, Vectors};

const VALUES: usize = 1_000_000;
const LINES: usize = 20_000;
const WINDOW: usize = 1 << 16;

/// Codes and quantiles of a million values.
pub(crate) fn numbers(c: &mut Criterion) {
    let mut draw = Draw::new(2);
    let codes: Vec<u8> = (0..VALUES).map(|_| draw.below(4) as u8).collect();
    let values: Vec<f64> = (0..VALUES).map(|_| draw.below(1 << 50) as f64).collect();
    let mut group = c.benchmark_group("numbers");
    group.throughput(Throughput::Elements(VALUES as u64));
    group.bench_function("count_codes", |b| b.iter(|| count_codes(black_box(&codes))));
    for shares in [&[0.95][..], &[0.5, 0.9, 0.95, 0.99]] {
        group.bench_function(format!("quantiles, {}", shares.len()), |b| {
            b.iter(|| quantiles(black_box(&values), shares).expect("the values are numbers"));
        });
    }
    group.finish();
}

/// A report whose totals stand last.
fn report() -> String {
    let mut draw = Draw::new(3);
    let mut text = String::from("{\"symbols\":{");
    for symbol in 0..LINES {
        let (a, b) = (draw.below(1_000_000), draw.below(900));
        let _ = write!(
            text,
            "\"S{symbol}\":{{\"net_bps\":-{a}.5e-3,\"ages\":[{b},1,22,333],\"note\":\"q\\u00e9 \\\"x\\\"\"}},"
        );
    }
    text + "\"LAST\":{}},\"totals\":{\"net_bps\":2.94}}"
}

fn audit() -> String {
    let mut draw = Draw::new(4);
    let mut text = String::new();
    for line in 0..LINES {
        let reason = ["min_interval", "risk", "throttle", "allowed"][draw.below(4) as usize];
        let price = draw.below(1_000_000);
        let _ = writeln!(
            text,
            "{{\"ts\": {line}, \"symbol\": \"BTCUSDT\", \"reason\": \"{reason}\", \"price\": {price}.5}}"
        );
    }
    text
}

/// A value at the end of a report, and the lines of an audit, from memory.
pub(crate) fn text(c: &mut Criterion) {
    let stop = AtomicBool::new(false);
    let keys = ["totals", "net_bps"].map(String::from);
    let path = Path::new(&keys).expect("the keys are accepted");
    let field = Path::new(&["reason".to_owned()]).expect("the key is accepted");
    let reading = Reading {
        max_bytes: 1 << 20,
        window: WINDOW,
        vectors: Vectors::Widest,
    };
    let counting = Counting {
        max_line: 1 << 20,
        max_values: 1_000,
        window: WINDOW,
        vectors: Vectors::Widest,
    };
    let (report, audit) = (report(), audit());
    let mut group = c.benchmark_group("text");
    group.throughput(Throughput::Bytes(report.len() as u64));
    group.bench_function("read_value, value last", |b| {
        b.iter(|| {
            let found = read_value(&mut Cursor::new(&report), &path, reading, &stop);
            assert_eq!(found, Ok(Some(b"2.94".to_vec())));
        });
    });
    group.throughput(Throughput::Bytes(audit.len() as u64));
    group.bench_function("count_range", |b| {
        let all = (0, audit.len() as u64);
        b.iter(|| {
            let found = count_range(&mut Cursor::new(&audit), all, &field, counting, &stop);
            assert_eq!(found.map(|lines| lines.lines), Ok(LINES as u64));
        });
    });
    group.finish();
}
