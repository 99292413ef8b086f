//! Rows as a `.npy` file, which NumPy maps.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::rows::{LAYOUT, ROW};

/// Bytes before the rows; room for any number of them.
const HEADER: usize = 256;

/// Where rows are written, and how many bytes of them may be.
#[derive(Debug, Clone, Copy)]
pub struct Room<'p> {
    pub path: &'p Path,
    pub bytes: u64,
}

/// A file that rows are appended to; it is whole once it is finished.
pub(crate) struct Writer {
    file: BufWriter<File>,
    rows: u64,
    most: u64,
}

impl Writer {
    pub(crate) fn create(room: Room<'_>) -> std::io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(room.path)?);
        file.write_all(&header(0))?;
        Ok(Writer {
            file,
            rows: 0,
            most: room.bytes / ROW as u64,
        })
    }

    pub(crate) fn write(&mut self, row: &[u8; ROW]) -> std::io::Result<()> {
        if self.rows == self.most {
            let most = self.most * ROW as u64;
            let said = format!(
                "they take more than the {most} bytes that may be used there; \
                 make room, or name another folder (PYTEST_SOAK_CACHE)"
            );
            return Err(std::io::Error::other(said));
        }
        self.rows += 1;
        self.file.write_all(row)
    }

    /// Write the number of rows, and let all of it reach the disk.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.rows))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }
}

fn header(rows: u64) -> Vec<u8> {
    let text = format!("{{'descr': {LAYOUT}, 'fortran_order': False, 'shape': ({rows},), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(((HEADER - 10) as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.resize(HEADER - 1, b' ');
    bytes.push(b'\n');
    bytes
}
