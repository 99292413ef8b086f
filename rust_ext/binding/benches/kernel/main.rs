//! `cargo bench`: the hot parts of the kernel by themselves; `python -m benches` compares them with peers.

mod book;
mod data;
mod inputs;
mod market;

use criterion::{criterion_group, criterion_main, Criterion};

criterion_group! {
    name = kernel;
    config = Criterion::default().sample_size(10);
    targets = book::batch, book::ladder, data::numbers, data::text, market::replay, market::mock
}
criterion_main!(kernel);
