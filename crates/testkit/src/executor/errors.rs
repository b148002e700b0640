//! What tasks of the cases fail with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An error with a source, or the last one.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Deep {
    text: &'static str,
    source: Option<Box<Deep>>,
}

impl Deep {
    /// The first, of which each next one is the source.
    pub(crate) fn of<const N: usize>(texts: [&'static str; N]) -> Self {
        let wrap = |source: Option<Self>, text| {
            let source = source.map(Box::new);
            Some(Self { text, source })
        };
        texts.into_iter().rev().fold(None, wrap).expect("at least one text")
    }
}

/// An error that serde can write and read.
#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("jammed at page {page}")]
pub(crate) struct Jammed {
    pub(crate) page: u32,
}

/// An error that panics when it is shown.
#[derive(Debug)]
pub(crate) struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}

/// An error whose source panics when it is shown.
#[derive(Debug, thiserror::Error)]
#[error("all is well outside")]
pub(crate) struct Outer(#[source] pub(crate) Unspeakable);

/// What a panic can carry that panics again when it is dropped.
pub(crate) struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("bang")
    }
}
