//! What a seed makes of the scripted shocks: each is drawn within the ranges that the scenario states.

use core::f64::consts::{PI, SQRT_2};

use crate::scenario::events::Shock;
use crate::types::rng::{Purpose, Stream};

/// Waves of which the noise on a path is made.
const WAVES: usize = 8;

/// The way from the start of a shock's move to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Path {
    /// Exponent of time: above 1 most of the move comes late.
    bend: f64,
    /// A Brownian bridge by its first waves (Karhunen and Loeve), as a share of the move.
    waves: [f64; WAVES],
}

impl Path {
    /// A straight line.
    #[cfg(test)]
    pub(crate) const STRAIGHT: Path = Path {
        bend: 1.0,
        waves: [0.0; WAVES],
    };

    /// Share of the move that has come at a share of the time; 0 at the start and 1 at the end.
    pub(crate) fn at(&self, time: f64) -> f64 {
        let time = time.clamp(0.0, 1.0);
        let mut share = if self.bend == 1.0 || time <= 0.0 {
            time
        } else {
            libm::exp(self.bend * libm::log(time))
        };
        for (k, wave) in self.waves.iter().enumerate() {
            if *wave != 0.0 {
                let turns = (k + 1) as f64 * PI;
                share += wave * SQRT_2 * libm::sin(turns * time) / turns;
            }
        }
        share
    }
}

/// The shocks of a seed with their paths, in the order of the scenario.
pub(crate) fn drawn(shocks: &[Shock], seed: u64) -> (Vec<Shock>, Vec<Path>) {
    let mut end = 0.0;
    shocks
        .iter()
        .enumerate()
        .map(|(j, shock)| {
            let mut stream = Stream::new(seed, Purpose::Shocks, j as u64);
            let from = if shock.after_previous { end } else { 0.0 };
            let (one, path) = draw(shock, from, &mut stream);
            end = one.at_s + one.length_s;
            (one, path)
        })
        .unzip()
}

/// Draws the same number of times whatever the ranges are.
fn draw(shock: &Shock, from: f64, stream: &mut Stream) -> (Shock, Path) {
    let mut one = shock.clone();
    one.at_s = from + shock.at_s + shock.at_width_s * stream.uniform();
    one.length_s = shock.length_s * spread(shock.length_ratio, stream);
    one.move_bps = shock.move_bps * spread(shock.move_ratio, stream);
    if stream.sign() < 0 && shock.either_sign {
        one.move_bps = -one.move_bps;
    }
    let bend = libm::exp(shock.path_bend * (2.0 * stream.uniform() - 1.0));
    let waves = [(); WAVES].map(|()| shock.path_noise * stream.normal());
    (one, Path { bend, waves })
}

/// A factor between the inverse of a ratio and the ratio, even on the scale of logs.
fn spread(ratio: f64, stream: &mut Stream) -> f64 {
    libm::exp(libm::log(ratio) * (2.0 * stream.uniform() - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;

    fn shock() -> Shock {
        Shock {
            at_width_s: 60.0,
            length_ratio: 2.0,
            move_ratio: 1.5,
            either_sign: true,
            path_bend: 1.0,
            path_noise: 0.3,
            ..samples::scenario().shocks[0].clone()
        }
    }

    #[test]
    fn a_seed_draws_within_the_ranges_and_uses_them() {
        let plain = samples::scenario().shocks[0].clone();
        let all: Vec<Shock> = (0..400)
            .map(|seed| drawn(&[shock()], seed).0[0].clone())
            .collect();
        let ranges = [
            (plain.at_s, plain.at_s + 60.0),
            (plain.length_s * 0.5, plain.length_s * 2.0),
            (200.0 / 1.5, 200.0 * 1.5),
        ];
        for (k, (low, high)) in ranges.into_iter().enumerate() {
            let of = |s: &Shock| [s.at_s, s.length_s, s.move_bps.abs()][k];
            let least = all.iter().map(of).fold(f64::MAX, f64::min);
            let most = all.iter().map(of).fold(f64::MIN, f64::max);
            assert!(low <= least && least < low + 0.1 * (high - low), "{least}");
            assert!(most <= high && most > high - 0.1 * (high - low), "{most}");
        }
        let ups = all.iter().filter(|s| s.move_bps > 0.0).count();
        assert!((160..240).contains(&ups), "{ups}");
        assert_eq!(
            drawn(std::slice::from_ref(&plain), 7),
            (vec![plain], vec![Path::STRAIGHT])
        );
    }

    #[test]
    fn a_path_begins_and_ends_where_the_move_does() {
        let (_, paths) = drawn(&[shock(), shock()], 3);
        for path in &paths {
            assert!(path.at(-1.0).abs() < 1e-9 && (path.at(1.0) - 1.0).abs() < 1e-9);
            assert!((path.at(0.5) - 0.5).abs() > 1e-3);
        }
        assert_ne!(paths[0], paths[1]);
    }

    #[test]
    fn a_shock_may_follow_the_one_before() {
        let second = Shock {
            at_s: 5.0,
            at_width_s: 0.0,
            after_previous: true,
            ..shock()
        };
        let (found, _) = drawn(&[shock(), second], 11);
        let end = found[0].at_s + found[0].length_s;
        assert!((found[1].at_s - end - 5.0).abs() < 1e-9);
    }
}
