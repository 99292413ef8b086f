//! Token bucket.

use crate::types::{Ns, SECOND};

/// Tokens that refill evenly over time, up to a capacity.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    per_ns: f64,
    capacity: f64,
    tokens: f64,
    at: Ns,
}

impl Bucket {
    /// A full bucket at time `now` that refills with `per_minute` tokens and holds what comes in
    /// `memory_s` seconds, but at least one token.
    pub(crate) fn new(per_minute: f64, memory_s: f64, now: Ns) -> Self {
        let capacity = (per_minute / 60.0 * memory_s).max(1.0);
        Bucket {
            per_ns: per_minute / 60.0 / SECOND as f64,
            capacity,
            tokens: capacity,
            at: now,
        }
    }

    /// Whether a token is available.
    pub(crate) fn has(&mut self, now: Ns) -> bool {
        if now > self.at {
            self.tokens = (self.tokens + (now - self.at) as f64 * self.per_ns).min(self.capacity);
            self.at = now;
        }
        self.tokens >= 1.0
    }

    /// Take a token that is available.
    pub(crate) fn take(&mut self) {
        self.tokens -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_gives_more_than_capacity_plus_refill(
            rate in 1.0f64..1000.0,
            waits in prop::collection::vec(0i64..500_000_000, 1..200),
        ) {
            let mut bucket = Bucket::new(rate, 2.0, 0);
            let (mut now, mut given) = (0, 0.0);
            for wait in waits {
                now += wait;
                if bucket.has(now) {
                    bucket.take();
                    given += 1.0;
                }
                let most = (rate / 30.0).max(1.0) + now as f64 / 1e9 * rate / 60.0;
                prop_assert!(given <= most + 1e-6, "{} tokens given, {} possible", given, most);
            }
        }
    }

    #[test]
    fn an_empty_bucket_refills_at_its_rate() {
        let mut bucket = Bucket::new(60.0, 1.0, 0);
        assert!(bucket.has(0));
        bucket.take();
        assert!(!bucket.has(SECOND - 1000));
        assert!(bucket.has(SECOND));
    }
}
