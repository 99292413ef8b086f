//! The class `L2Book` of the binding.

use crate::refused;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use l2::{Batch, Book, BookSide, Numbers};

type Levels = Vec<(f64, f64)>;

/// An order book of prices and sizes (level 2).
///
/// Readings without arguments are properties, the rest are methods. What is refused raises ValueError (TypeError
/// for a wrong type) and leaves the book exactly as it was.
#[pyclass(module = "pytest_soak.market.book")]
pub struct L2Book(Book);

#[pymethods]
impl L2Book {
    /// Side of the bids.
    #[classattr]
    const BID: i64 = 1;
    /// Side of the asks.
    #[classattr]
    const ASK: i64 = -1;

    #[new]
    #[pyo3(signature = (tick_size, lot_size=None, *, window=None))]
    fn new(
        tick_size: f64,
        lot_size: Option<f64>,
        window: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let window = match window {
            Some(given) => positive("window", &given)?,
            None => DEFAULT_WINDOW,
        };
        Book::new(tick_size, lot_size, window)
            .map(L2Book)
            .map_err(refused)
    }

    /// Replace the book: pairs of price and size per side, or float64 arrays of shape (levels, 2).
    #[pyo3(signature = (bids, asks, seq=None))]
    fn apply_snapshot(
        &mut self,
        bids: &Bound<'_, PyAny>,
        asks: &Bound<'_, PyAny>,
        seq: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (bids, asks) = (levels_of("bids", bids)?, levels_of("asks", asks)?);
        self.0
            .apply_snapshot(&bids, &asks, seq_of(seq)?)
            .map_err(refused)
    }

    /// Set the size at a price of side 1 (bid) or -1 (ask); 0 removes the level.
    #[pyo3(signature = (side, price, size, seq=None))]
    fn apply_delta(
        &mut self,
        side: &Bound<'_, PyAny>,
        price: f64,
        size: f64,
        seq: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let side = side_of(side)?;
        self.0
            .apply_delta(side, price, size, seq_of(seq)?)
            .map_err(refused)
    }

    /// Apply all rows of contiguous arrays or none: sides int8, prices and sizes float64, seq an int or int64.
    #[pyo3(signature = (sides, prices, sizes, seq=None))]
    fn apply_batch(
        &mut self,
        py: Python<'_>,
        sides: &Bound<'_, PyAny>,
        prices: &Bound<'_, PyAny>,
        sizes: &Bound<'_, PyAny>,
        seq: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let sides = Column::<i8>::new("sides", "int8", sides)?;
        let prices = Column::<f64>::new("prices", "float64", prices)?;
        let sizes = Column::<f64>::new("sizes", "float64", sizes)?;
        let seqs = match &seq {
            Some(given) if !is_integer(given) => Some(Column::<i64>::new("seq", "int64", given)?),
            _ => None,
        };
        let numbers = match (&seqs, seq) {
            (Some(column), _) => Numbers::Each(column.rows()),
            (None, given) => seq_of(given)?.map_or(Numbers::Without, Numbers::One),
        };
        let batch = Batch {
            sides: sides.rows(),
            prices: prices.rows(),
            sizes: sizes.rows(),
            numbers,
        };
        let book = &mut self.0;
        py.detach(|| book.apply_batch(batch)).map_err(refused)
    }

    /// Tick size.
    #[getter]
    fn tick_size(&self) -> f64 {
        self.0.tick_size()
    }

    /// Lot size; None where sizes may be any numbers.
    #[getter]
    fn lot_size(&self) -> Option<f64> {
        self.0.lot_size()
    }

    /// Number of the last update; None where updates bear none.
    #[getter]
    fn seq(&self) -> Option<i64> {
        self.0.seq()
    }

    /// Highest bid price.
    #[getter]
    fn best_bid(&self) -> Option<f64> {
        self.0.best(BookSide::Bid).map(|(price, _)| price)
    }

    /// Lowest ask price.
    #[getter]
    fn best_ask(&self) -> Option<f64> {
        self.0.best(BookSide::Ask).map(|(price, _)| price)
    }

    /// Halfway between the best prices.
    #[getter]
    fn mid(&self) -> Option<f64> {
        self.0.mid()
    }

    /// Best ask minus best bid.
    #[getter]
    fn spread(&self) -> Option<f64> {
        self.0.spread()
    }

    /// The best prices weighted with the size of the other side.
    #[getter]
    fn microprice(&self) -> Option<f64> {
        self.0.microprice()
    }

    /// (Bids - asks) / (bids + asks) over the sizes of the `depth` best levels per side.
    fn imbalance(&self, depth: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
        Ok(self.0.imbalance(positive("depth", depth)?))
    }

