//! Frames: a length, a checksum, and a message in core's bincode.

use punctual_core::{Codec, CodecError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Four bytes of length and four of checksum, little end first.
const HEADER: usize = 8;

/// How much is read at a time, and how large a buffer is that has nothing large to hold.
const CHUNK: usize = 64 << 10;

/// Why bytes are no frame, or a message can't be one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a message of {size} bytes is longer than the {limit} bytes that are allowed")]
    TooLong { size: usize, limit: usize },
    #[error("a message does not have its checksum")]
    Checksum,
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Puts a message at the end of what is to be sent.
pub(crate) fn write<T: Serialize>(
    out: &mut Vec<u8>,
    message: &T,
    limit: usize,
) -> Result<(), FrameError> {
    let body = Codec::Bincode.encode(message)?;
    let body = body.as_bytes();
    let length = check(body.len(), limit)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    out.extend_from_slice(body);
    Ok(())
}

fn check(size: usize, limit: usize) -> Result<u32, FrameError> {
    match u32::try_from(size) {
        Ok(length) if size <= limit => Ok(length),
        _ => Err(FrameError::TooLong { size, limit }),
    }
}

/// What has arrived and not been taken yet.
#[derive(Debug)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    limit: usize,
}

impl Frames {
    /// For messages of at most so many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: vec![0; CHUNK], taken: 0, filled: 0, limit }
    }

    /// From now on for messages of at most so many bytes.
    pub(crate) fn allow(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Where to read to; call [`filled`](Self::filled) afterwards.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        let kept = self.filled - self.taken;
        // The whole of a long frame at once, and no more than a chunk for anything else.
        let wanted = self.length().filter(|&length| length <= self.limit);
        let wanted = wanted.map_or(0, |length| HEADER + length).max(kept + CHUNK / 2);
        if kept == 0 && self.buffer.len() > CHUNK {
            self.buffer = vec![0; CHUNK];
        } else if self.taken > 0 {
            self.buffer.copy_within(self.taken..self.filled, 0);
        }
        (self.taken, self.filled) = (0, kept);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        &mut self.buffer[kept..]
    }

    /// So many bytes were read.
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// The next message, if all of it is there.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some(length) = self.length() else { return Ok(None) };
        check(length, self.limit)?;
        let start = self.taken + HEADER;
        let Some(body) = self.buffer[..self.filled].get(start..start + length) else {
            return Ok(None);
        };
        if crc32fast::hash(body) != self.word(4) {
            return Err(FrameError::Checksum);
        }
        let message = Codec::decode(body)?;
        self.taken = start + length;
        Ok(Some(message))
    }

    /// The length of the next message, if it is known yet and may be.
    fn length(&self) -> Option<usize> {
        (self.filled - self.taken >= HEADER).then(|| self.word(0) as usize)
    }

    fn word(&self, offset: usize) -> u32 {
        let at = self.taken + offset;
        let mut word = [0; 4];
        word.copy_from_slice(&self.buffer[at..at + 4]);
        u32::from_le_bytes(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    fn frames(bytes: &[u8], step: usize) -> Result<Vec<String>, FrameError> {
        let mut frames = Frames::new(LIMIT);
        let mut messages = Vec::new();
        for mut piece in bytes.chunks(step) {
            while !piece.is_empty() {
                let space = frames.space();
                let read = space.len().min(piece.len());
                space[..read].copy_from_slice(&piece[..read]);
                frames.filled(read);
                piece = &piece[read..];
                while let Some(message) = frames.next()? {
                    messages.push(message);
                }
            }
        }
        Ok(messages)
    }

    fn written(messages: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            write(&mut bytes, message, LIMIT).unwrap();
        }
        bytes
    }

    #[test]
    fn messages_arrive_however_the_bytes_are_cut() {
        let messages: Vec<_> =
            [0, 1, 7, 100, CHUNK, 3 * CHUNK, 2].map(|length| "x".repeat(length)).into();
        let bytes = written(&messages);
        for step in [1, 7, 4096, CHUNK, bytes.len()] {
            assert_eq!(frames(&bytes, step).unwrap(), messages, "{step} bytes at a time");
        }
    }

    #[test]
    fn a_changed_bit_is_noticed_wherever_it_is() {
        let bytes = written(&["one".into(), "two".into()]);
        for bit in 0..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            // A longer first message: nothing is wrong until the rest of it has come.
            let waits = |heard: Vec<String>| heard.is_empty() || heard == ["one"];
            assert!(frames(&wrong, 64).map_or(true, waits), "bit {bit}");
        }
    }

    #[test]
    fn a_long_message_is_refused_at_both_ends() {
        let long = "x".repeat(LIMIT + 1);
        let mut out = Vec::new();
        let refused = write(&mut out, &long, LIMIT).unwrap_err();
        assert!(matches!(refused, FrameError::TooLong { limit: LIMIT, .. }), "{refused}");
        assert!(out.is_empty());
        write(&mut out, &long, 2 * LIMIT).unwrap();
        // Known from the header on: nothing so long is ever waited for.
        assert!(matches!(frames(&out[..HEADER], 8), Err(FrameError::TooLong { .. })));
    }
}
