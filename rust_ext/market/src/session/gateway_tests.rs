use super::*;
use crate::book::ladder::Ladder;
use crate::book::own::OwnOrder;
use crate::session::spec::Fees;
use crate::types::{Cancel, Lots, NewOrder, Side, Tick, MS, SECOND};
use crate::venue::delays::Message;
use crate::venue::Cancelled;

/// A market with a scripted mid, one scripted fill and scripted delays.
#[derive(Debug, Clone)]
struct Script {
    now: Ns,
    delays: Vec<Ns>,
    fill_at: Option<Ns>,
    log: Vec<(Ns, &'static str)>,
    book: Ladder,
}

impl Venue for Script {
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), RowError> {
        if let Some(ts) = self.fill_at.filter(|ts| *ts <= until) {
            self.fill_at = None;
            fills.push(VenueFill {
                ts,
                id: Some(1),
                side: Side::Buy,
                tick: 999,
                lots: 3,
                left: 0,
                placed_at: 0,
                ahead_at_placement: 0,
                mid: 1000.0,
                fee_shift_bps: 0.0,
            });
        }
        self.now = until;
        Ok(())
    }
    fn place(&mut self, _order: NewOrder) -> bool {
        self.log.push((self.now, "place"));
        true
    }
    fn restore(&mut self, _own: OwnOrder) -> bool {
        self.log.push((self.now, "restore"));
        true
    }
    fn resting(&self) -> &[OwnOrder] {
        &[]
    }
    fn cancel(&mut self, _id: u64) -> Option<Cancelled> {
        self.log.push((self.now, "cancel"));
        Some(Cancelled {
            placed_at: 0,
            side: Side::Buy,
        })
    }
    fn reduce(&mut self, _id: u64, lots: Lots) -> Option<Lots> {
        self.log.push((self.now, "reduce"));
        Some(lots)
    }
    fn take(&mut self, _side: Side, _lots: Lots, _limit: Tick, _fills: &mut Vec<VenueFill>) {}
    fn mid(&self) -> Option<f64> {
        Some(if self.now < SECOND { 1000.0 } else { 990.0 })
    }
    fn spread(&self) -> Option<Tick> {
        Some(2)
    }
    fn displayed(&self, _side: Side) -> &Ladder {
        &self.book
    }
    fn see(&mut self, _now: Ns, _lags: &mut Vec<f64>) -> View {
        View::default()
    }
    fn order_delay(&mut self, _message: Message) -> Ns {
        self.delays.pop().unwrap_or(0)
    }
    fn counts(&self) -> (u64, u64) {
        (0, 0)
    }
    fn own_best(&self, _side: Side) -> Option<(Tick, Lots)> {
        None
    }
}

fn gateway(mut delays: Vec<Ns>, fill_at: Option<Ns>) -> Gateway<Script> {
    delays.reverse();
    let script = Script {
        now: 0,
        delays,
        fill_at,
        log: Vec::new(),
        book: Ladder::new(Side::Buy),
    };
    let fees = Fees {
        maker_bps: 0.0,
        taker_bps: 0.0,
        tiers: Vec::new(),
    };
    Gateway::new(script, Measure::new(1.0, 1.0, fees, Some(1000.0), true), 0)
}

fn quote(cancel: bool) -> Request {
    let order = NewOrder {
        id: 1,
        side: Side::Buy,
        tick: 999,
        lots: 3,
    };
    Request::Quote {
        cancel: cancel.then_some(Cancel { id: 1, tail: true }),
        place: (!cancel).then_some(order),
    }
}

#[test]
fn requests_arrive_late_in_order_and_are_answered_late() {
    let mut gateway = gateway(vec![10 * MS, 2 * MS, 5 * MS, MS], None);
    gateway.send(quote(false));
    gateway.send(quote(true));
    gateway.advance(9 * MS).expect("it lives");
    assert!(gateway.venue.log.is_empty());
    gateway.advance(14 * MS).expect("it lives");
    // The second request had the shorter delay, and does not overtake the first.
    assert_eq!(gateway.venue.log, [(10 * MS, "place"), (10 * MS, "cancel")]);
    assert_eq!(gateway.poll(), None);
    gateway.advance(15 * MS).expect("it lives");
    assert!(matches!(
        gateway.poll(),
        Some(Notification::Processed { weight: 1, .. })
    ));
    assert!(gateway.poll().is_some() && gateway.poll().is_none());
    assert_eq!(gateway.measure.latency_ms, [15.0, 15.0]);
}

#[test]
fn a_fill_is_reported_after_its_own_delay_and_marked_a_second_later() {
    let mut gateway = gateway(vec![4 * MS], Some(2 * MS));
    gateway.advance(5 * MS).expect("it lives");
    assert_eq!(gateway.poll(), None);
    gateway.advance(6 * MS).expect("it lives");
    let polled = gateway.poll();
    assert!(matches!(
        polled,
        Some(Notification::Filled {
            id: Some(1),
            side: Side::Buy,
            lots: 3,
            at,
            ..
        }) if at == 4 * MS || at == 2 * MS
    ));
    let adverse = |gateway: &Gateway<Script>| {
        let frame = crate::measure::frame::Frame::default();
        let text = gateway
            .clone()
            .measure
            .report(frame, crate::maker::Attempts::default());
        let value: serde_json::Value =
            serde_json::from_str(&text.expect("it adds up")).expect("it is JSON");
        (
            value["adverse_bps"]["n"].clone(),
            value["fills"][0]["mids_later"][1].clone(),
        )
    };
    gateway.advance(SECOND + 2 * MS - 1).expect("it lives");
    assert_eq!(adverse(&gateway).0, 0);
    gateway.advance(SECOND + 2 * MS).expect("it lives");
    assert_eq!(adverse(&gateway), (1.into(), 990.0.into()));
}