    /// The `n` best bids and asks, best first, as pairs of price and size.
    fn depth(&self, n: &Bound<'_, PyAny>) -> PyResult<(Levels, Levels)> {
        let n = positive("n", n)?;
        Ok((
            self.0.depth(BookSide::Bid, n),
            self.0.depth(BookSide::Ask, n),
        ))
    }

    /// Average price of the best `qty` of a side of the book; None where it holds less.
    fn vwap(&self, side: &Bound<'_, PyAny>, qty: f64) -> PyResult<Option<f64>> {
        self.0.vwap(side_of(side)?, qty).map_err(refused)
    }

    fn __repr__(&self) -> String {
        let shown = |price: Option<f64>| price.map_or("None".to_owned(), |p| format!("{p:?}"));
        format!(
            "L2Book(best_bid={}, best_ask={})",
            shown(self.best_bid()),
            shown(self.best_ask())
        )
    }
}

/// Ticks per side of the fast array: some 10 % of the price of BTCUSDT with its tick of 0.1.
const DEFAULT_WINDOW: usize = 1 << 16;

fn integer(name: &str, given: &Bound<'_, PyAny>) -> PyResult<i64> {
    given.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(given.py()) {
            PyValueError::new_err(format!("{name} is outside 64 bits"))
        } else {
            PyTypeError::new_err(format!("{name} is not an integer: {error}"))
        }
    })
}

fn is_integer(given: &Bound<'_, PyAny>) -> bool {
    !matches!(integer("", given), Err(error) if error.is_instance_of::<PyTypeError>(given.py()))
}

fn positive(name: &str, given: &Bound<'_, PyAny>) -> PyResult<usize> {
    let number = integer(name, given)?;
    match usize::try_from(number) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(PyValueError::new_err(format!(
            "{name} {number} is not above 0"
        ))),
    }
}

fn seq_of(given: Option<Bound<'_, PyAny>>) -> PyResult<Option<i64>> {
    given.map(|number| integer("seq", &number)).transpose()
}

fn side_of(given: &Bound<'_, PyAny>) -> PyResult<BookSide> {
    BookSide::of(integer("side", given)?).map_err(refused)
}

fn levels_of(name: &str, given: &Bound<'_, PyAny>) -> PyResult<Levels> {
    if let Ok(table) = PyBuffer::<f64>::get(given) {
        in_native_order(name, &table)?;
        return levels_of_table(name, given.py(), &table);
    }
    let pair = |row: PyResult<Bound<'_, PyAny>>| -> PyResult<(f64, f64)> {
        let numbers = row?
            .try_iter()?
            .map(|number| number?.extract())
            .collect::<PyResult<Vec<f64>>>()?;
        match numbers[..] {
            [price, size] => Ok((price, size)),
            _ => Err(PyValueError::new_err(format!(
                "{name}: a level is a pair of price and size, not {} numbers",
                numbers.len()
            ))),
        }
    };
    given.try_iter()?.map(pair).collect()
}

fn levels_of_table(name: &str, py: Python<'_>, table: &PyBuffer<f64>) -> PyResult<Levels> {
    if table.dimensions() != 2 || table.shape()[1] != 2 {
        return Err(PyValueError::new_err(format!(
            "{name} has shape {:?}, not (levels, 2)",
            table.shape()
        )));
    }
    let numbers = table.to_vec(py)?;
    Ok(numbers
        .chunks_exact(2)
        .map(|row| (row[0], row[1]))
        .collect())
}

/// Refuse numbers of the other byte order: `PyBuffer` takes '>' for native everywhere.
fn in_native_order<T: Element>(name: &str, buffer: &PyBuffer<T>) -> PyResult<()> {
    let foreign: &[u8] = if cfg!(target_endian = "little") {
        b">!"
    } else {
        b"<"
    };
    let order = buffer.format().to_bytes().first();
    if order.is_some_and(|mark| foreign.contains(mark)) {
        return Err(PyTypeError::new_err(format!(
            "{name} is not in native byte order"
        )));
    }
    Ok(())
}

/// A column of numbers in the memory of its owner, which is kept alive.
struct Column<T: Element>(PyBuffer<T>);

impl<T: Element> Column<T> {
    fn new(name: &str, kind: &str, given: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<T>::get(given).map_err(|error| {
            PyTypeError::new_err(format!("{name} is not an array of {kind}: {error}"))
        })?;
        in_native_order(name, &buffer)?;
        if buffer.dimensions() != 1 || !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err(format!(
                "{name} is not a contiguous array of one dimension"
            )));
        }
        Ok(Column(buffer))
    }

    fn rows(&self) -> &[T] {
        match self.0.item_count() {
            0 => &[],
            // SAFETY: the exporter keeps the memory in place and alive while the buffer is held; type and
            // alignment were checked when it was taken. Should another thread write to it meanwhile, numbers
            // read here are arbitrary, for which the book is prepared: every bit pattern is a valid number.
            n => unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast::<T>(), n) },
        }
    }
}
