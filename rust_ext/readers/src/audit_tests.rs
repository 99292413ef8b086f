//! Counts of lines against a parser that reads one line at a time, for all lanes, windows and ranges.

use super::audit_jsonl::{count_range, Counting};
use super::blocks::Vectors;
use super::lines::Lines;
use super::path::Path;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::atomic::AtomicBool;

/// Lines by the value of the field and by what else they are, and the bad ones with what is wrong.
type Counts = (BTreeMap<Vec<u8>, u64>, [u64; 6], Vec<(u64, String)>);

fn count(text: &[u8], cut: usize, window: usize, vectors: Vectors) -> Counts {
    let counting = Counting {
        max_line: 1 << 20,
        max_values: 1000,
        window,
        vectors,
    };
    let field = Path::new(&["reason".to_string()]).unwrap();
    let stop = AtomicBool::new(false);
    let mut all = Lines::default();
    for (from, to) in [(0, cut), (cut, text.len())] {
        let range = (from as u64, to as u64);
        let part = count_range(&mut Cursor::new(text), range, &field, counting, &stop).unwrap();
        all.append(part, 1000).unwrap();
    }
    let values = all.values.entries().iter().cloned().collect();
    let kinds = [
        all.missing,
        all.blank,
        all.not_object,
        all.invalid + all.torn,
        all.crlf,
        all.lines,
    ];
    (values, kinds, all.bad)
}

/// The counts for all lanes, windows and ranges, which must be the same.
fn count_all_ways(text: &[u8]) -> Counts {
    let result = count(text, 0, 1 << 16, Vectors::Widest);
    for vectors in [Vectors::Widest, Vectors::Narrow, Vectors::Portable] {
        for window in [64, 100, 4096] {
            for cut in [0, 1, text.len() / 2, text.len() * 3 / 4] {
                let other = count(text, cut, window, vectors);
                assert_eq!(other, result, "{vectors:?} {window} {cut}");
            }
        }
    }
    result
}

/// What the lines are, one by one.
fn expected(text: &[u8]) -> ([u64; 6], u64) {
    let (mut kinds, mut counted) = ([0; 6], 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let ended = line.strip_suffix(b"\n");
        kinds[4] += u64::from(ended.is_some_and(|line| line.ends_with(b"\r")));
        kinds[5] += 1;
        match kind(ended.unwrap_or(line)) {
            None => counted += 1,
            Some(kind) => kinds[kind] += 1,
        }
    }
    (kinds, counted)
}

/// The place of the count that a line is in; None where it has the field.
fn kind(line: &[u8]) -> Option<usize> {
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(3);
    };
    if text.trim_matches([' ', '\t', '\r']).is_empty() {
        return Some(1);
    }
    // JSON bounds no number: 1e999 is one, although no double can hold it.
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Some(3);
    }
    match serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text) {
        Ok(members) if members.contains_key("reason") => None,
        Ok(_) => Some(0),
        Err(_) => Some(2),
    }
}

fn line() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => "\"(risk|min_interval|[a-z]{14,17}|[ -!#-\\[\\]-~]{60,70})\"",
        1 => prop::sample::select(vec![
            "3", "-1.5e3", "null", "true", "[1,{}]", "{\"a\":[\"}\\\"\"], \"reason\":{}}", "{\"reason\":1}", "\"\"", "\"a\\\"b\"", "\"\\u00e9\\n\"",
            "\"\u{e9}\"", "[", "\"a", "\"\\x\"", "01", "",
        ]).prop_map(ToString::to_string),
    ];
    let key = prop::sample::select(vec![
        "reason",
        "reason",
        "reason",
        "reasons",
        "r",
        "rea\\u0073on",
        "rea\\\"on",
        "",
    ]);
    let text = "[ -!#-\\[\\]-~]{0,90}";
    let space = prop::sample::select(vec!["", " ", "\t ", "\r"]);
    prop_oneof![
        8 => (text, key, space, value, 0..1_000_000u32).prop_map(|(text, key, s, value, n)| {
            format!("{{\"t\":\"{text}\",{s}\"n\":[{n},{{\"reason\":{n}.5}}],\"{key}\"{s}:{s}{value}{s}, \"z\":\"{text}\"}}{s}")
        }),
        1 => prop::sample::select(vec!["", "  ", "\r", "[1]", "{}", "3", "{\"reason\":1}", "{", "}", "\"", "{\"a\":1}}"])
            .prop_map(ToString::to_string),
    ]
}

#[test]
fn a_number_beyond_any_double_is_a_number() {
    let text = b"{\"n\": 72E594, \"reason\": \"risk\"}\n{\"reason\": -1e999}\n";
    let (values, kinds, bad) = count_all_ways(text);
    assert_eq!((kinds, values.values().sum::<u64>()), expected(text));
    assert_eq!((values.len(), bad.len()), (2, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn lines_are_what_serde_says(lines in prop::collection::vec(line(), 0..12), ended in any::<bool>()) {
        let text = lines.join("\n") + if ended { "\n" } else { "" };
        let (values, kinds, bad) = count_all_ways(text.as_bytes());
        prop_assert_eq!((kinds, values.values().sum::<u64>()), expected(text.as_bytes()));
        prop_assert_eq!(bad.len() as u64, kinds[3].min(5));
    }

    #[test]
    fn a_changed_byte_spoils_the_lines_that_serde_says(
        lines in prop::collection::vec(line(), 1..8), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut text = lines.join("\n").into_bytes();
        text.push(b'\n');
        let at = at.index(text.len());
        text[at] = byte;
        prop_assume!(!text.starts_with(b"\xff\xfe") && !text.starts_with(b"\xfe\xff"));
        let (values, kinds, _) = count_all_ways(&text);
        prop_assert_eq!((kinds, values.values().sum::<u64>()), expected(&text));
    }
}
