//! User accounts.

use nix::errno::Errno;
use nix::unistd::{Uid, User};

/// A user account of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The login name.
    pub name: String,
    /// The user id.
    pub uid: Uid,
    /// The home directory.
    pub home: String,
}

impl Account {
    /// Returns the effective user of this process.
    ///
    /// # Errors
    ///
    /// Returns an error if the user has no entry in the password database.
    pub fn current() -> Result<Self, AccountError> {
        let uid = Uid::effective();
        match User::from_uid(uid) {
            Ok(Some(user)) => Ok(user.into()),
            Ok(None) => Err(AccountError::Unknown(uid.to_string())),
            Err(source) => Err(AccountError::unreadable(uid.to_string(), source)),
        }
    }

    /// Looks up a user by name.
    ///
    /// # Errors
    ///
    /// Returns an error if the user does not exist.
    pub fn named(name: &str) -> Result<Self, AccountError> {
        match User::from_name(name) {
            Ok(Some(user)) => Ok(user.into()),
            Ok(None) => Err(AccountError::Unknown(name.to_owned())),
            Err(source) => Err(AccountError::unreadable(name.to_owned(), source)),
        }
    }

    /// Checks that this user can run commands as `other`.
    ///
    /// # Errors
    ///
    /// Returns an error if the users are different and this user is not root.
    pub fn may_become(&self, other: &Self) -> Result<(), AccountError> {
        if self.uid.is_root() || self.uid == other.uid {
            return Ok(());
        }
        Err(AccountError::NotPermitted { user: other.name.clone(), current: self.name.clone() })
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: user.uid, home: user.dir.to_string_lossy().into_owned() }
    }
}

/// An error of looking up or switching to a user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The user does not exist.
    #[error("there is no user {0}")]
    Unknown(String),
    /// The password database can't be read.
    #[error("user {name} can't be looked up")]
    Unreadable {
        /// The name or the user id.
        name: String,
        /// The underlying error.
        source: std::io::Error,
    },
    /// Only root can run commands as another user.
    #[error(
        "the command can't be run as {user}: punctual runs as {current}, and only root can switch users"
    )]
    NotPermitted {
        /// The user that the entry names.
        user: String,
        /// The user of this process.
        current: String,
    },
}

impl AccountError {
    fn unreadable(name: String, source: Errno) -> Self {
        let source = source.into();
        Self::Unreadable { name, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, uid: u32) -> Account {
        Account { name: name.to_owned(), uid: Uid::from_raw(uid), home: "/".to_owned() }
    }

    #[test]
    fn accounts_are_looked_up() {
        let current = Account::current().unwrap();
        assert_eq!(Account::named(&current.name).unwrap().name, current.name);
        assert_eq!(Account::named("root").unwrap().uid, Uid::from_raw(0));
        let error = Account::named("no-such-user").unwrap_err();
        assert_eq!(error.to_string(), "there is no user no-such-user");
    }

    #[test]
    fn only_root_can_switch_users() {
        let (root, ann, bob) = (account("root", 0), account("ann", 7), account("bob", 8));
        assert!(root.may_become(&ann).is_ok());
        assert!(ann.may_become(&ann).is_ok());
        assert_eq!(
            ann.may_become(&bob).unwrap_err().to_string(),
            "the command can't be run as bob: punctual runs as ann, and only root can switch users"
        );
    }
}
