//! What a task finds around itself, and leaves.

use std::sync::Arc;

use punctual_core::{Codec, RunOutcome, TaskError, is_inside_run};

use crate::executor::gate::Tell;
use crate::executor::order::Order;
use crate::executor::tasks::{Piece, add};
use crate::executor::{ExecutorFixture, PATIENCE, Trial};

pub fn shared_state_reaches_the_task<F: ExecutorFixture>(trial: &Trial<F>) {
    for piece in Piece::both(|context| async move { context.state::<String>().map(|s| s.len()) }) {
        match trial.outcome(Order::piece(piece)) {
            RunOutcome::Success(length) => assert_eq!(length, "shared".len()),
            other => panic!("expected the state's length: {other}"),
        }
    }
}

pub fn code_inside_a_run_can_tell<F: ExecutorFixture>(trial: &Trial<F>) {
    assert!(!is_inside_run(), "the case is outside");
    for piece in Piece::both(|_| async { is_inside_run() }) {
        match trial.outcome(Order::piece(piece)) {
            RunOutcome::Success(inside) => assert_eq!(inside, true),
            other => panic!("expected an answer: {other}"),
        }
    }
    assert!(!is_inside_run(), "the case is outside again");
}

pub fn failing_runs_leave_nothing_behind<F: ExecutorFixture>(trial: &Trial<F>) {
    let token = Arc::new(());
    let (tell, heard) = Tell::new();
    for number in 0..100 {
        let (token, tell) = (Arc::clone(&token), tell.clone());
        let pieces = Piece::both(move |context| {
            let (token, tell) = (Arc::clone(&token), tell.clone());
            async move {
                let _kept_while_it_runs = (token, context);
                tell.tell(());
                assert!(number % 2 == 0, "an odd one panics");
                Err::<(), TaskError>("an even one fails".into())
            }
        });
        for piece in pieces {
            trial.submit(Order::piece(piece));
        }
    }
    let late = trial.submit(Order::named::<add>(Codec::Json.encode("not numbers").expect("JSON")));
    trial.reports.wait(late);
    trial.reports.wait_for_count(201);
    (0..200).for_each(|_| heard.next());
    // Only when the workers have come to rest have they let everything go.
    trial.shutdown(PATIENCE);
    assert_eq!(Arc::strong_count(&token), 1);
}
