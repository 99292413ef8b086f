//! The resting orders of other participants: single orders in first-in-first-out queues per price.

use crate::book::ladder::Ladder;
use crate::types::rng::Stream;
use crate::types::{Lots, Side, Tick};

const SLOTS: usize = 1 << 16;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone)]
struct Node {
    tick: Tick,
    lots: Lots,
    seq: u64,
    prev: u32,
    next: u32,
    place: u32,
}

#[derive(Debug, Clone, Copy)]
struct Queue {
    tick: Tick,
    head: u32,
    tail: u32,
}

const EMPTY: Queue = Queue {
    tick: 0,
    head: NONE,
    tail: NONE,
};

/// An order that was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CancelledOrder {
    pub tick: Tick,
    pub lots: Lots,
    /// Time priority: smaller came earlier.
    pub seq: u64,
}

/// An order that was chosen, and the lots of other participants at its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chosen {
    id: u32,
    pub beside: Lots,
}

/// Other participants' orders of one side.
#[derive(Debug, Clone)]
pub(crate) struct RestingOrders {
    ladder: Ladder,
    nodes: Vec<Node>,
    free: Vec<u32>,
    live: Vec<u32>,
    queues: Vec<Queue>,
    /// Changes of quantity per price, where they are recorded.
    changes: Option<Vec<(Tick, Lots)>>,
}

impl RestingOrders {
    /// No orders.
    pub(crate) fn new(side: Side) -> Self {
        RestingOrders {
            ladder: Ladder::new(side),
            nodes: Vec::new(),
            free: Vec::new(),
            live: Vec::new(),
            queues: vec![EMPTY; SLOTS],
            changes: None,
        }
    }

    /// Quantities per price.
    pub(crate) fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Number of resting orders.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    /// Add an order at the end of its queue; false where prices are too far apart to hold both.
    pub(crate) fn add(&mut self, tick: Tick, lots: Lots, seq: u64) -> bool {
        let slot = slot_of(tick);
        let queue = self.queues[slot];
        if queue.head != NONE && queue.tick != tick {
            return false;
        }
        let node = Node {
            tick,
            lots,
            seq,
            prev: queue.tail,
            next: NONE,
            place: self.live.len() as u32,
        };
        let id = self.store(node);
        self.live.push(id);
        if queue.tail != NONE {
            self.nodes[queue.tail as usize].next = id;
        }
        let head = if queue.head == NONE { id } else { queue.head };
        self.queues[slot] = Queue {
            tick,
            head,
            tail: id,
        };
        self.change(tick, lots);
        true
    }

    /// Choose an order at random; the handle is valid until the side changes.
    pub(crate) fn choose(&self, stream: &mut Stream) -> Option<Chosen> {
        if self.live.is_empty() {
            return None;
        }
        let id = self.live[stream.below(self.live.len())];
        let node = &self.nodes[id as usize];
        Some(Chosen {
            id,
            beside: self.ladder.get(node.tick) - node.lots,
        })
    }

    /// Cancel an order that was chosen.
    pub(crate) fn cancel(&mut self, chosen: Chosen) -> CancelledOrder {
        self.drop_order(chosen.id)
    }

    /// Cancel the newest order at the best price.
    pub(crate) fn cancel_best(&mut self) -> Option<CancelledOrder> {
        let tick = self.ladder.best()?;
        let id = self.queues[slot_of(tick)].tail;
        (id != NONE).then(|| self.drop_order(id))
    }

    /// Move every order to its price times a factor, in the order of time and behind whatever stands there;
    /// `visit` gets each at its old price. `seq` is the last time priority that was given.
    ///
    /// Nothing happens where the best order would stay at its price.
    pub(crate) fn reprice(
        &mut self,
        factor: f64,
        seq: &mut u64,
        mut visit: impl FnMut(CancelledOrder),
    ) {
        let moved = |tick: Tick| (tick as f64 * factor).round() as Tick;
        if self.ladder.best().is_none_or(|best| moved(best) == best) {
            return;
        }
        let mut orders = Vec::with_capacity(self.live.len());
        while let Some(id) = self.live.last() {
            orders.push(self.drop_order(*id));
        }
        orders.sort_unstable_by_key(|order| order.seq);
        for order in orders {
            visit(order);
            *seq += 1;
            self.add(moved(order.tick).max(1), order.lots, *seq);
        }
    }

    /// Trade against the front of a queue; returns the lots traded.
    pub(crate) fn consume(&mut self, tick: Tick, lots: Lots) -> Lots {
        let slot = slot_of(tick);
        let mut left = lots;
        while left > 0 {
            let queue = self.queues[slot];
            if queue.head == NONE || queue.tick != tick {
                break;
            }
            let front = &mut self.nodes[queue.head as usize];
            if front.lots > left {
                front.lots -= left;
                self.change(tick, -left);
                left = 0;
            } else {
                left -= front.lots;
                self.drop_order(queue.head);
            }
        }
        lots - left
    }

