//! The two formats of crontabs.

use std::path::Path;

/// Whether the entries of a crontab name the user to run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// They don't: the crontab of one user, who runs them all.
    User,
    /// They do, between the time and the command: `/etc/crontab` and the files in `/etc/cron.d`.
    System,
}

impl Format {
    /// The format that is usual at this path: that of the system for `etc/crontab` and for files in a folder
    /// `cron.d`, below whatever root, and that of users elsewhere.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().and_then(Path::file_name);
        if path.ends_with("etc/crontab") || folder.is_some_and(|folder| folder == "cron.d") {
            Self::System
        } else {
            Self::User
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_the_format() {
        for (path, format) in [
            ("/etc/crontab", Format::System),
            ("/etc/cron.d/sysstat", Format::System),
            ("/srv/image/etc/cron.d/php", Format::System),
            ("/var/spool/cron/crontabs/ann", Format::User),
            ("/home/ann/crontab", Format::User),
            ("crontab", Format::User),
        ] {
            assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
        }
    }
}
