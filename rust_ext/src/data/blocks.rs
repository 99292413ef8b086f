//! A window over a file: read in large pieces, looked at in blocks of 64 bytes.

use super::lanes::LANES;
use super::{unreadable, ReadResult};
use std::io::Read;

/// Bytes of the buffer that is moved over a file: small enough for a second-level cache.
pub const WINDOW: usize = 256 * 1024;

/// Read until the buffer is full or the source ends; true at the end.
pub fn fill(source: &mut impl Read, buffer: &mut [u8], length: &mut usize) -> ReadResult<bool> {
    while *length < buffer.len() {
        match source.read(&mut buffer[*length..]) {
            Ok(0) => return Ok(true),
            Ok(n) => *length += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(false)
}

/// Replace a UTF-8 byte order mark by white space, which leaves every offset as it is.
pub fn blank_mark(text: &mut [u8]) -> ReadResult<()> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err("the text is UTF-16; accepted is UTF-8".to_string());
    }
    if text.starts_with(b"\xef\xbb\xbf") {
        text[..3].fill(b' ');
    }
    Ok(())
}

/// A size in whole blocks, at least one.
pub fn whole_blocks(size: usize) -> usize {
    size.max(LANES).next_multiple_of(LANES)
}

/// Whether the processor has the vector instructions that the fast path uses.
pub fn has_vectors() -> bool {
    #[cfg(target_arch = "x86_64")]
    return super::lanes::avx2::available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Call `$generic::<Lanes>` with the fastest lanes that the processor has, or with the portable ones.
macro_rules! with_lanes {
    ($portable:expr, $this:ident . $generic:ident :: $fast:ident ( $($argument:expr),* )) => {{
        #[cfg(target_arch = "x86_64")]
        if !$portable && $crate::data::blocks::has_vectors() {
            // SAFETY: the processor has the features that the function is compiled for.
            return unsafe { $this.$fast($($argument),*) };
        }
        $this.$generic::<$crate::data::lanes::Portable>($($argument),*)
    }};
}
pub(crate) use with_lanes;
