//! Short histories of concurrent calls, which must be linearizable.

mod calls;
mod linearizability;
mod runner;

use std::fmt::Write;

use super::StoreFixture;

/// A history that is not linearizable.
#[derive(Clone, Debug)]
pub struct NonLinearizableHistory {
    /// The seed of its calls. Their interleaving depends on the machine.
    pub seed: u64,
    /// Number of histories that were run before it.
    pub after: usize,
    /// The calls with their responses.
    pub report: String,
}

/// Runs histories, generated from `first_seed` and the seeds that follow it.
///
/// # Errors
///
/// The first history that is not linearizable.
pub async fn search<F: StoreFixture>(
    first_seed: u64,
    histories: usize,
) -> Result<(), NonLinearizableHistory> {
    let Some(fixture) = F::set_up("concurrent").await else { return Ok(()) };
    let stores = runner::open(&fixture).await;
    let mut result = Ok(());
    for (after, number) in (0..histories).zip(0..) {
        let seed = first_seed.wrapping_add(number);
        let histories_by_job = runner::run_history(&stores, seed).await;
        let is_wrong =
            |(first, history): &&(_, Vec<_>)| !linearizability::is_linearizable(first, history);
        let Some((first, history)) = histories_by_job.iter().find(is_wrong) else { continue };
        let mut report = format!("initial state: {first:?}\n");
        for done in history {
            let _ = writeln!(
                report,
                "{:>3} to {:>3}, task {}: {:?}\n    {:?}",
                done.invoked_at, done.returned_at, done.task, done.call, done.response
            );
        }
        result = Err(NonLinearizableHistory { seed, after, report });
        break;
    }
    runner::close(stores).await;
    fixture.tear_down().await;
    result
}
