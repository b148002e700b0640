//! Names that users choose, and that become parts of the names in a backend.

use punctual_core::{StoreError, StoreErrorKind};

/// What the user asked for can't be.
pub fn invalid(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, message)
}

/// Checks a name, or a prefix of names: 1 to `most` ASCII letters, digits and underscores, the first of them no
/// digit, so that no backend would have it quoted or escaped; and it begins with none of the names that are
/// `reserved`, in whatever case.
///
/// ```
/// use punctual_store_kit::check_name;
///
/// assert!(check_name("table prefix", "punctual_", 40, &["pg_"]).is_ok());
/// let error = check_name("table prefix", "PG_x", 40, &["pg_"]).unwrap_err();
/// assert!(error.to_string().contains("not with pg_"));
/// ```
///
/// # Errors
///
/// [`Invalid`](StoreErrorKind::Invalid) for any other; it says what the name is for, and what is allowed.
pub fn check_name(
    what: &str,
    name: &str,
    most: usize,
    reserved: &[&str],
) -> Result<(), StoreError> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_reserved = reserved
        .iter()
        .any(|own| name.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(own)));
    if starts_well && plain && !is_reserved && name.len() <= most {
        return Ok(());
    }
    let not = match reserved {
        [] => String::new(),
        reserved => format!(", and not with {}", reserved.join(" or ")),
    };
    Err(invalid(format!(
        "{what} {name:?} is not valid: it must be 1 to {most} ASCII letters, digits and underscores, and begin \
         with no digit{not}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for good in ["punctual_", "_", "a", "T2_"] {
            check_name("prefix", good, 9, &["pg_"]).unwrap();
        }
        for bad in ["", "1a", "a b", "a\"", "a;--", "é", "a.b", "pg_x", "PG_", "ten_letters"] {
            let error = check_name("prefix", bad, 9, &["pg_"]).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid, "{bad}");
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
        assert!(!check_name("prefix", "1", 9, &[]).unwrap_err().to_string().contains("not with"));
    }
}
