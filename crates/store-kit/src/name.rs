//! Validation of user-provided names that become part of identifiers in a backend.

use punctual_core::{StoreError, StoreErrorKind};

/// Creates an error of the kind [`Invalid`](StoreErrorKind::Invalid).
pub fn invalid(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, message)
}

/// Validates a stored key of metadata, which has 1 to 255 bytes.
///
/// ```
/// use punctual_store_kit::check_metadata_key;
///
/// assert_eq!(check_metadata_key("zone:Europe/Berlin"), Ok(()));
/// assert_eq!(check_metadata_key(""), Err("the key has 0 bytes, not 1 to 255".into()));
/// ```
///
/// # Errors
///
/// The reason for which the entry is corrupt.
pub fn check_metadata_key(key: &str) -> Result<(), String> {
    match key.len() {
        1..=255 => Ok(()),
        length => Err(format!("the key has {length} bytes, not 1 to 255")),
    }
}

/// Validates a name, or a prefix of names: 1 to `max_len` ASCII letters, digits and underscores, of which the first is
/// not a digit, so that no backend requires quoting or escaping. The name must not begin with any of the `reserved`
/// prefixes, regardless of case.
///
/// ```
/// use punctual_store_kit::check_name;
///
/// assert!(check_name("table prefix", "punctual_", 40, &["pg_"]).is_ok());
/// let error = check_name("table prefix", "PG_x", 40, &["pg_"]).unwrap_err();
/// assert!(error.to_string().contains("or with pg_"));
/// ```
///
/// # Errors
///
/// [`Invalid`](StoreErrorKind::Invalid) if the name is invalid; the message contains `what` and the rules.
pub fn check_name(
    what: &str,
    name: &str,
    max_len: usize,
    reserved: &[&str],
) -> Result<(), StoreError> {
    let has_valid_start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_reserved = reserved
        .iter()
        .any(|own| name.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(own)));
    if has_valid_start && plain && !is_reserved && name.len() <= max_len {
        return Ok(());
    }
    let not = match reserved {
        [] => String::new(),
        reserved => format!(" or with {}", reserved.join(" or ")),
    };
    Err(invalid(format!(
        "{what} {name:?} is invalid: it must consist of 1 to {max_len} ASCII letters, digits and underscores, and \
         must not begin with a digit{not}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_letters_digits_and_underscores_are_valid() {
        for good in ["punctual_", "_", "a", "T2_"] {
            check_name("prefix", good, 9, &["pg_"]).unwrap();
        }
        for bad in ["", "1a", "a b", "a\"", "a;--", "é", "a.b", "pg_x", "PG_", "ten_letters"] {
            let error = check_name("prefix", bad, 9, &["pg_"]).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid, "{bad}");
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
        assert!(!check_name("prefix", "1", 9, &[]).unwrap_err().to_string().contains("or with"));
    }
}
