//! A mock market without a maker, recorded for analysis of the market itself.

use crate::error::MarketError;
use crate::session::market::Market;
use crate::session::simulate::Approach;
use crate::session::spec::ObserveSpec;
use crate::types::{ns_of_ms, Ns, SECOND};
use crate::venue::mock::MockVenue;
use crate::venue::tape::{Column, Tape};
use crate::venue::Venue;
use crate::world::layers::label_bits;

/// Market time of one piece of work.
const PIECE: Ns = 60 * SECOND;

/// What was recorded: labels with their bits, events, and columns.
pub(crate) type Observed = (Vec<(String, u64)>, u64, Vec<Column>);

/// An observation that is computed piece by piece.
#[derive(Debug)]
pub struct Observation<'m> {
    market: &'m Market,
    approach: Approach<'m>,
    end: Ns,
    levels: usize,
    rows: bool,
    venue: Option<MockVenue>,
}

impl<'m> Observation<'m> {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with the spec.
    pub fn new(market: &'m Market, text: &str) -> Result<Self, MarketError> {
        let spec = ObserveSpec::parse(text)?;
        let (start, levels) = (ns_of_ms(spec.start_ms), spec.depth_levels as usize);
        Ok(Observation {
            market,
            approach: Approach::new(market, start, levels),
            end: start + ns_of_ms(spec.duration_ms),
            levels,
            rows: spec.rows,
            venue: None,
        })
    }

    /// Run a piece; what was recorded once it is complete.
    ///
    /// # Errors
    /// None is known to occur after a spec was accepted.
    pub fn run_piece(&mut self) -> Result<Option<Observed>, MarketError> {
        let Some(venue) = &mut self.venue else {
            self.venue = self.approach.run_piece()?;
            match &mut self.venue {
                Some(venue) if self.rows => venue.record_rows(),
                Some(venue) => venue.record(Tape::new(self.levels)),
                None => {}
            }
            return Ok(None);
        };
        let next = (venue.now() + PIECE).min(self.end);
        venue.advance(next, &mut Vec::new())?;
        // Nobody reads the feed here; its messages would pile up for as long as the market lives.
        venue.see(next, &mut Vec::new());
        if next < self.end {
            return Ok(None);
        }
        let columns = if self.rows {
            vec![("rows", venue.take_rows())]
        } else {
            venue.take_tape().unwrap_or_default().into_columns()
        };
        let labels = label_bits(self.market.scenario());
        Ok(Some((labels, venue.counts().0, columns)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;
    use serde_json::json;

    fn column(observed: &Observed, name: &str) -> Vec<f64> {
        let found = observed.2.iter().find(|(n, _)| *n == name);
        let bytes = &found.expect("the column exists").1;
        let words = bytes
            .chunks_exact(8)
            .map(|c| c.try_into().expect("8 bytes"));
        words.map(f64::from_le_bytes).collect()
    }

    #[test]
    fn feed_messages_do_not_pile_up() {
        let spec = json!({"start_ms": 0.0, "duration_ms": 600_000.0, "depth_levels": 10});
        let market = samples::market(3);
        let mut observation =
            Observation::new(&market, &spec.to_string()).expect("the spec is valid");
        while observation.run_piece().expect("it runs").is_none() {
            let unseen = observation.venue.as_ref().map_or(0, MockVenue::unseen);
            assert!(unseen < 200, "{unseen} messages are kept");
        }
    }

    #[test]
    fn a_market_is_written_down_on_the_grid() {
        let spec = json!({"start_ms": 20_000.0, "duration_ms": 60_000.0, "depth_levels": 10});
        let market = samples::market(3);
        let mut observation =
            Observation::new(&market, &spec.to_string()).expect("the spec is valid");
        let observed = loop {
            if let Some(observed) = observation.run_piece().expect("it runs") {
                break observed;
            }
        };
        let (bid, ask) = (column(&observed, "bid"), column(&observed, "ask"));
        assert_eq!(bid.len(), 600);
        assert!(bid
            .iter()
            .zip(&ask)
            .all(|(b, a)| b < a || b.is_nan() || a.is_nan()));
        let prices = column(&observed, "trade_price");
        assert!(prices.len() > 60, "{} trades", prices.len());
        assert_eq!(prices.len(), column(&observed, "trade_mid").len());
        assert_eq!(observed.0.len(), 2);
    }
}
