use super::*;
use crate::testing as samples;
use crate::types::SECOND;
use crate::world::layers::label_bits;

fn at(seed: u64, time: Ns) -> World {
    let mut world = World::new(&samples::scenario(), seed);
    while !world.advance_towards(time, 7) {}
    world
}

#[test]
fn the_world_does_not_depend_on_how_it_is_walked() {
    let far = at(5, 60 * SECOND);
    let mut near = at(5, 20 * SECOND);
    assert!(near.advance_towards(60 * SECOND, 100_000));
    assert_eq!(far.now(), near.now());
    assert_eq!(far.index(), 600);
    assert_ne!(far.now(), at(6, 60 * SECOND).now());
}

#[test]
fn fair_value_is_continuous_and_shocks_move_it() {
    let mut world = at(5, 0);
    let (mut last, start) = (world.now().fair, world.now().fair);
    for step in 1..600 {
        let end_of_step = world.fair_at(step * STEP);
        world.advance_towards(step * STEP, 1);
        assert_eq!(end_of_step, world.now().fair);
        assert!((world.now().fair / last - 1.0).abs() < 0.01);
        last = world.now().fair;
        if step == 400 {
            assert!(last / start < 0.985, "a fall of 2 % left {}", last / start);
        }
    }
}

#[test]
fn labels_name_what_is_on() {
    let world = at(5, 35 * SECOND);
    let (name, bits) = &label_bits(world.scenario())[1];
    assert_eq!((name.as_str(), *bits), ("fall", 1 << 8));
    assert_eq!(world.now().labels >> 8 & 1, 1);
    assert!(at(5, 10 * SECOND).now().labels == 0);
    assert!(world.now().spread > 4.0);
}

#[test]
fn effects_do_not_shift_the_noise_that_follows() {
    let mut plain = samples::scenario();
    plain.shocks.clear();
    let mut a = World::new(&plain, 5);
    let mut b = World::new(&samples::scenario(), 5);
    a.advance_towards(25 * SECOND, 100_000);
    b.advance_towards(25 * SECOND, 100_000);
    assert_eq!(a.now().fair, b.now().fair);
    a.advance_towards(200 * SECOND, 100_000);
    b.advance_towards(200 * SECOND, 100_000);
    let shock = 1.0 + shock_move(&samples::scenario().shocks[0], &Path::STRAIGHT, 200.0) * 1e-4;
    assert!((b.now().fair / a.now().fair / shock - 1.0).abs() < 1e-9);
}
