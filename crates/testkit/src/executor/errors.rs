//! Errors and panic payloads of the tasks of the cases.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An error with a chain of sources.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct ChainedError {
    text: &'static str,
    source: Option<Box<ChainedError>>,
}

impl ChainedError {
    /// Returns an error with the first text, whose sources have the following ones.
    pub(crate) fn new<const N: usize>(texts: [&'static str; N]) -> Self {
        let wrap = |source: Option<Self>, text| {
            let source = source.map(Box::new);
            Some(Self { text, source })
        };
        texts.into_iter().rev().fold(None, wrap).expect("at least one text")
    }
}

/// An error that serde can serialize and deserialize.
#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("error code {code}")]
pub(crate) struct SerializableError {
    pub(crate) code: u32,
}

/// An error whose `Display` panics.
#[derive(Debug)]
pub(crate) struct PanicsOnDisplay;

impl fmt::Display for PanicsOnDisplay {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("panic in Display")
    }
}

impl std::error::Error for PanicsOnDisplay {}

/// An error whose source's `Display` panics.
#[derive(Debug, thiserror::Error)]
#[error("the outer error")]
pub(crate) struct PanickingSource(#[source] pub(crate) PanicsOnDisplay);

/// A panic payload that panics again when it is dropped.
pub(crate) struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("panic in Drop")
    }
}
