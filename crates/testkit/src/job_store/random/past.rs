//! The history, played to a store and to the model.

use punctual_core::{
    HistoryCursor, HistoryEntry, HistoryPage, HistoryQuery, JobId, OutcomeKind, RunHistory,
    Timestamp,
};

use super::compare::{ensure, same};
use super::ops::Op;
use super::play::{Player, failed};
use crate::job_store::StoreFixture;
use crate::job_store::kit::id;

impl<F: StoreFixture> Player<'_, F> {
    pub(super) async fn history(&mut self, op: &Op) -> Result<(), String> {
        if !self.caps.history {
            return Ok(());
        }
        match op {
            Op::ReadHistory { job, failed: only_failed, since, until, limit } => {
                let mut query = HistoryQuery::new().since(since.instant()).until(until.instant());
                query = query.limit(*limit);
                query.job = job.map(id);
                query.outcomes.extend(only_failed.then_some(OutcomeKind::Failed));
                self.read(query).await
            }
            Op::ForgetBefore { before, limit } => {
                self.forget_before(before.instant(), *limit).await
            }
            Op::ForgetBeyond { jobs, keep, limit } => {
                let jobs: Vec<_> = jobs.iter().map(|job| id(job)).collect();
                let all = |job: &JobId| {
                    let entries = self.world.history.values().rev();
                    let keys = entries.filter(|entry| entry.job_id == *job);
                    keys.skip(*keep).map(HistoryEntry::key).collect::<Vec<_>>()
                };
                let beyond = jobs.iter().flat_map(all).collect();
                let forgotten = self.store().forget_history_beyond(&jobs, *keep, *limit).await;
                let forgotten = forgotten.map_err(failed("forgetting"))?;
                self.forget(beyond, *limit, forgotten).await
            }
            _ => Ok(()),
        }
    }

    /// Reads page by page, to the end.
    async fn read(&mut self, mut query: HistoryQuery) -> Result<(), String> {
        loop {
            let page = self.store().read_history(&query).await.map_err(failed("read_history"))?;
            let matching = self.world.history.values().filter(|entry| query.matches(entry));
            let expected = HistoryPage::of(matching.cloned().collect(), query.limit);
            same("read_history", &expected, &page)?;
            query.after = page.next;
            if query.after.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn compare_history(&mut self) -> Result<(), String> {
        self.read(HistoryQuery::new().limit(usize::MAX)).await
    }

    async fn forget_before(&mut self, before: Timestamp, limit: usize) -> Result<(), String> {
        let old = self.world.history.keys().filter(|key| key.finished < before);
        let old: Vec<HistoryCursor> = old.copied().collect();
        let forgotten = self.store().forget_history_before(before, limit).await;
        let forgotten = forgotten.map_err(failed("forgetting"))?;
        self.forget(old, limit, forgotten).await
    }

    /// Which of those that may be forgotten are, if not all, is the store's choice.
    async fn forget(
        &mut self,
        mut old: Vec<HistoryCursor>,
        limit: usize,
        forgotten: u64,
    ) -> Result<(), String> {
        same("how many entries are forgotten", &(old.len().min(limit) as u64), &forgotten)?;
        let query = HistoryQuery::new().limit(usize::MAX);
        let page = self.store().read_history(&query).await.map_err(failed("read_history"))?;
        old.retain(|key| page.entries.iter().all(|entry| entry.key() != *key));
        ensure(old.len() as u64 == forgotten, || format!("other entries are gone than {old:?}"))?;
        for key in old {
            self.world.history.remove(&key);
        }
        self.compare_history().await
    }
}
