//! The two formats of crontabs.

use std::path::Path;

/// The format of a crontab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A user crontab: entries have no user column, all run as its owner.
    User,
    /// A system crontab: entries have a user column between the schedule and the command. `/etc/crontab` and the files
    /// in `/etc/cron.d` have this format.
    System,
}

impl Format {
    /// Determines the format from the path: [`System`](Self::System) for `etc/crontab` and files in a directory
    /// `cron.d`, below any root directory, else [`User`](Self::User).
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
    fn the_format_is_determined_by_the_path() {
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
