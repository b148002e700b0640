//! Tags of jobs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::JobError;
use crate::error::name_type;

name_type! {
    /// A tag of a job, by which jobs are selected: 1 to 191 characters.
    Tag, "tag"
}

/// The tags of a job: a set of at most [`MAX`](Self::MAX), in order. Cheap to clone; a set without tags allocates nothing.
///
/// ```
/// use punctual_core::{Tag, Tags};
///
/// let tags = Tags::new(["nightly", "billing", "nightly"].map(|tag| Tag::new(tag).unwrap()))?;
/// assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["billing", "nightly"]);
/// assert!(tags.contains("billing"));
/// # Ok::<(), punctual_core::JobError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tags(Option<Arc<Vec<Tag>>>);

impl Tags {
    /// The maximum number of tags of a job.
    pub const MAX: usize = 32;

    /// The set without tags.
    pub const EMPTY: Self = Self(None);

    /// Creates a set. Duplicates are ignored.
    ///
    /// # Errors
    ///
    /// Returns [`JobError::Option`] if there are more than [`MAX`](Self::MAX) tags.
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self, JobError> {
        let mut tags: Vec<Tag> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > Self::MAX {
            return Err(JobError::Option {
                field: "tags",
                value: format!("a set of {}", tags.len()),
                reason: "a job has at most 32 tags",
            });
        }
        tags.shrink_to_fit();
        Ok(Self((!tags.is_empty()).then(|| Arc::new(tags))))
    }

    /// Returns the tags in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.as_slice().iter()
    }

    /// Returns whether this is one of the tags.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.iter().any(|own| *own == *tag)
    }

    /// Returns the number of tags.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Returns whether there is no tag.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn as_slice(&self) -> &[Tag] {
        self.0.as_ref().map_or(&[], |tags| tags)
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
