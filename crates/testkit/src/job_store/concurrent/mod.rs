//! Short histories of calls that are made at the same time: some order of them must explain all answers.

mod calls;
mod explain;
mod play;

use std::fmt::Write;

use super::StoreFixture;

/// A history that no order of its calls explains.
#[derive(Clone, Debug)]
pub struct Unexplained {
    /// Its calls were made from this seed; which of them meet is up to the machine.
    pub seed: u64,
    /// How many histories had been played before it.
    pub after: usize,
    /// The calls with their answers.
    pub report: String,
}

/// Plays histories, made from `first_seed` and those that follow it.
///
/// # Errors
///
/// The first history that nothing explains.
pub async fn search<F: StoreFixture>(first_seed: u64, histories: usize) -> Result<(), Unexplained> {
    let Some(fixture) = F::set_up("concurrent").await else { return Ok(()) };
    let stores = play::open(&fixture).await;
    let mut result = Ok(());
    for (after, number) in (0..histories).zip(0..) {
        let seed = first_seed.wrapping_add(number);
        let played = play::play(&stores, seed).await;
        let is_odd = |(first, history): &&(_, Vec<_>)| !explain::is_explained(first, history);
        let Some((first, history)) = played.iter().find(is_odd) else { continue };
        let mut report = format!("at first: {first:?}\n");
        for done in history {
            let _ = writeln!(
                report,
                "{:>3} to {:>3}, task {}: {:?}\n    {:?}",
                done.made, done.returned, done.task, done.call, done.answer
            );
        }
        result = Err(Unexplained { seed, after, report });
        break;
    }
    play::close(stores).await;
    fixture.tear_down().await;
    result
}
