//! What commands print.

use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, io};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Longer lines are cut into several.
const LONGEST_LINE: usize = 8 * 1024;

/// One of the two streams that a command prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

/// Something to log of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLine<'l> {
    /// A line that it printed, without the newline; text that is not UTF-8 is replaced.
    Line(Stream, &'l str),
    /// It has printed more than its limit; the rest is dropped.
    Cut,
}

/// How many more bytes may be logged, of both streams together.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self(AtomicU64::new(limit))
    }

    /// Takes so many bytes. The second answer: whether this is the time to say that there is no more.
    fn take(&self, bytes: usize) -> (bool, bool) {
        let bytes = bytes as u64;
        // Zero stands for "said so"; what is left is therefore kept one too high.
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(bytes))
            })
            .unwrap_or_default();
        (before > bytes, before > 0 && before <= bytes)
    }
}

/// Reads a stream to its end, line by line; beyond the budget only so that the command can go on.
pub(super) async fn forward(
    stream: Stream,
    reader: impl AsyncRead + Unpin,
    budget: &Budget,
    log: &(impl Fn(OutputLine<'_>) + Sync),
) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(LONGEST_LINE, reader);
    let mut line = Vec::new();
    let print = |line: &mut Vec<u8>| {
        let (granted, exhausted) = budget.take(line.len() + 1);
        if granted {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            log(OutputLine::Line(stream, &text));
        } else if exhausted {
            log(OutputLine::Cut);
        }
        line.clear();
    };
    loop {
        let buffer = reader.fill_buf().await?;
        if buffer.is_empty() {
            break;
        }
        let room = LONGEST_LINE - line.len();
        let part = &buffer[..buffer.len().min(room)];
        let newline = part.iter().position(|&byte| byte == b'\n');
        let taken = newline.unwrap_or(part.len());
        line.extend_from_slice(&part[..taken]);
        reader.consume(taken + usize::from(newline.is_some()));
        if newline.is_some() || line.len() == LONGEST_LINE {
            print(&mut line);
        }
    }
    if !line.is_empty() {
        print(&mut line);
    }
    Ok(())
}
