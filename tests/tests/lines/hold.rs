//! One request that is held back, or its answer, on whichever line it comes.

use std::sync::Arc;

use tokio::sync::watch;

/// What is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The request: the server hears of it when it is let go.
    Request,
    /// What the server answers to it.
    Answer,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The request has not come yet.
    Expected,
    /// It is on its way to the server, whose answer is waited for.
    Passing,
    /// What is to be held back is.
    Held,
    /// It is let go.
    Released,
    /// The server has begun to answer.
    Answered,
    /// The connection that it came on has ended: nothing follows from it any more.
    Over,
}

/// Holds the first request back that has the mark in it, or its answer.
#[derive(Debug)]
pub(crate) struct Hold {
    /// As it may stand in a request: as it is, and in hexadecimal digits.
    marks: [Vec<u8>; 2],
    what: What,
    /// Whether nothing else passes either on the line that it came on, until that is opened again.
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

    /// What to do about a request: nothing in most cases.
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

    /// Comes a step further.
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
        // Fails only if the sender is gone, which is here.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}
