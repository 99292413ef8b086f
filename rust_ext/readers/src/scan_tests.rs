//! The scanner against a parser that reads token by token, for both kinds of lanes.

use super::blocks::Vectors;
use super::edge_json::{read_value, Reading};
use super::lanes::{Lanes, Portable, LANES};
use super::path::Path;
use super::ReadResult;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::sync::atomic::AtomicBool;

fn read(
    text: &[u8],
    keys: &[&str],
    window: usize,
    vectors: Vectors,
) -> ReadResult<Option<Vec<u8>>> {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let reading = Reading {
        max_bytes: 1 << 20,
        window,
        vectors,
    };
    let path = Path::new(&keys).unwrap();
    let stop = AtomicBool::new(false);
    read_value(&mut &text[..], &path, reading, &stop)
}

/// The result for all windows and lanes, which must be the same.
fn read_all_ways(text: &[u8], keys: &[&str]) -> ReadResult<Option<Vec<u8>>> {
    let result = read(text, keys, 1 << 16, Vectors::Widest);
    for window in [64, 128, 192] {
        for vectors in [Vectors::Widest, Vectors::Narrow, Vectors::Portable] {
            assert_eq!(
                read(text, keys, window, vectors),
                result,
                "{window} {vectors:?}"
            );
        }
    }
    result
}

#[cfg(target_arch = "x86_64")]
fn agree<S: Lanes>(block: &[u8; LANES], bits: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!(Portable::masks(block), S::masks(block));
    prop_assert_eq!(Portable::symbols(block), S::symbols(block));
    prop_assert_eq!(Portable::letters(block), S::letters(block));
    prop_assert_eq!(Portable::equals(block, b'e'), S::equals(block, b'e'));
    prop_assert_eq!(Portable::prefix_xor(bits), S::prefix_xor(bits));
    Ok(())
}

fn is_json(text: &[u8]) -> bool {
    // A value that is ignored may hold numbers of any size and halves of surrogate pairs, as here.
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300f64).prop_map(Value::from),
        "[a-c\"\\\\\n\u{e9}\u{1f600}]{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ab\\\\\"]{0,2}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Pieces of JSON in any order: rarely sound, often nearly so.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"a\"", "\"\"", " ", "\n", "1", "0", "-", ".5", "e1", "E+", "true",
            "null", "false", "\\", "\"", "\\u00e9", "00", "1.5e-3", "[]", "{}", "\"b\":", "nul", "\t", "[1,2]",
        ]).prop_map(ToString::to_string),
        1 => "[ -~]",
        1 => " {1,70}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn pieces_are_accepted_where_serde_accepts_them(text in pieces()) {
        prop_assert_eq!(read_all_ways(text.as_bytes(), &["a"]).is_ok(), is_json(text.as_bytes()), "{}", text);
    }

    #[test]
    fn numbers_are_accepted_where_serde_accepts_them(text in "[-+]?[0-9]{0,3}[-+.eE0-9]{0,70}[0-9]?") {
        prop_assert_eq!(read_all_ways(text.as_bytes(), &["a"]).is_ok(), is_json(text.as_bytes()), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_value_is_found_wherever_it_stands(before in document(), wanted in document(), after in document()) {
        let mut text = format!(r#"{{"x":{before},"tot\u0061ls" : {{"y":{after},"b":{wanted} }},"z":{after}}}"#);
        let found = read_all_ways(text.as_bytes(), &["totals", "b"]).unwrap().unwrap();
        prop_assert_eq!(String::from_utf8(found).unwrap(), wanted.to_string());
        prop_assert_eq!(read_all_ways(text.as_bytes(), &["nowhere"]), Ok(None));
        for _ in 0..text.len().min(40) {
            text.pop();
            while !text.is_char_boundary(text.len()) {
                text.pop();
            }
            prop_assert!(read(text.as_bytes(), &["totals"], 64, Vectors::Widest).is_err());
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_where_serde_notices_it(value in document(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = serde_json::to_vec_pretty(&value).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        prop_assert_eq!(read_all_ways(&text, &["\u{0}"]).is_ok(), is_json(&text), "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn lanes_agree(bytes in prop::array::uniform32(any::<u8>()), more in "[ -~\n]{32}", bits in any::<u64>()) {
        let mut block = [0; LANES];
        block[..32].copy_from_slice(&bytes);
        block[32..].copy_from_slice(more.as_bytes());
        let naive = (0..64).fold(0, |all, i| all | u64::from((bits << (63 - i)).count_ones() & 1) << i);
        prop_assert_eq!(Portable::prefix_xor(bits), naive);
        #[cfg(target_arch = "x86_64")]
        {
            use super::{avx2, avx512};
            if avx2::available() {
                agree::<avx2::Avx2>(&block, bits)?;
            }
            if avx512::available() {
                agree::<avx512::Avx512>(&block, bits)?;
            }
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, said) in [
        (
            &br#"{"a":1,"a":2}"#[..],
            "a is there twice; accepted is each key once at byte 7",
        ),
        (
            br#"{"a":{"b":1},"\u0061":2}"#,
            "a is there twice; accepted is each key once at byte 13",
        ),
        (
            br#"{"a":[1,2}"#,
            "closing bracket without its opening one at byte 9",
        ),
        (br#"{"a":01}"#, "malformed number or unknown word at byte 6"),
        (
            br#"{"a":NaN}"#,
            "malformed number or unknown word at byte 5",
        ),
        (b"{\"a\":\"\n\"}", "control character in a string at byte 6"),
        (br#"{"a":"\x"}"#, "invalid escape in a string at byte 7"),
        (br#"{"a":1,}"#, "unexpected character at byte 7"),
        (br#"{"a":1} 2"#, "unexpected character at byte 8"),
        (br#"{"a":1"#, "the JSON text is cut off at byte 6"),
        (b" ", "there is no JSON value at byte 1"),
        (
            b"{\"a\":\"\xff\"}",
            "not valid UTF-8 at byte 6; accepted is UTF-8",
        ),
        (b"\xff\xfe{\0}\0", "the text is UTF-16; accepted is UTF-8"),
    ] {
        assert_eq!(read_all_ways(text, &["a"]).unwrap_err().to_string(), said);
    }
    let error = read_all_ways(br#"{"a":[1]}"#, &["a", "b"])
        .unwrap_err()
        .to_string();
    assert_eq!(error, "a is not an object at byte 5");
    let deep = [vec![b'['; 65], vec![b']'; 65]].concat();
    assert!(read_all_ways(&deep, &["a"])
        .unwrap_err()
        .to_string()
        .starts_with("nested too deeply"));
    assert_eq!(read_all_ways(&deep[1..129], &["a"]), Ok(None));
}

#[test]
fn a_mark_and_white_space_change_nothing() {
    let text = b"\xef\xbb\xbf \r\n{ \"a\" :\t[ 1 , \"]\" ] , \"b\":2 }\n";
    assert_eq!(
        read_all_ways(text, &["a"]).unwrap().unwrap(),
        b"[ 1 , \"]\" ]"
    );
}

#[test]
fn a_value_larger_than_accepted_is_refused() {
    let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(1 << 20));
    assert!(read_all_ways(text.as_bytes(), &["a"])
        .unwrap_err()
        .to_string()
        .contains("too large"));
}
