//! The names of the keys.

use punctual_core::StoreError;
use punctual_store_kit::invalid;

/// The maximum length of a name in bytes.
const MAX_NAME: usize = 200;

/// The keys of a store, and the channel on which changes are published.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// In the order of `KEYS` of the scripts.
    pub(crate) all: Vec<String>,
    pub(crate) channel: String,
}

impl Keys {
    /// The prefix is the hash tag of all names, so that they belong to one slot of a cluster.
    pub(crate) fn new(
        prefix: &str,
        jobs: Option<&str>,
        run_times: Option<&str>,
    ) -> Result<Self, StoreError> {
        check("key_prefix", prefix)?;
        let key = |name: &str| format!("{{{prefix}}}:{name}");
        let mut all = [
            "jobs",
            "definitions",
            "runs",
            "run_times",
            "claims",
            "order",
            "owned",
            "nodes",
            "metadata",
            "history",
            "history_jobs",
            "version",
        ]
        .map(key);
        for (option, name, index) in [("jobs_key", jobs, 0), ("run_times_key", run_times, 3)] {
            let Some(name) = name else { continue };
            check(option, name)?;
            if all.iter().any(|other| other == name) {
                return Err(invalid(format!("{option} {name:?} is the name of another key")));
            }
            all[index] = name.into();
        }
        Ok(Self { all: all.into(), channel: key("changed") })
    }
}

/// Checks a prefix or the name of a key. A hash tag is the text between the first `{` and the next `}`, unless it is empty.
fn check(option: &str, name: &str) -> Result<(), StoreError> {
    let is_valid = (1..=MAX_NAME).contains(&name.len())
        && !name.chars().any(char::is_control)
        && !name.starts_with('}');
    if is_valid {
        return Ok(());
    }
    Err(invalid(format!(
        "{option} {name:?} is invalid: it must have 1 to {MAX_NAME} bytes, no control characters, and not begin with '}}'"
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_keys_have_the_prefix_as_their_hash_tag() {
        for prefix in ["punctual", "a b", "it's \"quoted\"", "a}b", "{", "👩‍🚀"] {
            let keys = Keys::new(prefix, None, None).unwrap();
            assert_eq!(keys.all.iter().collect::<HashSet<_>>().len(), 12);
            let start = format!("{{{prefix}}}:");
            assert!(keys.all.iter().chain([&keys.channel]).all(|key| key.starts_with(&start)));
        }
    }

    #[test]
    fn invalid_names_are_rejected() {
        let long = "x".repeat(MAX_NAME + 1);
        for bad in ["", "}", "}a", "a\nb", "a\0", &long] {
            assert!(Keys::new(bad, None, None).is_err(), "{bad:?}");
            assert!(Keys::new("a", Some(bad), None).is_err(), "{bad:?}");
            assert!(Keys::new("a", None, Some(bad)).is_err(), "{bad:?}");
        }
        assert!(Keys::new("a", Some("{a}:run_times"), None).is_err());
        assert!(Keys::new("a", Some("same"), Some("same")).is_err());
        let keys = Keys::new("a", Some("apscheduler.jobs"), Some("apscheduler.run_times")).unwrap();
        assert_eq!([&*keys.all[0], &*keys.all[3]], ["apscheduler.jobs", "apscheduler.run_times"]);
    }
}
