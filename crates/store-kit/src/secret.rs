//! Addresses with passwords in them.

use std::error::Error;
use std::fmt;

use punctual_core::{StoreError, error_chain};

use crate::name::invalid;

/// The URL of a server, with what may be a password in it: neither `Debug` nor any error shows more of it than its
/// scheme.
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
    /// Of what kind of store, for messages.
    store: &'static str,
    text: String,
}

impl SecretUrl {
    /// The URL of a store of this kind, which begins with one of these schemes.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) when it does not; with the schemes that do.
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
        Err(invalid(format!("the URL of a {store} store begins with {schemes}://")))
    }

    /// The text itself: for the client, not for people.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What a client reads in the URL. Its error becomes the cause of one that repeats nothing; it is left away
    /// when it has a part of the URL in it that may be the password.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) when the client can't read it.
    pub fn read<'u, T, E>(
        &'u self,
        parse: impl FnOnce(&'u str) -> Result<T, E>,
    ) -> Result<T, StoreError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        parse(&self.text).map_err(|error| {
            let invalid = invalid(format!("the URL of the {} store is not valid", self.store));
            let cause = error.into();
            match self.is_told_by(&*cause) {
                true => invalid,
                false => invalid.with_source(cause),
            }
        })
    }

    /// Whether an error shows what stands between the first colon of the URL's authority and its last `@`.
    fn is_told_by(&self, error: &(dyn Error + 'static)) -> bool {
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
    fn other_schemes_are_refused_without_a_word_of_the_url() {
        for bad in ["hunter2", "http://hunter2@there", "testy://hunter2"] {
            let error = SecretUrl::new("test", &["test", "tests"], bad).unwrap_err();
            let told = format!("{} {error:?}", error_chain(&error));
            assert!(told.contains("test:// or tests://"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_cause_is_kept_unless_it_has_the_password_in_it() {
        let error = url().read(|_| Err::<(), _>("a bad port")).unwrap_err();
        let told = error_chain(&error).to_string();
        assert!(told.ends_with("not valid: a bad port"), "{told}");
        let error = url().read(|url| Err::<(), _>(format!("{url} has a bad port"))).unwrap_err();
        assert!(!format!("{} {error:?}", error_chain(&error)).contains("hunter2"), "{error:?}");
        assert!(!format!("{:?}", url()).contains("there"));
    }
}
