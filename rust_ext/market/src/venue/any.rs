//! A mock or a recorded market, for a strategy that does not know which.

use crate::book::ladder::Ladder;
use crate::book::own::OwnOrder;
use crate::flow::value::Moves;
use crate::scenario::Contract;
use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::delays::Message;
use crate::venue::mock::MockVenue;
use crate::venue::quality::Quality;
use crate::venue::replay::ReplayVenue;
use crate::venue::rows::RowError;
use crate::venue::shown::Shown;
use crate::venue::{Cancelled, Venue};
use std::collections::BTreeMap;

/// One of the markets.
#[derive(Debug, Clone)]
pub(crate) enum AnyVenue<'a> {
    Mock(Box<MockVenue>),
    Replay(Box<ReplayVenue<'a>>),
}

macro_rules! to_venue {
    ($self:ident, $venue:ident => $call:expr) => {
        match $self {
            AnyVenue::Mock($venue) => $call,
            AnyVenue::Replay($venue) => $call,
        }
    };
}

impl AnyVenue<'_> {
    /// Market time for which each label was on, ms; a recording has none.
    pub(crate) fn label_ms(&mut self) -> BTreeMap<String, f64> {
        match self {
            AnyVenue::Mock(venue) => venue.label_ms(),
            AnyVenue::Replay(_) => BTreeMap::new(),
        }
    }

    /// What the feed shows beside the view that was seen last; trades stay until they are taken out.
    pub(crate) fn shown(&mut self) -> &mut Shown {
        to_venue!(self, venue => venue.shown())
    }
}

impl Venue for AnyVenue<'_> {
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), RowError> {
        to_venue!(self, venue => venue.advance(until, fills))
    }

    fn place(&mut self, order: NewOrder) -> bool {
        to_venue!(self, venue => venue.place(order))
    }

    fn restore(&mut self, own: OwnOrder) -> bool {
        to_venue!(self, venue => venue.restore(own))
    }

    fn resting(&self) -> &[OwnOrder] {
        to_venue!(self, venue => venue.resting())
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        to_venue!(self, venue => venue.cancel(id))
    }

    fn reduce(&mut self, id: u64, lots: Lots) -> Option<Lots> {
        to_venue!(self, venue => venue.reduce(id, lots))
    }

    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) {
        to_venue!(self, venue => venue.take(side, lots, limit, fills));
    }

    fn mid(&self) -> Option<f64> {
        to_venue!(self, venue => venue.mid())
    }

    fn spread(&self) -> Option<Tick> {
        to_venue!(self, venue => venue.spread())
    }

    fn displayed(&self, side: Side) -> &Ladder {
        to_venue!(self, venue => venue.displayed(side))
    }

    fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View {
        to_venue!(self, venue => venue.see(now, lags))
    }

    fn order_delay(&mut self, message: Message) -> Ns {
        to_venue!(self, venue => venue.order_delay(message))
    }

    fn counts(&self) -> (u64, u64) {
        to_venue!(self, venue => venue.counts())
    }

    fn own_best(&self, side: Side) -> Option<(Tick, Lots)> {
        to_venue!(self, venue => venue.own_best(side))
    }

    fn labels(&self) -> Vec<(String, u64)> {
        to_venue!(self, venue => venue.labels())
    }

    fn labels_on(&self) -> u64 {
        to_venue!(self, venue => venue.labels_on())
    }

    fn moves(&self) -> Option<Moves> {
        to_venue!(self, venue => venue.moves())
    }

    fn proceeds(&self, resting: Side, lots: Lots, contract: &Contract) -> Option<f64> {
        to_venue!(self, venue => venue.proceeds(resting, lots, contract))
    }

    fn quality(&self, end: Ns) -> Option<Quality> {
        to_venue!(self, venue => venue.quality(end))
    }
}
