//! Comparison of keys with the text of a file, in which they may be escaped.

use super::lanes::Lanes;

/// Bytes that are compared at once.
const WORD: usize = 8;

/// A key, and the bytes that it begins with in a file where it is not escaped.
pub struct Key {
    text: Vec<u8>,
    /// The first bytes of the key and its closing quote, and which bits of the word they take.
    word: u64,
    taken: u64,
    /// Whether the key may stand in a file as it is.
    plain: bool,
}

impl Key {
    pub fn new(text: &str) -> Key {
        let text = text.as_bytes().to_vec();
        let mut word = [0; WORD];
        let mut taken = [0; WORD];
        for (at, byte) in text.iter().chain(b"\"").take(WORD).enumerate() {
            (word[at], taken[at]) = (*byte, 0xff);
        }
        Key {
            plain: !text
                .iter()
                .any(|byte| b"\"\\".contains(byte) || *byte < 0x20),
            word: u64::from_le_bytes(word),
            taken: u64::from_le_bytes(taken),
            text,
        }
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Those of the keys of a block, by their opening quotes, that may be this one, as their first byte is
    /// the same or an escape.
    #[inline(always)]
    pub fn candidates<S: Lanes>(&self, keys: u64, text: &[u8]) -> u64 {
        if keys == 0 {
            return 0;
        }
        let bytes = text.first_chunk().expect("a block has 64 bytes");
        let first = self.text.first().unwrap_or(&b'"');
        let same = S::equals(bytes, *first) | S::equals(bytes, b'\\');
        // What comes after the last byte of the block is looked at when the key is compared.
        keys & (same >> 1 | 1 << 63)
    }

    /// Whether the string whose opening quote was before `text` is this key, without an escape.
    #[inline(always)]
    pub fn is_plainly(&self, text: &[u8]) -> bool {
        let Some(word) = text.first_chunk::<WORD>() else {
            return false;
        };
        self.plain
            && u64::from_le_bytes(*word) & self.taken == self.word
            && (self.text.len() < WORD
                || (text.starts_with(&self.text) && text.get(self.text.len()) == Some(&b'"')))
    }

    /// Whether the string whose opening quote was before `text` is this key.
    #[inline(always)]
    pub fn is(&self, text: &[u8]) -> bool {
        match self.text.first() {
            Some(byte) if text[0] == *byte || text[0] == b'\\' => is_same(&self.text, text),
            Some(_) => false,
            None => text[0] == b'"',
        }
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
    use super::Key;

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
            assert!(Key::new(key).is(text.as_bytes()), "{text}");
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
            assert!(!Key::new(key).is(text.as_bytes()), "{text}");
        }
    }
}
