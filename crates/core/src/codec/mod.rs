//! How definitions and arguments become bytes.

pub(crate) mod json_text;
