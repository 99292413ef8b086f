//! How long messages take: a law for each kind of message, slower where the market is more volatile.

use crate::book::displayed::Displayed;
use crate::flow::draw_lag;
use crate::scenario::tables::{Lag, Latency};
use crate::session::parameters::Laws;
use crate::types::rng::{Purpose, Stream};
use crate::types::{ns_of_ms, Ns, MS};

/// What is under way between a maker and a market, the feed apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// A new order, a replacement, or a change of size.
    New,
    Cancel,
    Ack,
    Fill,
}

/// Relative volatilities beyond these count as these.
const CALMEST: f64 = 0.1;
const WILDEST: f64 = 10.0;
/// Ceiling of a constant delay that follows volatility, ms.
const MOST_MS: f64 = 60_000.0;

/// Factor on delays at a relative volatility.
pub(crate) fn delay_factor(volatility: f64, power: f64) -> f64 {
    if power == 0.0 {
        return 1.0;
    }
    libm::pow(volatility.clamp(CALMEST, WILDEST), power)
}

impl Latency {
    /// The law of a message.
    pub(crate) fn law(&self, message: Message) -> &Lag {
        let own = match message {
            Message::New => &self.new,
            Message::Cancel => &self.cancel,
            Message::Ack => &self.ack,
            Message::Fill => &self.fill,
        };
        own.as_ref().unwrap_or(&self.order)
    }
}

/// Delays on a recording: of order messages alone, as the feed's are recorded.
#[derive(Debug, Clone)]
pub(crate) enum Delays {
    Constant(Ns),
    Drawn(Box<Drawn>),
}

impl Delays {
    /// By laws where there are any, `constant_ms` where a message has none; `start` tells iterations apart.
    pub(crate) fn new(laws: Option<&Laws>, constant_ms: f64, start: Ns) -> Self {
        match laws {
            Some(laws) => Delays::Drawn(Box::new(Drawn::new(laws, constant_ms, start))),
            None => Delays::Constant(ns_of_ms(constant_ms)),
        }
    }

    /// The delay of a message.
    pub(crate) fn draw(&mut self, message: Message) -> Ns {
        match self {
            Delays::Constant(delay) => *delay,
            Delays::Drawn(drawn) => drawn.draw(message),
        }
    }

    /// The mid of a book stood where it stands until a time.
    #[inline]
    pub(crate) fn see(&mut self, until: Ns, book: &Displayed) {
        if let Delays::Drawn(drawn) = self {
            drawn.volatility.see(until, book.mid());
        }
    }
}

/// Delays that are drawn.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    latency: Latency,
    stream: Stream,
    volatility: VolatilityRatio,
}

impl Drawn {
    fn new(laws: &Laws, constant_ms: f64, start: Ns) -> Self {
        let constant = Lag {
            median_ms: constant_ms,
            log_sd: 0.0,
            spike_probability: 0.0,
            spike_ms: 0.0,
            spike_tail: 1.0,
            max_ms: MOST_MS,
        };
        Drawn {
            latency: Latency {
                new: laws.new.clone(),
                cancel: laws.cancel.clone(),
                ack: laws.ack.clone(),
                fill: laws.fill.clone(),
                volatility_power: laws.volatility_power,
                feed_interval_ms: 1.0,
                feed: constant.clone(),
                order: constant,
            },
            stream: Stream::new(0, Purpose::Delays, start as u64),
            volatility: VolatilityRatio::default(),
        }
    }

    fn draw(&mut self, message: Message) -> Ns {
        let factor = delay_factor(self.volatility.relative(), self.latency.volatility_power);
        draw_lag(self.latency.law(message), factor, &mut self.stream)
    }
}

/// Time between two looks at the mid, and half-lives of the two averages in looks.
const STEP: Ns = 100 * MS;
const FAST: f64 = 100.0;
const SLOW: f64 = 6_000.0;
/// Weight of looks from which on the ratio is believed: ten seconds of them.
const LEAST_LOOKS: f64 = 100.0;

