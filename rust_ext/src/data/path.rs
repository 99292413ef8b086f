//! Finds the value that a path of keys leads to, among the tokens of blocks.

use super::scan::Block;

/// Keys from the root to a value.
pub struct Path {
    keys: Vec<Vec<u8>>,
}

/// Why a path cannot be followed, and at which byte of the block.
#[derive(Debug, PartialEq, Eq)]
pub struct Astray {
    pub at: u32,
    pub what: String,
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
pub struct Tracker {
    level: u32,
    seen: u64,
    state: State,
    /// First byte of the value, and the one of the comma or bracket after it.
    pub found: Option<(u64, u64)>,
}

impl Path {
    /// A path of at least one key.
    pub fn new(keys: &[String]) -> Result<Path, String> {
        if keys.is_empty() || keys.len() > super::scan::MAX_DEPTH as usize {
            return Err(format!(
                "a path of {} keys is refused; accepted are 1 to {}",
                keys.len(),
                super::scan::MAX_DEPTH
            ));
        }
        Ok(Path {
            keys: keys.iter().map(|key| key.as_bytes().to_vec()).collect(),
        })
    }

    /// Bytes that must be readable after the first byte of a block, for keys to be compared.
    pub fn lookahead(&self) -> usize {
        // A byte of a key takes at most six in a file: \u00e9 stands for two, \u0041 for one.
        let longest = self.keys.iter().map(Vec::len).max().unwrap_or(0);
        (6 * longest + 16).next_multiple_of(64)
    }

    fn names(&self, levels: u32) -> String {
        let names: Vec<_> = self.keys[..levels as usize]
            .iter()
            .map(|key| String::from_utf8_lossy(key).into_owned())
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
    pub fn within(&self) -> Option<u64> {
        match self.state {
            State::Within(start) => Some(start),
            _ => None,
        }
    }

    /// Go through the tokens of a block that begins at byte `base` of the file and with `text`.
    #[inline(always)]
    pub fn walk(
        &mut self,
        path: &Path,
        block: &Block,
        text: &[u8],
        base: u64,
    ) -> Result<(), Astray> {
        if self.state != State::Pending && block.least_depth > self.level + 1 {
            return Ok(());
        }
        let mut depth = block.depth;
        let mut left = !0u64;
        loop {
            let bits = left & self.interest(block);
            if bits == 0 {
                return Ok(());
            }
            let bit = bits & bits.wrapping_neg();
            let at = bits.trailing_zeros();
            left = !(bit | (bit - 1));
            depth = depth + u32::from(block.open & bit != 0) - u32::from(block.close & bit != 0);
            match self.state {
                State::Seek => {
                    if block.keys & bit != 0 {
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
    fn interest(&self, block: &Block) -> u64 {
        match self.state {
            State::Seek => block.open | block.close | block.keys,
            State::Pending => block.starts,
            State::Within(_) => block.open | block.close | block.comma,
        }
    }

    #[inline(always)]
    fn key(&mut self, path: &Path, text: &[u8], at: u32, depth: u32) -> Result<(), Astray> {
        if depth != self.level + 1
            || !is_key(&path.keys[self.level as usize], &text[at as usize + 1..])
        {
            return Ok(());
        }
        let bit = 1 << self.level;
        if self.seen & bit != 0 {
            let what = format!(
                "{} is there twice; accepted is each key once",
                path.names(self.level + 1)
            );
            return Err(Astray { at, what });
        }
        self.seen |= bit;
        self.state = State::Pending;
        Ok(())
    }

    #[inline(always)]
    fn value(&mut self, path: &Path, text: &[u8], at: u32, base: u64) -> Result<(), Astray> {
        if self.level as usize + 1 == path.keys.len() {
            self.state = State::Within(base + u64::from(at));
            return Ok(());
        }
        if text[at as usize] != b'{' {
            let what = format!("{} is not an object", path.names(self.level + 1));
            return Err(Astray { at, what });
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

/// Whether the string whose opening quote was before `text` is the key.
#[inline(always)]
fn is_key(key: &[u8], text: &[u8]) -> bool {
    match key.first() {
        Some(byte) if text[0] == *byte || text[0] == b'\\' => is_same(key, text),
        Some(_) => false,
        None => text[0] == b'"',
    }
}

fn is_same(mut key: &[u8], mut text: &[u8]) -> bool {
    loop {
        match (text[0], key.first()) {
            (b'"', byte) => return byte.is_none(),
            (b'\\', Some(_)) => {
                let (bytes, length, used) = unescape(text);
                let Some(rest) = key.strip_prefix(&bytes[..length]) else {
                    return false;
                };
                if length == 0 {
                    return false;
                }
                (key, text) = (rest, &text[used..]);
            }
            (byte, Some(same)) if byte == *same => (key, text) = (&key[1..], &text[1..]),
            _ => return false,
        }
    }
}

/// UTF-8 of the escape that a text begins with, its length (0: half a surrogate pair), and bytes used.
fn unescape(text: &[u8]) -> ([u8; 4], usize, usize) {
    let mut bytes = [0; 4];
    let plain = match text[1] {
        b'u' => return unescape_unicode(text),
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    };
    bytes[0] = plain;
    (bytes, 1, 2)
}

fn unescape_unicode(text: &[u8]) -> ([u8; 4], usize, usize) {
    let mut bytes = [0; 4];
    let unit = hex(&text[2..]);
    let pair = if text[6..].starts_with(b"\\u") {
        [unit, hex(&text[8..])]
    } else {
        [unit, 0]
    };
    match char::decode_utf16(pair).next() {
        Some(Ok(char)) => {
            let length = char.encode_utf8(&mut bytes).len();
            (bytes, length, 6 * char.len_utf16())
        }
        _ => (bytes, 0, 6),
    }
}

/// Four hexadecimal digits; other bytes, which the scanner refuses, count as 0.
fn hex(text: &[u8]) -> u16 {
    text[..4].iter().fold(0, |all, byte| {
        let digit = char::from(*byte).to_digit(16).unwrap_or(0);
        all << 4 | digit as u16
    })
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn keys_are_compared_as_they_read_without_escapes() {
        for (text, key) in [
            (r#"totals" rest of the text"#, "totals"),
            (r#"tot\u0061ls" rest of the text"#, "totals"),
            (r#"" rest of the text"#, ""),
            (r#"\ud83d\ude00" rest of the text"#, "\u{1f600}"),
            (
                r#"\u00e9\"\\\/\b\f\n\r\t" rest of the text"#,
                "\u{e9}\"\\/\u{8}\u{c}\n\r\t",
            ),
        ] {
            assert!(is_key(key.as_bytes(), text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_keys_are_not_taken_for_it() {
        for (text, key) in [
            (r#"total" rest of the text"#, "totals"),
            (r#"totalss" rest of the text"#, "totals"),
            (r#"\ud83d" rest of the text"#, "\u{1f600}"),
            (r#"\ud83dx\ude00" rest of the text"#, "\u{1f600}"),
            (r#"a\n" rest of the text"#, "an"),
            (r#"a" rest of the text"#, ""),
        ] {
            assert!(!is_key(key.as_bytes(), text.as_bytes()), "{text}");
        }
    }
}
