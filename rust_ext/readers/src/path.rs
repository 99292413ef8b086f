//! Finds the value that a path of keys leads to, among the tokens of blocks.

use super::error::{Flaw, ReadError, ReadResult};
use super::keys::Key;
use super::lanes::Lanes;
use super::nesting::MAX_DEPTH;
use super::scan::Block;

/// Keys from the root to a value.
pub struct Path {
    keys: Vec<Key>,
}

/// Why a path cannot be followed, and at which byte of the block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    pub at: u32,
    pub what: Flaw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Seek,
    /// The key has been read, its value not yet.
    Pending,
    /// Within the value that is looked for, which begins at this byte.
    Within(u64),
}

/// Where in the path the reading is.
#[derive(Clone, Copy)]
pub(crate) struct Tracker {
    level: u32,
    seen: u64,
    state: State,
    /// First byte of the value, and the one of the comma or bracket after it.
    pub found: Option<(u64, u64)>,
}

impl Path {
    /// A path of at least one key.
    pub fn new(keys: &[String]) -> ReadResult<Path> {
        if keys.is_empty() || keys.len() > MAX_DEPTH as usize {
            return Err(ReadError::Path(keys.len()));
        }
        Ok(Path {
            keys: keys.iter().map(|key| Key::new(key)).collect(),
        })
    }

    /// Bytes that must be readable after the first byte of a block, for keys to be compared.
    pub fn lookahead(&self) -> usize {
        // A byte of a key takes at most six in a file: \u00e9 stands for two, \u0041 for one.
        let longest = self
            .keys
            .iter()
            .map(|key| key.text().len())
            .max()
            .unwrap_or(0);
        (6 * longest + 16).next_multiple_of(64)
    }

    /// The key that leads away from the root.
    pub fn first(&self) -> &Key {
        &self.keys[0]
    }

    fn names(&self, levels: u32) -> String {
        let names: Vec<_> = self.keys[..levels as usize]
            .iter()
            .map(|key| String::from_utf8_lossy(key.text()).into_owned())
            .collect();
        names.join(".")
    }
}

impl Default for Tracker {
    #[inline(always)]
    fn default() -> Self {
        Tracker {
            level: 0,
            seen: 0,
            state: State::Seek,
            found: None,
        }
    }
}

impl Tracker {
    /// Where the value begins that is being read.
    pub(crate) fn within(&self) -> Option<u64> {
        match self.state {
            State::Within(start) => Some(start),
            _ => None,
        }
    }

    /// Go through the tokens of a block that begins at byte `base` of the file and with `text`.
    #[inline(always)]
    pub(crate) fn walk<S: Lanes>(
        &mut self,
        path: &Path,
        block: &Block,
        text: &[u8],
        base: u64,
    ) -> Result<(), PathFault> {
        if self.state != State::Pending && block.least_depth > self.level + 1 {
            return Ok(());
        }
        let mut depth = block.depth;
        let mut left = !0u64;
        let mut level = self.level;
        let mut keys = path.keys[level as usize].candidates::<S>(block.keys, text);
        loop {
            if self.level != level {
                level = self.level;
                keys = path.keys[level as usize].candidates::<S>(block.keys, text);
            }
            let bits = left & self.interest(block, keys);
            if bits == 0 {
                return Ok(());
            }
            let bit = bits & bits.wrapping_neg();
            let at = bits.trailing_zeros();
            left = !(bit | (bit - 1));
            depth = depth + u32::from(block.open & bit != 0) - u32::from(block.close & bit != 0);
            match self.state {
                State::Seek => {
                    if keys & bit != 0 {
                        self.key(path, text, at, depth)?;
                    } else {
                        self.leave(depth);
                    }
                }
                State::Pending => self.value(path, text, at, base)?,
                State::Within(start) => {
                    self.maybe_end(start, base + u64::from(at), block.comma & bit != 0, depth)
                }
            }
        }
    }

    #[inline(always)]
    fn interest(&self, block: &Block, keys: u64) -> u64 {
        match self.state {
            State::Seek => block.open | block.close | keys,
            State::Pending => block.starts,
            State::Within(_) => block.open | block.close | block.comma,
        }
    }

    #[inline(always)]
    fn key(&mut self, path: &Path, text: &[u8], at: u32, depth: u32) -> Result<(), PathFault> {
        if depth != self.level + 1 || !path.keys[self.level as usize].is(&text[at as usize + 1..]) {
            return Ok(());
        }
        let bit = 1 << self.level;
        if self.seen & bit != 0 {
            let what = Flaw::Twice(path.names(self.level + 1));
            return Err(PathFault { at, what });
        }
        self.seen |= bit;
        self.state = State::Pending;
        Ok(())
    }

    #[inline(always)]
    fn value(&mut self, path: &Path, text: &[u8], at: u32, base: u64) -> Result<(), PathFault> {
        if self.level as usize + 1 == path.keys.len() {
            self.state = State::Within(base + u64::from(at));
            return Ok(());
        }
        if text[at as usize] != b'{' {
            let what = Flaw::NotObject(path.names(self.level + 1));
            return Err(PathFault { at, what });
        }
        self.level += 1;
        self.state = State::Seek;
        Ok(())
    }

    #[inline(always)]
    fn maybe_end(&mut self, start: u64, at: u64, is_comma: bool, depth: u32) {
        if depth == self.level || (is_comma && depth == self.level + 1) {
            self.found = Some((start, at));
            self.state = State::Seek;
            self.leave(depth);
        }
    }

    #[inline(always)]
    fn leave(&mut self, depth: u32) {
        if depth == self.level && self.level > 0 {
            self.level -= 1;
        }
    }
}
