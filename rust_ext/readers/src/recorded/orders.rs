//! A book of single orders, summed by price.

use std::collections::HashMap;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::places::Place;

/// Orders that rest at one time; what claims more was made to fill the memory.
const MOST: usize = 1 << 21;

/// Side, price and the quantity that now stands there.
pub(crate) type Change = (u64, i64, u64);

/// The orders that rest, and their sums.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    resting: HashMap<u64, Order>,
    sums: HashMap<(u64, i64), u64>,
}

#[derive(Debug, Clone, Copy)]
struct Order {
    side: u64,
    price: i64,
    size: u64,
}

impl Orders {
    /// An order rests with this side, price and size, where it may have rested otherwise before.
    pub(crate) fn put(
        &mut self,
        id: u64,
        side: u64,
        price: i64,
        size: u64,
        place: &Place,
    ) -> DataResult<[Option<Change>; 2]> {
        if self.resting.len() >= MOST {
            let text = format!("is of more than {MOST} orders that rest at one time");
            return Err(DataError::row(place, text));
        }
        let gone = self
            .resting
            .remove(&id)
            .map(|before| self.change(before, before.size, 0));
        let new = Order { side, price, size };
        self.resting.insert(id, new);
        let come = self.change(new, 0, size);
        let gone = gone.filter(|(side, price, _)| (*side, *price) != (come.0, come.1));
        Ok([gone, Some(come)])
    }

    /// An order loses some of its size, and is gone where nothing is left.
    pub(crate) fn reduce(&mut self, id: u64, by: u64) -> [Option<Change>; 2] {
        let Some(order) = self.resting.get_mut(&id) else {
            return [None, None];
        };
        let by = by.min(order.size);
        order.size -= by;
        let order = *order;
        if order.size == 0 {
            self.resting.remove(&id);
        }
        [Some(self.change(order, by, 0)), None]
    }

    fn change(&mut self, order: Order, less: u64, more: u64) -> Change {
        let at = (order.side, order.price);
        let sum = self.sums.entry(at).or_default();
        *sum = (*sum + more).saturating_sub(less);
        let left = *sum;
        if left == 0 {
            self.sums.remove(&at);
        }
        (order.side, order.price, left)
    }
}
