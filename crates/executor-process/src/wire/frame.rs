//! Frames: a length, a checksum, and a message in bincode.

use punctual_core::{Codec, CodecError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The length and the checksum of the body: four bytes each, little endian.
const HEADER_LEN: usize = 8;

/// The capacity of an idle receive buffer; half of it is the least free space that [`FrameDecoder::spare_mut`] returns.
const CHUNK_LEN: usize = 64 << 10;

/// An error of encoding or decoding a frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a message of {size} bytes is longer than the limit of {limit} bytes")]
    TooLong { size: usize, limit: usize },
    #[error("the checksum of a message does not match")]
    Checksum,
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Appends the frame of `message` to `out`.
pub(crate) fn encode_frame<T: Serialize>(
    out: &mut Vec<u8>,
    message: &T,
    limit: usize,
) -> Result<(), FrameError> {
    let body = Codec::Bincode.encode(message)?;
    let body = body.as_bytes();
    let length = check_size(body.len(), limit)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    out.extend_from_slice(body);
    Ok(())
}

fn check_size(size: usize, limit: usize) -> Result<u32, FrameError> {
    match u32::try_from(size) {
        Ok(length) if size <= limit => Ok(length),
        _ => Err(FrameError::TooLong { size, limit }),
    }
}

/// A receive buffer and an incremental decoder of its frames.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    limit: usize,
}

impl FrameDecoder {
    /// Creates a decoder of messages of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: vec![0; CHUNK_LEN], start: 0, end: 0, limit }
    }

    /// Changes the maximum size of a message in bytes.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Returns the free part of the buffer, to read into. Call [`advance_written`](Self::advance_written) afterwards.
    pub(crate) fn spare_mut(&mut self) -> &mut [u8] {
        let kept = self.end - self.start;
        // Reserves space for all of a long frame, but for no more than a chunk otherwise.
        let wanted = self.length().filter(|&length| length <= self.limit);
        let wanted = wanted.map_or(0, |length| HEADER_LEN + length).max(kept + CHUNK_LEN / 2);
        if kept == 0 && self.buffer.len() > CHUNK_LEN {
            self.buffer = vec![0; CHUNK_LEN];
        } else if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        (self.start, self.end) = (0, kept);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        &mut self.buffer[kept..]
    }

    /// Marks `bytes` bytes of the free part as received.
    pub(crate) fn advance_written(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// Returns the next message, or `None` if it has not been received completely.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some(length) = self.length() else { return Ok(None) };
        check_size(length, self.limit)?;
        let body_start = self.start + HEADER_LEN;
        let Some(body) = self.buffer[..self.end].get(body_start..body_start + length) else {
            return Ok(None);
        };
        if crc32fast::hash(body) != self.word(4) {
            return Err(FrameError::Checksum);
        }
        let message = Codec::decode(body)?;
        self.start = body_start + length;
        Ok(Some(message))
    }

    /// The length of the next message, if its header has been received.
    fn length(&self) -> Option<usize> {
        (self.end - self.start >= HEADER_LEN).then(|| self.word(0) as usize)
    }

    fn word(&self, offset: usize) -> u32 {
        let at = self.start + offset;
        let mut word = [0; 4];
        word.copy_from_slice(&self.buffer[at..at + 4]);
        u32::from_le_bytes(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    fn decode_all(bytes: &[u8], step: usize) -> Result<Vec<String>, FrameError> {
        let mut frames = FrameDecoder::new(LIMIT);
        let mut messages = Vec::new();
        for mut piece in bytes.chunks(step) {
            while !piece.is_empty() {
                let spare = frames.spare_mut();
                let read = spare.len().min(piece.len());
                spare[..read].copy_from_slice(&piece[..read]);
                frames.advance_written(read);
                piece = &piece[read..];
                while let Some(message) = frames.next()? {
                    messages.push(message);
                }
            }
        }
        Ok(messages)
    }

    fn encode_all(messages: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            encode_frame(&mut bytes, message, LIMIT).unwrap();
        }
        bytes
    }

    #[test]
    fn messages_are_decoded_from_pieces_of_any_size() {
        let messages: Vec<_> =
            [0, 1, 7, 100, CHUNK_LEN, 3 * CHUNK_LEN, 2].map(|length| "x".repeat(length)).into();
        let bytes = encode_all(&messages);
        for step in [1, 7, 4096, CHUNK_LEN, bytes.len()] {
            assert_eq!(decode_all(&bytes, step).unwrap(), messages, "{step} bytes at a time");
        }
    }

    #[test]
    fn a_flipped_bit_is_detected() {
        let bytes = encode_all(&["one".into(), "two".into()]);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // The flipped bit may have made the first message longer: its checksum is not verified before it is
            // complete.
            let incomplete = |received: Vec<String>| received.is_empty() || received == ["one"];
            assert!(decode_all(&flipped, 64).map_or(true, incomplete), "bit {bit}");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_rejected_by_encoder_and_decoder() {
        let long = "x".repeat(LIMIT + 1);
        let mut out = Vec::new();
        let rejected = encode_frame(&mut out, &long, LIMIT).unwrap_err();
        assert!(matches!(rejected, FrameError::TooLong { limit: LIMIT, .. }), "{rejected}");
        assert!(out.is_empty());
        encode_frame(&mut out, &long, 2 * LIMIT).unwrap();
        // The header is enough to reject it, so its body is never buffered.
        assert!(matches!(decode_all(&out[..HEADER_LEN], 8), Err(FrameError::TooLong { .. })));
    }
}
