//! The login of a store's options.

use std::fmt;

use punctual_core::StoreError;

use crate::name::invalid;

/// The name and the password of a user. `Debug` omits both.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "a login has no other parts")]
pub struct Login {
    /// The name of the user.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// The login with these options, or `None` if neither is set.
    ///
    /// ```
    /// use punctual_store_kit::Login;
    ///
    /// assert!(Login::of(None, None)?.is_none());
    /// assert!(Login::of(Some("mailer".into()), None).is_err());
    /// # Ok::<(), punctual_core::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if only one of them is set.
    pub fn of(
        username: Option<String>,
        password: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        match (username, password) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(invalid("`password` requires `username`")),
            (Some(_), None) => Err(invalid("`username` requires `password`")),
            (Some(name), Some(password)) => Ok(Some(Self { name, password })),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}
