//! The parts of names: encoded texts, and buckets.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use punctual_core::Timestamp;

/// What is encoded in names: all but letters, digits and these.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b':');

/// The number of microseconds of a bucket, as a power of two.
const BUCKET_BITS: [u32; 2] = [34, 23];

/// That of a bucket of the history.
const HISTORY_BITS: u32 = 30;

/// All buckets of jobs.
pub(crate) fn buckets() -> impl Iterator<Item = String> {
    (0..256).map(bucket)
}

/// The bucket of a number.
pub(crate) fn bucket(number: u32) -> String {
    format!("{:02x}", number & 0xff)
}

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

pub(crate) fn decode(name: &str) -> Option<String> {
    percent_decode_str(name).decode_utf8().ok().map(Cow::into_owned)
}

fn number(at: Timestamp) -> u64 {
    at.as_micros().cast_unsigned() ^ (1 << 63)
}

pub(crate) fn digits(at: Timestamp) -> String {
    format!("{:016x}", number(at))
}

/// The names of the buckets of a time.
pub(crate) fn time_buckets(at: Timestamp) -> [String; 2] {
    let [outer, inner] = BUCKET_BITS.map(|bits| number(at) >> bits);
    [format!("{outer:08x}"), format!("{inner:011x}")]
}

/// The bucket of an entry of the history, whose key begins with the digits of its time; or of a boundary of keys.
pub(crate) fn history_bucket(key: &str) -> String {
    let digits = key.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    // Other keys are corrupt. An empty boundary comes before all keys.
    format!("{:09x}", digits.unwrap_or(0) >> HISTORY_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_so_that_zookeeper_allows_them() {
        for id in ["a", "..", "a/b~c", "é🚀", "\u{e000}", "%2F"] {
            let name = encode(id);
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'),
                "{name}"
            );
            assert_eq!(decode(&name).as_deref(), Some(id));
        }
    }

    #[test]
    fn nodes_are_sorted_by_time_in_any_year() {
        let times =
            [Timestamp::MIN, Timestamp::from_micros(-1), Timestamp::from_micros(0), Timestamp::MAX];
        assert!(times.map(digits).is_sorted());
        assert!(times.map(time_buckets).is_sorted());
        let minutes: Vec<_> =
            (0..1_000).map(|minute| Timestamp::from_seconds(minute * 60)).collect();
        assert!(minutes.iter().map(|at| time_buckets(*at)).is_sorted());
    }
}
