//! A file of recorded data, unpacked while it is read: gzip, zstd and zip are known by their first bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use flate2::CrcReader;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError::SkipFrame;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use zip::CompressionMethod;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::inflation::{Packed, Unpacked};

const BUFFER: usize = 1 << 16;
/// Largest window of zstd that is held; what asks for more was made to fill the memory.
const MOST_WINDOW: u64 = 1 << 27;
/// How much of a file is looked at to know its format.
pub(crate) const HEAD: usize = 4096;

/// An unpacked stream of bytes, and the file that it comes from.
pub(crate) struct Input {
    pub file: Arc<Path>,
    pub bytes: BufReader<Box<dyn Read + Send>>,
}

impl Input {
    /// Open a file.
    pub(crate) fn open(path: &Path) -> DataResult<Self> {
        let opened = File::open(path).and_then(|file| {
            let mut packed = BufReader::with_capacity(BUFFER, file);
            let head = packed.fill_buf()?.to_vec();
            unpacked(packed, &head)
        });
        let bytes = opened.map_err(|error| broken(path, &error))?;
        Ok(Input {
            file: path.into(),
            bytes: BufReader::with_capacity(BUFFER, bytes),
        })
    }

    /// The first bytes of what a file holds, unpacked; fewer where it is shorter.
    pub(crate) fn head(path: &Path) -> DataResult<Vec<u8>> {
        let mut head = Vec::new();
        let input = Input::open(path)?;
        input
            .bytes
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| broken(path, &error))?;
        Ok(head)
    }
}

/// The sentence about what a file's system or packing says.
pub(crate) fn broken(path: &Path, error: &std::io::Error) -> DataError {
    use std::io::ErrorKind::{FileTooLarge, InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        UnexpectedEof => DataError::file(path, " is truncated: it ends within its compressed data"),
        FileTooLarge => DataError::file(path, format!(" {error}")),
        InvalidData | InvalidInput | Other => {
            DataError::file(path, format!(" is damaged: {error}"))
        }
        _ => DataError::file(path, format!(" cannot be read: {error}")),
    }
}

fn unpacked(packed: BufReader<File>, head: &[u8]) -> std::io::Result<Box<dyn Read + Send>> {
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(Unpacked::new(packed, MultiGzDecoder::new)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(Unpacked::new(packed, |packed| Frames {
                packed,
                frame: None,
            }))
        }
        [b'P', b'K', 3, 4, ..] => Box::new(Zipped::new(packed.into_inner())?),
        _ => Box::new(packed),
    })
}

/// The frames of a zstd file, one after the other.
struct Frames {
    packed: Packed<BufReader<File>>,
    frame: Option<FrameDecoder>,
}

impl Frames {
    /// Begin the next frame; None at the end of the file.
    fn next(&mut self) -> std::io::Result<Option<FrameDecoder>> {
        loop {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let mut frame = FrameDecoder::new();
            frame.set_max_window_size(MOST_WINDOW);
            match frame.init(&mut self.packed) {
                Ok(()) => return Ok(Some(frame)),
                Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                    let mut skipped = (&mut self.packed).take(u64::from(length));
                    std::io::copy(&mut skipped, &mut std::io::sink())?;
                }
                Err(error) => return Err(std::io::Error::other(error)),
            }
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                None => match self.next()? {
                    Some(frame) => self.frame.insert(frame),
                    None => return Ok(0),
                },
            };
            while frame.can_collect() == 0 && !frame.is_finished() {
                frame
                    .decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(std::io::Error::other)?;
            }
            if frame.can_collect() > 0 || buffer.is_empty() {
                return frame.read(buffer);
            }
            self.frame = None;
        }
    }
}

/// The only file of a zip archive, whose checksum is compared at its end.
struct Zipped {
    bytes: CrcReader<Box<dyn Read + Send>>,
    sum: u32,
}

impl Zipped {
    fn new(file: File) -> std::io::Result<Self> {
        let mut archive = zip::ZipArchive::new(file)?;
        if archive.len() != 1 {
            let held = format!("a zip archive of {} files; expected one", archive.len());
            return Err(std::io::Error::other(held));
        }
        let member = archive.by_index_raw(0)?;
        let (start, packed, sum) = (
            member.data_start(),
            member.compressed_size(),
            member.crc32(),
        );
        let method = member.compression();
        drop(member);
        let mut file = archive.into_inner();
        file.seek(SeekFrom::Start(start.unwrap_or_default()))?;
        let packed = BufReader::with_capacity(BUFFER, file).take(packed);
        let bytes: Box<dyn Read + Send> = match method {
            CompressionMethod::Stored => Box::new(packed),
            CompressionMethod::Deflated => Box::new(Unpacked::new(packed, DeflateDecoder::new)),
            other => {
                let said = format!("zip with {other}; expected deflate");
                return Err(std::io::Error::other(said));
            }
        };
        Ok(Zipped {
            bytes: CrcReader::new(bytes),
            sum,
        })
    }
}

impl Read for Zipped {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        if count == 0 && !buffer.is_empty() && self.bytes.crc().sum() != self.sum {
            return Err(std::io::Error::other("its checksum is another one"));
        }
        Ok(count)
    }
}
