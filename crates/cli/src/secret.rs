//! URLs of stores, whose passwords nobody is to see.

use std::ffi::OsString;
use std::fmt::{self, Debug, Formatter};
use std::path::Path;

/// A store's URL, as it was given: it is checked when the store is opened, since complaints about the command
/// line repeat what is wrong there.
#[derive(Clone)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// Whether a path is rather a URL.
    pub(crate) fn is_one(path: &Path) -> bool {
        path.to_string_lossy().contains("://")
    }

    /// With the password.
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
    /// Without the URL.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl")
    }
}

/// A text without what it repeats of URLs among a program's arguments, wherever they were put:
/// `mysql://***`.
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
    fn what_urls_say_is_hidden() {
        let arguments = ["history", "--stor=redis://u:p w@h", "mysql://u@p@h/d", "ftp://h"];
        let text = "'--stor=redis://u:p w@h' found, mysql://u@p@h/d too, but not ftp://h";
        let hidden = hide(text.to_owned(), arguments.map(OsString::from).into_iter());
        assert_eq!(hidden, "'--stor=redis://***' found, mysql://*** too, but not ftp://h");
    }

    #[test]
    fn a_url_does_not_show_itself() {
        let url = StoreUrl::from("mysql://ann:hunter2@h/jobs".to_owned());
        assert_eq!(format!("{url:?}"), "StoreUrl");
    }
}
