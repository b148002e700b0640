//! URLs that contain passwords.

use std::error::Error;
use std::fmt;

use punctual_core::{StoreError, error_chain};

use crate::name::invalid;

/// The URL of a server, which may contain a password. `Debug` and errors show only its scheme.
///
/// ```
/// use punctual_store_kit::SecretUrl;
///
/// let url = SecretUrl::new("redis", &["redis", "rediss"], "redis://:hunter2@db.example.org")?;
/// assert_eq!(format!("{url:?}"), "SecretUrl(\"redis://…\")");
/// let host = url.read(|url| url.strip_prefix("redis://:hunter2@").ok_or("no host"))?;
/// assert_eq!(host, "db.example.org");
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl {
    /// The kind of store, for messages.
    store: &'static str,
    text: String,
}

impl SecretUrl {
    /// Creates the URL of a store of this kind. It must begin with one of the schemes.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if it has another scheme; the error lists the valid ones.
    pub fn new(
        store: &'static str,
        schemes: &[&str],
        url: impl Into<String>,
    ) -> Result<Self, StoreError> {
        let text = url.into();
        if text.split_once("://").is_some_and(|(scheme, _)| schemes.contains(&scheme)) {
            return Ok(Self { store, text });
        }
        let schemes = schemes.join(":// or ");
        Err(invalid(format!("the URL of a {store} store must begin with {schemes}://")))
    }

    /// The URL itself. Pass it to the client only; do not log or display it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Parses the URL with a client's parser. On failure the parser's error is attached as the source, unless it
    /// contains the password; the message itself never contains the URL.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the parser fails.
    pub fn read<'u, T, E>(
        &'u self,
        parse: impl FnOnce(&'u str) -> Result<T, E>,
    ) -> Result<T, StoreError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        parse(&self.text).map_err(|error| {
            let invalid = invalid(format!("the URL of the {} store is invalid", self.store));
            let cause = error.into();
            match self.is_leaked_by(&*cause) {
                true => invalid,
                false => invalid.with_source(cause),
            }
        })
    }

    /// Whether the error contains the text between the first colon of the URL's authority and its last `@`.
    fn is_leaked_by(&self, error: &(dyn Error + 'static)) -> bool {
        let after = self.text.split_once("://").map_or("", |(_, after)| after);
        let login = after.rsplit_once('@').map_or("", |(login, _)| login);
        let password = login.split_once(':').map_or(login, |(_, password)| password);
        !password.is_empty() && format!("{} {error:?}", error_chain(error)).contains(password)
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.text.split_once("://").map_or("", |(scheme, _)| scheme);
        f.debug_tuple("SecretUrl").field(&format_args!("\"{scheme}://…\"")).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> SecretUrl {
        SecretUrl::new("test", &["test", "tests"], "test://me:hunter2@there:x").unwrap()
    }

    #[test]
    fn an_error_for_another_scheme_does_not_contain_the_url() {
        for bad in ["hunter2", "http://hunter2@there", "testy://hunter2"] {
            let error = SecretUrl::new("test", &["test", "tests"], bad).unwrap_err();
            let shown = format!("{} {error:?}", error_chain(&error));
            assert!(shown.contains("test:// or tests://"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_source_is_attached_unless_it_contains_the_password() {
        let error = url().read(|_| Err::<(), _>("a bad port")).unwrap_err();
        let text = error_chain(&error).to_string();
        assert!(text.ends_with("invalid: a bad port"), "{text}");
        let error = url().read(|url| Err::<(), _>(format!("{url} has a bad port"))).unwrap_err();
        assert!(!format!("{} {error:?}", error_chain(&error)).contains("hunter2"), "{error:?}");
        assert!(!format!("{:?}", url()).contains("there"));
    }
}