/// How volatile a recording is now, relative to how it was in the last while: the mid's squared moves per
/// 100 ms, averaged with half-lives of 10 s and of 10 min.
#[derive(Debug, Clone, Default)]
struct VolatilityRatio {
    next: Ns,
    last: Option<f64>,
    fast: Mean,
    slow: Mean,
}

/// An exponential average; its weight is that of what it has seen.
#[derive(Debug, Clone, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    /// After so many looks, of which the last one showed the value and the others nothing.
    fn see(&mut self, value: f64, looks: f64, half_life: f64) {
        let keep = libm::exp(-core::f64::consts::LN_2 / half_life);
        let kept = libm::pow(keep, looks);
        self.sum = self.sum * kept + value;
        self.weight = self.weight * kept + (1.0 - kept) / (1.0 - keep);
    }

    fn value(&self) -> f64 {
        self.sum / self.weight
    }
}

impl VolatilityRatio {
    /// The mid stood there until a time.
    fn see(&mut self, until: Ns, mid: Option<f64>) {
        let Some(mid) = mid.filter(|_| until >= self.next) else {
            return;
        };
        let looks = ((until - self.next) / STEP + 1) as f64;
        self.next += looks as Ns * STEP;
        if let Some(last) = self.last.replace(mid) {
            let moved = libm::log(mid / last);
            self.fast.see(moved * moved, looks, FAST);
            self.slow.see(moved * moved, looks, SLOW);
        }
    }

    /// Present volatility over that of the last while; 1 while little is known.
    fn relative(&self) -> f64 {
        let (fast, slow) = (self.fast.value(), self.slow.value());
        if self.slow.weight < LEAST_LOOKS || slow <= 0.0 {
            return 1.0;
        }
        (fast / slow).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_that_wakes_up_is_more_volatile_than_it_was() {
        let mut volatility = VolatilityRatio::default();
        let mut mid = 1000.0;
        let mut walk = |volatility: &mut VolatilityRatio, from: i64, to: i64, step: f64| {
            for look in from..to {
                mid += if look % 2 == 0 { step } else { -step };
                volatility.see(look * STEP, Some(mid));
            }
        };
        walk(&mut volatility, 0, 50, 0.1);
        assert_eq!(volatility.relative(), 1.0, "little is known");
        walk(&mut volatility, 50, 6_000, 0.1);
        assert!((volatility.relative() - 1.0).abs() < 1e-3);
        walk(&mut volatility, 6_000, 6_100, 0.3);
        assert!(volatility.relative() > 1.8, "{}", volatility.relative());
        // A silence calms it, however long it is.
        volatility.see(9_000 * STEP, Some(mid));
        assert!(volatility.relative() < 0.1);
    }

    #[test]
    fn delays_follow_the_power_of_volatility() {
        assert_eq!(delay_factor(5.0, 0.0), 1.0);
        assert!((delay_factor(4.0, 0.5) - 2.0).abs() < 1e-12);
        assert_eq!(delay_factor(1e9, 1.0), WILDEST);
    }

    #[test]
    fn each_message_has_its_own_law_or_the_constant() {
        let law = |ms| Lag {
            median_ms: ms,
            log_sd: 0.0,
            spike_probability: 0.0,
            spike_ms: 0.0,
            spike_tail: 1.0,
            max_ms: 1000.0,
        };
        let laws = Laws {
            cancel: Some(law(7.0)),
            fill: Some(law(9.0)),
            ..Laws::default()
        };
        let mut drawn = Drawn::new(&laws, 5.0, 0);
        let all = [Message::New, Message::Cancel, Message::Ack, Message::Fill];
        let expected = [5.0, 7.0, 5.0, 9.0].map(ns_of_ms);
        assert_eq!(all.map(|message| drawn.draw(message)), expected);
    }
}
