//! A window over a file: read in large pieces, scanned in blocks of 64 bytes.

use super::lanes::LANES;
use super::{ReadError, ReadResult};
use std::io::Read;

/// Bytes of the buffer that is moved over a file: small enough for a second-level cache.
pub const WINDOW: usize = 64 * 1024;

/// Read until the buffer is full or the source ends; true at the end.
pub(crate) fn fill(
    source: &mut impl Read,
    buffer: &mut [u8],
    length: &mut usize,
) -> ReadResult<bool> {
    while *length < buffer.len() {
        match source.read(&mut buffer[*length..]) {
            Ok(0) => return Ok(true),
            Ok(n) => *length += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// Replace a UTF-8 byte order mark by white space, which leaves every offset as it is.
pub(crate) fn blank_mark(text: &mut [u8]) -> ReadResult<()> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(ReadError::Utf16);
    }
    if text.starts_with(b"\xef\xbb\xbf") {
        text[..3].fill(b' ');
    }
    Ok(())
}

/// A size in whole blocks, at least one.
pub(crate) fn whole_blocks(size: usize) -> usize {
    size.max(LANES).next_multiple_of(LANES)
}

/// Which vector instructions are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// The widest that the processor has.
    Widest,
    /// At most these of 32 bytes.
    Narrow,
    /// None beyond what every processor of the architecture has.
    Portable,
}

/// Call `$generic::<Lanes>` compiled for the vector instructions that are wanted and there.
macro_rules! with_lanes {
    ($vectors:expr, $this:ident . $generic:ident ( $($argument:expr),* ) as $narrow:ident or $wide:ident) => {{
        #[cfg(target_arch = "x86_64")]
        {
            use $crate::blocks::Vectors;
            if $vectors == Vectors::Widest && $crate::avx512::available() {
                // SAFETY: the processor has the features that the function is compiled for.
                return unsafe { $this.$wide($($argument),*) };
            }
            if $vectors != Vectors::Portable && $crate::avx2::available() {
                // SAFETY: as above.
                return unsafe { $this.$narrow($($argument),*) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = $vectors;
        $this.$generic::<$crate::lanes::Portable>($($argument),*)
    }};
}
pub(crate) use with_lanes;
