//! One request or response that the proxies delay, on any connection.

use std::sync::Arc;

use tokio::sync::watch;

/// The kind of message that is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The request: the server receives it only after its release.
    Request,
    /// The server's response to the request.
    Answer,
}

/// The state of the delayed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The request has not been received from the client.
    Expected,
    /// The request was sent to the server, which has not responded yet.
    Passing,
    /// The message is delayed.
    Held,
    /// The message was released.
    Released,
    /// The server has begun its response.
    Answered,
    /// The connection of the request was closed, so the request can have no further effect.
    Over,
}

/// Delays the first request that contains the mark, or its response.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The mark as it may appear in a request: as plain text and in hexadecimal digits.
    marks: [Vec<u8>; 2],
    what: What,
    /// Whether the proxy of the connection also stalls until it is set to forward again.
    pub silences: bool,
    stage: watch::Sender<Stage>,
}

impl Hold {
    pub(crate) fn new(mark: &str, what: What, silences: bool) -> Arc<Self> {
        let stage = watch::Sender::new(Stage::Expected);
        let digits =
            mark.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        Arc::new(Self { marks: [mark.into(), digits.into()], what, silences, stage })
    }

    /// Decides on a request; returns the kind of message to delay, in most cases `None`.
    pub(crate) fn takes(&self, request: &[u8]) -> Option<What> {
        let is_in = |mark: &Vec<u8>| {
            request.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark))
        };
        let has_mark = self.marks.iter().any(is_in);
        let next = match self.what {
            What::Request => Stage::Held,
            What::Answer => Stage::Passing,
        };
        let is_it = has_mark
            && self.stage.send_if_modified(|stage| {
                let first = *stage == Stage::Expected;
                if first {
                    *stage = next;
                }
                first
            });
        is_it.then_some(self.what)
    }

    /// Advances to the next state.
    pub(crate) fn reaches(&self, stage: Stage) {
        self.stage.send_if_modified(|now| {
            let further = *now < stage;
            *now = stage.max(*now);
            further
        });
    }

    pub(crate) fn has_reached(&self, stage: Stage) -> bool {
        *self.stage.borrow() >= stage
    }

    pub(crate) async fn until(&self, stage: Stage) {
        // Fails only if the sender was dropped, but `self` owns it.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}
