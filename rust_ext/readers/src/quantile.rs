//! Exact quantiles by selection, with linear interpolation between neighbours.

use super::bands::{pass, Band};
use super::error::QuantileError;
use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// From here on, a sample brackets the ranks and one pass collects what is between.
const LARGE: usize = 50_000;
/// Ranks up to which a pass is worth its comparisons.
const MOST_BANDS: usize = 8;

/// A quantile: the rank below it, and the share of the way to the next rank.
#[derive(Clone, Copy)]
struct Place {
    rank: usize,
    share: f64,
}

/// Quantiles of the values; each of `shares` is a number from 0 to 1.
///
/// An error says what is wrong: no values, a value that is not a number, a share outside of 0 to 1, or a
/// quantile between minus and plus infinity.
pub fn quantiles(values: &[f64], shares: &[f64]) -> Result<Vec<f64>, QuantileError> {
    if values.is_empty() {
        return Err(QuantileError::Empty);
    }
    let places = shares
        .iter()
        .map(|share| place(values.len(), *share))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ranks: Vec<usize> = places.iter().flat_map(|p| [p.rank, next(p)]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let known = order_statistics(values, &ranks)?;
    let at = |rank: usize| known[ranks.partition_point(|known| *known < rank)];
    places
        .iter()
        .zip(shares)
        .map(|(p, share)| {
            between(at(p.rank), at(next(p)), p.share).ok_or(QuantileError::Infinite(*share))
        })
        .collect()
}

fn place(count: usize, share: f64) -> Result<Place, QuantileError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(QuantileError::Share(share));
    }
    let exact = (count - 1) as f64 * share;
    Ok(Place {
        rank: exact as usize,
        share: exact - exact.floor(),
    })
}

fn next(place: &Place) -> usize {
    place.rank + usize::from(place.share > 0.0)
}

/// A value on the way from `a` to `b`; rounding is that of numpy.
fn between(a: f64, b: f64, share: f64) -> Option<f64> {
    if a == b || share == 0.0 {
        return Some(a);
    }
    if a.is_infinite() || b.is_infinite() {
        return match (a.is_infinite(), b.is_infinite()) {
            (true, true) => None,
            (true, false) => Some(a),
            _ => Some(b),
        };
    }
    let way = b - a;
    if way.is_infinite() {
        return Some(a * (1.0 - share) + b * share);
    }
    if share >= 0.5 {
        return Some(b - way * (1.0 - share));
    }
    Some(a + way * share)
}

/// Values of ascending ranks.
fn order_statistics(values: &[f64], ranks: &[usize]) -> Result<Vec<f64>, QuantileError> {
    if values.len() >= LARGE {
        if let Some(found) = by_bands(values, ranks)? {
            return Ok(found);
        }
    }
    let mut copy = values.to_vec();
    if copy.iter().map(|x| u64::from(x.is_nan())).sum::<u64>() > 0 {
        return Err(not_a_number(values));
    }
    let mut found = vec![0.0; ranks.len()];
    select(&mut copy, 0, ranks, &mut found);
    Ok(found)
}

fn not_a_number(values: &[f64]) -> QuantileError {
    let at = values.iter().position(|x| x.is_nan()).unwrap_or(0);
    QuantileError::NotANumber(at)
}

/// Values of ranks within a part of the values that begins with rank `first`; the middle one splits it.
fn select(values: &mut [f64], first: usize, ranks: &[usize], found: &mut [f64]) {
    let Some(&rank) = ranks.get(ranks.len() / 2) else {
        return;
    };
    let middle = ranks.len() / 2;
    let (low, value, high) = values.select_nth_unstable_by(rank - first, f64::total_cmp);
    found[middle] = *value;
    let (found_low, found_high) = found.split_at_mut(middle);
    select(low, first, &ranks[..middle], found_low);
    select(high, rank + 1, &ranks[middle + 1..], &mut found_high[1..]);
}