    /// Changes since they were taken last, each with what was added to a price; the first call only begins.
    pub(crate) fn take_changes(&mut self) -> Vec<(Tick, Lots)> {
        self.changes.replace(Vec::new()).unwrap_or_default()
    }

    fn change(&mut self, tick: Tick, lots: Lots) {
        self.ladder.add(tick, lots);
        if let Some(changes) = &mut self.changes {
            changes.push((tick, lots));
        }
    }

    fn store(&mut self, node: Node) -> u32 {
        if let Some(id) = self.free.pop() {
            self.nodes[id as usize] = node;
            return id;
        }
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    fn drop_order(&mut self, id: u32) -> CancelledOrder {
        let node = self.nodes[id as usize].clone();
        let queue = &mut self.queues[slot_of(node.tick)];
        if node.prev == NONE {
            queue.head = node.next;
        } else {
            self.nodes[node.prev as usize].next = node.next;
        }
        if node.next == NONE {
            queue.tail = node.prev;
        } else {
            self.nodes[node.next as usize].prev = node.prev;
        }
        self.live.swap_remove(node.place as usize);
        if let Some(moved) = self.live.get(node.place as usize) {
            self.nodes[*moved as usize].place = node.place;
        }
        self.free.push(id);
        self.change(node.tick, -node.lots);
        CancelledOrder {
            tick: node.tick,
            lots: node.lots,
            seq: node.seq,
        }
    }
}

fn slot_of(tick: Tick) -> usize {
    (tick & (SLOTS as Tick - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::rng::Purpose;

    #[test]
    fn queues_are_first_in_first_out() {
        let mut resting = RestingOrders::new(Side::Buy);
        assert!(resting.add(10, 5, 1) && resting.add(10, 3, 2) && resting.add(9, 7, 3));
        assert_eq!(resting.consume(10, 6), 6);
        assert_eq!(resting.ladder().get(10), 2);
        assert_eq!(resting.cancel_best().map(|g| (g.seq, g.lots)), Some((2, 2)));
        assert_eq!(resting.ladder().best(), Some(9));
        assert_eq!(resting.consume(9, 100), 7);
        assert!(resting.len() == 0 && resting.ladder().best().is_none());
    }

    #[test]
    fn orders_that_are_repriced_keep_their_distances_and_their_turn() {
        let mut resting = RestingOrders::new(Side::Sell);
        let orders = [(1000, 5), (1000, 3), (1200, 7)];
        for (seq, (tick, lots)) in (1..).zip(orders) {
            assert!(resting.add(tick, lots, seq));
        }
        let (mut visited, mut seq) = (Vec::new(), 9);
        resting.reprice(1.0001, &mut seq, |order| visited.push(order.tick));
        assert!(visited.is_empty() && seq == 9);
        resting.reprice(1.01, &mut seq, |order| visited.push(order.tick));
        assert_eq!((visited, seq), (vec![1000, 1000, 1200], 12));
        let (best, depth) = (resting.ladder().best(), resting.ladder().depth(9));
        assert_eq!(
            (best, resting.ladder().get(1212), depth),
            (Some(1010), 7, 15)
        );
        assert_eq!(resting.consume(1010, 6), 6);
        let left = resting.cancel_best().map(|order| (order.seq, order.lots));
        assert_eq!(left, Some((11, 2)));
    }

    #[test]
    fn far_apart_prices_do_not_share_a_queue() {
        let mut resting = RestingOrders::new(Side::Sell);
        assert!(resting.add(5, 1, 1));
        assert!(!resting.add(5 + SLOTS as Tick, 1, 2));
        assert_eq!(resting.len(), 1);
    }

    #[test]
    fn random_life_conserves_quantity() {
        let mut resting = RestingOrders::new(Side::Sell);
        let mut stream = Stream::new(1, Purpose::Flow, 0);
        let mut total = 0;
        for seq in 0..20_000 {
            let lots = 1 + stream.below(9) as Lots;
            match stream.below(5) {
                0 | 1 => {
                    assert!(resting.add(1000 + stream.below(50) as Tick, lots, seq));
                    total += lots;
                }
                2 | 3 => {
                    if let Some(chosen) = resting.choose(&mut stream) {
                        total -= resting.cancel(chosen).lots;
                    }
                }
                _ => {
                    if let Some(best) = resting.ladder().best() {
                        total -= resting.consume(best, lots);
                    }
                }
            }
            assert_eq!(resting.ladder().depth(100), total);
        }
    }
}
