//! How much a packed file may hold: what unpacks to far more than it has was made to fill memory and disk.

use std::io::{BufRead, Error, ErrorKind, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// Unpacked bytes to a packed one; recorded data have some 10 to 20.
const MOST: u64 = 100;
/// So much is unpacked whatever it comes from.
const LEAST: u64 = 1 << 26;

/// More is unpacked than recorded data can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "inflates from {packed} to {unpacked} bytes; expected at most {MOST} times its size in the file"
)]
pub struct InflationError {
    packed: u64,
    unpacked: u64,
}

/// Check how much is unpacked from so many packed bytes.
///
/// # Errors
/// Where it is too much.
pub fn check_inflation(packed: u64, unpacked: u64) -> Result<(), InflationError> {
    if unpacked <= LEAST.max(packed.saturating_mul(MOST)) {
        return Ok(());
    }
    Err(InflationError { packed, unpacked })
}

/// Packed bytes, counted as they are taken.
pub(crate) struct Packed<R> {
    bytes: R,
    taken: Arc<AtomicU64>,
}

impl<R> Packed<R> {
    fn note(&self, count: usize) {
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.note(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Packed<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.note(count);
        self.bytes.consume(count);
    }
}

/// What a reader unpacks, as long as it is in proportion to what it takes.
pub(crate) struct Unpacked<D> {
    bytes: D,
    given: u64,
    taken: Arc<AtomicU64>,
}

impl<D: Read> Unpacked<D> {
    /// Unpack bytes with a decoder.
    pub(crate) fn new<R>(packed: R, decoder: impl FnOnce(Packed<R>) -> D) -> Self {
        let taken = Arc::new(AtomicU64::new(0));
        let packed = Packed {
            bytes: packed,
            taken: taken.clone(),
        };
        Unpacked {
            bytes: decoder(packed),
            given: 0,
            taken,
        }
    }
}

impl<D: Read> Read for Unpacked<D> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.given += count as u64;
        let packed = self.taken.load(Ordering::Relaxed);
        check_inflation(packed, self.given)
            .map_err(|error| Error::new(ErrorKind::FileTooLarge, error))?;
        Ok(count)
    }
}
