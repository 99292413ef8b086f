//! The two books: updates of the public one in batch, and the simulator's ladder.

use std::hint::black_box;

use crate::inputs::updates;
use criterion::{Criterion, Throughput};
use l2::{Batch, Book, Numbers};
use market::testing::Ladder;
use market::Side;

const COUNT: usize = 100_000;
const WINDOW: usize = 65_536;

/// Updates in columns, for the public book.
pub(crate) fn batch(c: &mut Criterion) {
    let flow = updates(COUNT);
    let sides: Vec<i8> = flow.iter().map(|u| u.sign).collect();
    let prices: Vec<f64> = flow.iter().map(|u| u.tick as f64 * 0.1).collect();
    let sizes: Vec<f64> = flow.iter().map(|u| u.lots as f64 * 0.001).collect();
    let batch = Batch {
        sides: &sides,
        prices: &prices,
        sizes: &sizes,
        numbers: Numbers::Without,
    };
    let mut book = Book::new(0.1, None, WINDOW).expect("the sizes are in range");
    let mut group = c.benchmark_group("L2 book");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("apply_batch", |b| {
        b.iter(|| {
            book.apply_batch(black_box(batch))
                .expect("the flow is valid");
        });
    });
    group.finish();
}

/// Updates one by one, and the depth, of the simulator's ladder.
pub(crate) fn ladder(c: &mut Criterion) {
    let flow = updates(COUNT);
    let mut sides = [Ladder::new(Side::Buy), Ladder::new(Side::Sell)];
    let mut group = c.benchmark_group("ladder");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("set", |b| {
        b.iter(|| {
            for update in &flow {
                sides[usize::from(update.sign < 0)].set(update.tick, update.lots);
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("depth of 10 levels", |b| {
        b.iter(|| sides[0].depth(black_box(10)));
    });
    group.finish();
}
