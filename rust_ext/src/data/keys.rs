//! Comparison of keys with the text of a file, in which they may be escaped.

/// Whether the string whose opening quote was before `text` is the key.
#[inline(always)]
pub fn is_key(key: &[u8], text: &[u8]) -> bool {
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
