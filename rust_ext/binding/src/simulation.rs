//! The class `Simulation` of the binding.

use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::{columns_of, refused};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use market::memory::words;
use market::{Exchange, OrderUpdate, Side, Stepper};

/// An iteration on a market that stops at every decision, for strategies written in Python.
///
/// Made by `Market.open` and `open_replay`.
#[pyclass(module = "pytest_soak._kernel")]
pub struct Simulation {
    // Dropped before the buffer that it may read.
    stepper: Stepper<'static>,
    /// Memory of the strategy's that holds the levels as seen now, once it asked for that.
    levels: Option<(PyBuffer<f64>, Vec<f64>)>,
    /// Version of the levels that stand there.
    levels_version: u64,
    shared: Option<Shared>,
    _events: Option<PyBuffer<u8>>,
}

impl Simulation {
    /// An iteration, and the buffer that it reads where it does; the buffer is kept as long.
    pub(crate) fn new(stepper: Stepper<'static>, events: Option<PyBuffer<u8>>) -> Self {
        Simulation {
            stepper,
            levels: None,
            levels_version: u64::MAX,
            shared: None,
            _events: events,
        }
    }

    /// Write the levels as seen now where the strategy reads them.
    fn show_levels(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some((buffer, rows)) = &mut self.levels else {
            return Ok(());
        };
        let version = self.stepper.levels_version();
        if self.levels_version == version {
            return Ok(());
        }
        self.levels_version = version;
        let most = self.stepper.most_levels();
        rows.clear();
        for side in Side::BOTH {
            let mut shown = 0;
            for (price, size) in self.stepper.levels(side) {
                rows.extend([price, size]);
                shown += 1;
            }
            for _ in shown..most {
                rows.extend([f64::NAN, 0.0]);
            }
        }
        buffer.copy_from_slice(py, rows)
    }
}

/// Memory that a compiled strategy works on, and what goes through it.
struct Shared {
    exchange: Exchange,
    error: Option<String>,
    buffer: PyBuffer<u64>,
}

/// Carry out what a compiled strategy has asked for and go on to its next decision: 1, 0 at the end, -1 for an
/// error.
///
/// # Safety
/// `simulation` is the address that [`Simulation::share`] gave, its object is alive, and the caller holds the
/// GIL without a borrow of the object.
unsafe extern "C" fn exchange(simulation: *mut Simulation) -> i64 {
    // SAFETY: as the caller promises; nothing else can have the object while the GIL is held.
    let Simulation {
        stepper, shared, ..
    } = unsafe { &mut *simulation };
    let Some(shared) = shared else { return -1 };
    let (start, words) = (shared.buffer.buf_ptr(), shared.buffer.item_count());
    // SAFETY: `share` has seen to it that this memory is contiguous, aligned, writable and of this length; the
    // buffer keeps it alive. Compiled code does not run meanwhile, and every bit pattern is a valid word.
    let memory = unsafe { std::slice::from_raw_parts(start.cast::<Cell<u64>>(), words) };
    let step = AssertUnwindSafe(|| shared.exchange.step(stepper, memory));
    let error = match catch_unwind(step) {
        Ok(Ok(goes_on)) => return i64::from(goes_on),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the kernel panicked".to_owned(),
    };
    shared.error = Some(error);
    -1
}

type FillRow = (Option<u64>, i64, f64, f64, f64, f64);
type OrderRow = (u64, i64, f64, f64, f64);

fn side_of(side: i64) -> PyResult<Side> {
    Side::try_from(side).map_err(refused)
}

#[pymethods]
impl Simulation {
    /// Advance to the next decision, at most a second of market time; False at the end.
    fn step(&mut self, py: Python<'_>) -> PyResult<bool> {
        // To let go of the GIL would take longer than most steps do.
        let goes_on = self.stepper.step().map_err(refused)?;
        self.show_levels(py)?;
        Ok(goes_on)
    }

