//! One request or response that the proxies delay, on any connection.

use std::sync::Arc;

use tokio::sync::watch;

/// The kind of message that is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// The request: the server receives it only after its release.
    Request,
    /// The server's response to the request.
    Response,
}

/// The state of the delayed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HoldState {
    /// All messages are forwarded.
    Inactive,
    /// The request has not been received from the client.
    Expected,
    /// The request was sent to the server, which has not responded yet.
    Passing,
    /// The message is delayed.
    Held,
    /// The message was released.
    Released,
    /// The server has begun its response.
    Responding,
    /// The connection of the request was closed, so the request can have no further effect.
    Over,
}

/// Delays the first request with the mark that is received in [`HoldState::Expected`], or its response.
#[derive(Debug)]
pub(crate) struct HeldMessage {
    /// The mark as it may appear in a request: as plain text and in hexadecimal digits.
    marks: [Vec<u8>; 2],
    what: MessageKind,
    /// Whether the proxy of the connection also stalls until it is set to forward again.
    pub blocks_connection: bool,
    state: watch::Sender<HoldState>,
}

impl HeldMessage {
    pub(crate) fn new(mark: &str, what: MessageKind, blocks_connection: bool) -> Arc<Self> {
        let state = watch::Sender::new(HoldState::Inactive);
        let digits =
            mark.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        Arc::new(Self { marks: [mark.into(), digits.into()], what, blocks_connection, state })
    }

    /// Decides on a request; returns the kind of message to delay, in most cases `None`.
    pub(crate) fn on_request(&self, request: &[u8]) -> Option<MessageKind> {
        let is_in = |mark: &Vec<u8>| {
            request.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark))
        };
        let has_mark = self.marks.iter().any(is_in);
        let next = match self.what {
            MessageKind::Request => HoldState::Held,
            MessageKind::Response => HoldState::Passing,
        };
        let is_it = has_mark
            && self.state.send_if_modified(|state| {
                let first = *state == HoldState::Expected;
                if first {
                    *state = next;
                }
                first
            });
        is_it.then_some(self.what)
    }

    /// Advances to the next state.
    pub(crate) fn advance_to(&self, state: HoldState) {
        self.state.send_if_modified(|now| {
            let further = *now < state;
            *now = state.max(*now);
            further
        });
    }

    pub(crate) fn has_reached(&self, state: HoldState) -> bool {
        *self.state.borrow() >= state
    }

    pub(crate) async fn wait_for(&self, state: HoldState) {
        // Fails only if the sender was dropped, but `self` owns it.
        let _ = self.state.subscribe().wait_for(|now| *now >= state).await;
    }
}
