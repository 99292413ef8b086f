//! Files of one test, and the rows that they become.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::recorded::event::ROW;
use crate::recorded::{convert, Converted, DataError, Room};

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A folder of a test's own, which is removed with it.
pub(crate) struct Folder(PathBuf);

/// Kind and side, both clocks, price and quantity.
pub(crate) type Row = (u64, i64, i64, f64, f64);

impl Folder {
    pub(crate) fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("soak-readers-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// What files become, and what was found.
    pub(crate) fn read(&self, files: &[PathBuf]) -> Result<(Converted, Vec<Row>), DataError> {
        self.read_into(files, u64::MAX)
    }

    /// What files become where so many bytes of rows may be written.
    pub(crate) fn read_into(
        &self,
        files: &[PathBuf],
        bytes: u64,
    ) -> Result<(Converted, Vec<Row>), DataError> {
        let output = self.0.join("rows.npy");
        let room = Room {
            path: &output,
            bytes,
        };
        let about = convert(files, Some(room), &AtomicBool::new(false))?;
        let content = std::fs::read(output).expect("rows");
        let rows = content[256..].chunks_exact(ROW).map(row).collect();
        Ok((about, rows))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn row(bytes: &[u8]) -> Row {
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at * 8..at * 8 + 8]);
        u64::from_le_bytes(word)
    };
    let number = |at| f64::from_bits(word(at));
    (
        word(0),
        word(1) as i64,
        word(2) as i64,
        number(3),
        number(4),
    )
}
