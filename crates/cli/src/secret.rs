//! URLs of stores, whose passwords must not be shown.

use std::ffi::OsString;
use std::fmt::{self, Debug, Formatter};
use std::path::Path;

/// The URL of a store. It is validated only when the store is opened, because errors of the argument parser would
/// contain it with its password.
#[derive(Clone)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// Whether a path looks like a URL.
    pub(crate) fn looks_like_url(path: &Path) -> bool {
        path.to_string_lossy().contains("://")
    }

    /// The URL, including its password.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for StoreUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl Debug for StoreUrl {
    /// Omits the URL.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl")
    }
}

/// Removes URLs with a user or password that occur in `arguments` from a text; the result is `mysql://***`.
#[must_use]
pub fn hide(text: String, arguments: impl Iterator<Item = OsString>) -> String {
    arguments.fold(text, |text, argument| match argument.to_string_lossy().split_once("://") {
        Some((_, rest)) if rest.contains('@') => text.replace(rest, "***"),
        _ => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_redacted() {
        let arguments = ["history", "--stor=redis://u:p w@h", "mysql://u@p@h/d", "ftp://h"];
        let text = "'--stor=redis://u:p w@h' found, mysql://u@p@h/d too, but not ftp://h";
        let hidden = hide(text.to_owned(), arguments.map(OsString::from).into_iter());
        assert_eq!(hidden, "'--stor=redis://***' found, mysql://*** too, but not ftp://h");
    }

    #[test]
    fn debug_output_omits_the_url() {
        let url = StoreUrl::from("mysql://ann:hunter2@h/jobs".to_owned());
        assert_eq!(format!("{url:?}"), "StoreUrl");
    }
}