    /// Keep the levels as seen now in a writable buffer of doubles: for bids, then asks, `depth_levels` rows of
    /// price and base units, best first; NaN and 0 where there are fewer.
    fn show_levels_in(&mut self, py: Python<'_>, buffer: PyBuffer<f64>) -> PyResult<()> {
        let room = 4 * self.stepper.most_levels();
        if buffer.item_count() != room || buffer.readonly() || !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err(format!(
                "the buffer is not {room} contiguous, writable doubles"
            )));
        }
        self.levels = Some((buffer, Vec::with_capacity(room)));
        self.levels_version = u64::MAX;
        self.show_levels(py)
    }

    /// Quote units of a step of the price.
    #[getter]
    fn tick_size(&self) -> f64 {
        self.stepper.tick_size()
    }

    /// Base units of a step of the quantity.
    #[getter]
    fn lot_size(&self) -> f64 {
        self.stepper.lot_size()
    }

    /// Share a writable buffer of words of 8 bytes with a compiled strategy: the address of a C function that
    /// takes the second number, goes on to the next decision and answers 1, 0 at the end, -1 for an error.
    /// `names` is how many names there are to record values under.
    ///
    /// It must be called with the GIL, while this object is alive.
    fn share(
        mut slf: PyRefMut<'_, Self>,
        buffer: PyBuffer<u64>,
        names: usize,
    ) -> PyResult<(usize, usize)> {
        let room = words(slf.stepper.most_levels());
        let aligned = buffer.buf_ptr().cast::<u64>().is_aligned();
        let usable = buffer.item_count() == room && !buffer.readonly() && aligned;
        if !usable || !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err(format!(
                "the buffer is not {room} contiguous, writable words of 8 bytes"
            )));
        }
        slf.shared = Some(Shared {
            exchange: Exchange::recording(names).going_on(&slf.stepper),
            error: None,
            buffer,
        });
        let function: unsafe extern "C" fn(*mut Simulation) -> i64 = exchange;
        Ok((function as usize, &raw mut *slf as usize))
    }

    /// What the compiled strategy recorded, by the place of its name.
    #[getter]
    fn shared_recorded(&self) -> Vec<Vec<f64>> {
        let shared = self.shared.as_ref();
        shared.map_or_else(Vec::new, |shared| shared.exchange.recorded().to_vec())
    }

    /// What went wrong in the function of `share`.
    #[getter]
    fn shared_error(&self) -> Option<&str> {
        self.shared.as_ref()?.error.as_deref()
    }

    /// Levels of a side that are shown at most.
    #[getter]
    fn depth_levels(&self) -> usize {
        self.stepper.most_levels()
    }

    /// Trades received in the last step: time, price, base units, side of the aggressor.
    #[getter]
    fn trades(&mut self) -> Vec<(f64, f64, f64, i64)> {
        let row = |(at, price, size, side): (f64, f64, f64, Side)| (at, price, size, side.sign());
        self.stepper.trades().map(row).collect()
    }

    /// A price as an order of a side 1 (buy) or -1 (sell) would have it: rounded to a tick away from the market.
    fn rounded(&self, side: i64, price: f64) -> PyResult<f64> {
        let side = side_of(side)?;
        self.stepper.rounded(side, price).map_err(refused)
    }

    /// Base units ahead of an order as estimated from what was received; None where that is not known.
    fn queue_ahead(&self, order: u64) -> Option<f64> {
        self.stepper.ahead(order)
    }

    /// Orders that were reduced, as received in the last step, and base units left of each.
    #[getter]
    fn reduced(&self) -> Vec<(u64, f64)> {
        let left = |update: &OrderUpdate| match update {
            OrderUpdate::Reduced { id, left } => Some((*id, (*left)?)),
            _ => None,
        };
        self.stepper.updates().iter().filter_map(left).collect()
    }

    /// What funding payments brought that were told of in the last step.
    #[getter]
    fn funded(&self) -> Vec<f64> {
        let amount = |update: &OrderUpdate| match update {
            OrderUpdate::Funded { amount } => Some(*amount),
            _ => None,
        };
        self.stepper.updates().iter().filter_map(amount).collect()
    }

    /// Market time, ms.
    #[getter]
    fn time_ms(&self) -> f64 {
        self.stepper.time_ms()
    }

    /// Best bid of other participants as seen now.
    #[getter]
    fn best_bid(&self) -> Option<f64> {
        self.stepper.best(Side::Buy)
    }

    /// Best ask of other participants as seen now.
    #[getter]
    fn best_ask(&self) -> Option<f64> {
        self.stepper.best(Side::Sell)
    }

    /// Mid of other participants as seen now.
    #[getter]
    fn mid(&self) -> Option<f64> {
        self.stepper.mid()
    }

    /// Base units on the best bid levels as seen now.
    #[getter]
    fn bid_liquidity(&self) -> f64 {
        self.stepper.liquidity(Side::Buy)
    }

    /// Base units on the best ask levels as seen now.
    #[getter]
    fn ask_liquidity(&self) -> f64 {
        self.stepper.liquidity(Side::Sell)
    }

    /// Position by the fills received so far and what was held at the start, base units.
    #[getter]
    fn position(&self) -> f64 {
        self.stepper.position()
    }

    /// Orders that were at the market at the start: id, side, price, base units, when it was placed.
    #[getter]
    fn carried(&self) -> Vec<OrderRow> {
        let orders = self.stepper.carried().iter();
        orders
            .map(|o| (o.number, o.side.sign(), o.price, o.size, o.placed_ms))
            .collect()
    }

    /// Requests that have not been acknowledged.
    #[getter]
    fn in_flight(&self) -> u32 {
        self.stepper.in_flight()
    }

    /// Fills received in the last step: order id (None for a taker fill), side, base units, price, fee, time.
    #[getter]
    fn fills(&self) -> Vec<FillRow> {
        let fill = |update: &OrderUpdate| match update {
            OrderUpdate::Filled {
                id,
                side,
                qty,
                price,
                fee,
                time_ms,
            } => Some((*id, side.sign(), *qty, *price, *fee, *time_ms)),
            _ => None,
        };
        self.stepper.updates().iter().filter_map(fill).collect()
    }

    /// What happened to our orders in the last step, in its order: kind, order id, number.
    ///
    /// Kinds: 0 filled (number: its place in `fills`), 1 rejected, 2 placed, 3 cancelled (number: whether it
    /// was still there), 4 an immediate-or-cancel order was processed, 5 an order was reduced (number: its place in
    /// `reduced`), 6 funding was paid (number: its place in `funded`).
    #[getter]
    fn updates(&self) -> Vec<(u8, Option<u64>, u32)> {
        let (mut fills, mut reduced, mut funded) = (0, 0, 0);
        let row = |update: &OrderUpdate| {
            Some(match update {
                OrderUpdate::Filled { id, .. } => {
                    fills += 1;
                    (0, *id, fills - 1)
                }
                OrderUpdate::Rejected { id } => (1, Some(*id), 0),
                OrderUpdate::Placed { id } => (2, Some(*id), 0),
                OrderUpdate::Cancelled { id, found } => (3, Some(*id), u32::from(*found)),
                OrderUpdate::Reduced { id, left } => {
                    (*left)?;
                    reduced += 1;
                    (5, Some(*id), reduced - 1)
                }
                OrderUpdate::Taken => (4, None, 0),
                OrderUpdate::Funded { .. } => {
                    funded += 1;
                    (6, None, funded - 1)
                }
            })
        };
        self.stepper.updates().iter().filter_map(row).collect()
    }

    /// Whether `updates` holds something.
    #[getter]
    fn changed(&self) -> bool {
        !self.stepper.updates().is_empty()
    }

    /// Ids of post-only orders that were rejected, received in the last step.
    #[getter]
    fn rejected(&self) -> Vec<u64> {
        let rejected = |update: &OrderUpdate| match update {
            OrderUpdate::Rejected { id } => Some(*id),
            _ => None,
        };
        self.stepper.updates().iter().filter_map(rejected).collect()
    }

    /// Send a post-only order of side 1 (buy) or -1 (sell); its id.
    fn place(&mut self, side: i64, price: f64, qty: f64) -> PyResult<u64> {
        let side = side_of(side)?;
        self.stepper.place(side, price, qty).map_err(refused)
    }

    /// Send a limit order that takes what it crosses and rests with what is left; its id.
    fn place_limit(&mut self, side: i64, price: f64, qty: f64) -> PyResult<u64> {
        let side = side_of(side)?;
        self.stepper.place_limit(side, price, qty).map_err(refused)
    }

    /// Send a cancellation of `order` and a post-only order in one message; the new order's id.
    fn replace(&mut self, order: OrderNumber, side: i64, price: f64, qty: f64) -> PyResult<u64> {
        let side = side_of(side)?;
        self.stepper
            .replace(order.0, side, price, qty)
            .map_err(refused)
    }

    /// Send a cancellation; `tail` says that the order was given up as it was old and far away.
    #[pyo3(signature = (order, tail=false))]
    fn cancel(&mut self, order: OrderNumber, tail: bool) -> PyResult<()> {
        self.stepper.cancel(order.0, tail).map_err(refused)
    }

    /// Ask to leave at most `qty` of an order, which keeps its place in the queue.
    fn reduce(&mut self, order: OrderNumber, qty: f64) -> PyResult<()> {
        self.stepper.reduce(order.0, qty).map_err(refused)
    }

    /// Send an immediate-or-cancel order that pays `price` at worst.
    fn take(&mut self, side: i64, price: f64, qty: f64) -> PyResult<()> {
        let side = side_of(side)?;
        self.stepper.take(side, price, qty).map_err(refused)
    }

    /// Count an attempt to quote, blocked for a reason where one is given.
    #[pyo3(signature = (blocked=None))]
    fn attempt(&mut self, blocked: Option<&str>) -> PyResult<()> {
        self.stepper.attempt(blocked).map_err(refused)
    }

    /// The columns of the series, where the spec had a `series_step_ms`; once, after the end.
    fn take_series<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        columns_of(py, self.stepper.take_series())
    }

    /// The report as JSON, once `step` has returned False.
    fn report<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let report = self.stepper.report().map_err(refused)?;
        Ok(PyBytes::new(py, report.as_bytes()))
    }
}

/// A number that `place` may have returned. No other integer is one, however large: a ValueError.
struct OrderNumber(u64);

impl<'a, 'py> FromPyObject<'a, 'py> for OrderNumber {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Self).map_err(|error: PyErr| {
            if error.is_instance_of::<PyOverflowError>(given.py()) {
                let order = given.to_string();
                PyValueError::new_err(format!(
                    "order = {order} is no number that place() returned"
                ))
            } else {
                error
            }
        })
    }
}
