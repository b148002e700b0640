//! The replies of scripts: lists of texts.

use std::str::FromStr;

use punctual_core::{StoreError, StoreErrorKind, Timestamp};
use redis::Value;

use crate::layout;

/// The values that a script returned.
#[derive(Debug)]
pub(crate) struct Reply(Vec<Value>);

impl Reply {
    /// A reply that is not a list is a list with one value.
    pub(crate) fn new(value: Value) -> Self {
        match value {
            Value::Array(values) => Self(values),
            value => Self(vec![value]),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes a text out of the reply; `None` if it is nil.
    pub(crate) fn take(&mut self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.get_mut(index).map(|value| std::mem::replace(value, Value::Nil)) {
            Some(Value::BulkString(bytes)) => Ok(Some(bytes)),
            Some(Value::SimpleString(text)) => Ok(Some(text.into_bytes())),
            Some(Value::Int(number)) => Ok(Some(number.to_string().into_bytes())),
            Some(Value::Nil) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    /// Takes a text that is not nil.
    pub(crate) fn bytes(&mut self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.take(index)?.ok_or_else(unexpected)
    }

    pub(crate) fn text(&mut self, index: usize) -> Result<String, StoreError> {
        String::from_utf8(self.bytes(index)?).map_err(|_| unexpected())
    }

    pub(crate) fn number<T: FromStr>(&mut self, index: usize) -> Result<T, StoreError> {
        self.text(index)?.parse().map_err(|_| unexpected())
    }

    /// Whether the text is `1`.
    pub(crate) fn flag(&mut self, index: usize) -> Result<bool, StoreError> {
        Ok(self.bytes(index)? == b"1")
    }

    pub(crate) fn instant(&mut self, index: usize) -> Result<Option<Timestamp>, StoreError> {
        let Some(text) = self.take(index)? else { return Ok(None) };
        layout::parse_number(&text).map(Timestamp::from_micros).map(Some).ok_or_else(unexpected)
    }

    /// Two numbers: seconds and microseconds of the server's clock.
    pub(crate) fn time(&mut self, index: usize) -> Result<Timestamp, StoreError> {
        let (seconds, micros) = (self.number(index)?, self.number(index + 1)?);
        Ok(Timestamp::from_seconds(seconds).saturating_add_micros(micros))
    }
}

pub(crate) fn unexpected() -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "Redis returned an unexpected value")
}