/// Values of ranks by one pass, or None where there are too many ranks or the sample misled.
fn by_bands(values: &[f64], ranks: &[usize]) -> Result<Option<Vec<f64>>, QuantileError> {
    let groups: Vec<&[usize]> = ranks.chunk_by(|a, b| a + 1 == *b).collect();
    if groups.is_empty() || groups.len() > MOST_BANDS {
        return Ok(None);
    }
    let mut bands = brackets(values, &groups);
    if pass(values, &mut bands) {
        return Err(not_a_number(values));
    }
    let mut found = Vec::with_capacity(ranks.len());
    for (group, band) in groups.iter().zip(&mut bands) {
        for &rank in *group {
            match band.value(rank) {
                Some(value) => found.push(value),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(found))
}

/// An interval for each group of ranks, in which they are but for one time in some two thousand.
fn brackets(values: &[f64], groups: &[&[usize]]) -> Vec<Band> {
    let mut sample = draw(values);
    let size = sample.len() as f64;
    let ends: Vec<[f64; 2]> = groups
        .iter()
        .map(|group| {
            let share = group[0] as f64 / values.len() as f64;
            let margin = 3.5 * (size * share * (1.0 - share)).sqrt() + 10.0;
            [size * share - margin, size * share + margin]
        })
        .collect();
    let within = |place: &f64| *place >= 0.0 && *place < size;
    let mut ranks: Vec<usize> = ends
        .iter()
        .flatten()
        .copied()
        .filter(within)
        .map(|p| p as usize)
        .collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut found = vec![0.0; ranks.len()];
    select(&mut sample, 0, &ranks, &mut found);
    let value = |place: f64, beyond: f64| match ranks.binary_search(&(place.max(0.0) as usize)) {
        Ok(known) if within(&place) => found[known],
        _ => beyond,
    };
    ends.iter()
        .map(|[low, high]| Band::new(value(*low, f64::NEG_INFINITY), value(*high, f64::INFINITY)))
        .collect()
}

/// Values at random places, drawn with a fixed seed: the result never depends on them, only the time does.
fn draw(values: &[f64]) -> Vec<f64> {
    let size = 2 * (values.len() as f64).powf(2.0 / 3.0) as usize;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(values.len() as u64);
    (0..size)
        .map(|_| {
            let place = (u128::from(random.next_u64()) * values.len() as u128) >> 64;
            values[place as usize]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_core::RngCore;

    fn naive(values: &[f64], shares: &[f64]) -> Vec<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let found = |share: &f64| {
            let p = place(values.len(), *share).unwrap();
            between(sorted[p.rank], sorted[next(&p)], p.share).unwrap()
        };
        shares.iter().map(found).collect()
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_values(
            values in prop::collection::vec(-1e9..1e9f64, 1..300),
            shares in prop::collection::vec(0.0..=1.0f64, 0..12),
        ) {
            let found = quantiles(&values, &shares).unwrap();
            prop_assert_eq!(found, naive(&values, &shares));
        }
    }

    #[test]
    fn large_inputs_agree_for_every_shape_of_values() {
        let count = LARGE + 17;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
        let shapes: [Vec<f64>; 5] = [
            (0..count).map(|_| random.next_u64() as f64).collect(),
            (0..count).map(|i| (i % 7) as f64).collect(),
            vec![2.5; count],
            (0..count).map(|i| i as f64).collect(),
            (0..count)
                .map(|i| {
                    if i % 3 == 0 {
                        f64::INFINITY
                    } else {
                        -(i as f64)
                    }
                })
                .collect(),
        ];
        for values in &shapes {
            for shares in [&[0.95][..], &[0.0, 0.25, 0.5, 0.99, 1.0], &[0.1; 30]] {
                assert_eq!(quantiles(values, shares).unwrap(), naive(values, shares));
            }
        }
    }

    #[test]
    fn a_band_that_misses_the_rank_is_noticed() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let mut bands = [Band::new(10.0, 20.0)];
        assert!(!pass(&values, &mut bands));
        assert_eq!(bands[0].value(9), None);
        assert_eq!(bands[0].value(10), Some(10.0));
        assert_eq!(bands[0].value(15), Some(15.0));
        assert_eq!(bands[0].value(20), Some(20.0));
        assert_eq!(bands[0].value(21), None);
    }

    #[test]
    fn what_is_no_number_is_refused_by_its_place() {
        for count in [3, LARGE + 1] {
            let mut values = vec![1.0; count];
            values[2] = f64::NAN;
            let error = quantiles(&values, &[0.5]).unwrap_err();
            assert!(
                error.to_string().starts_with("value 2 is not a number"),
                "{error}"
            );
        }
        assert!(quantiles(&[], &[0.5]).is_err());
        assert!(quantiles(&[1.0], &[1.5]).is_err());
        assert!(quantiles(&[1.0], &[f64::NAN]).is_err());
        assert!(quantiles(&[f64::NEG_INFINITY, f64::INFINITY], &[0.5]).is_err());
    }
}
