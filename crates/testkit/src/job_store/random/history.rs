//! Operations of the history, applied to a store and to the model.

use punctual_core::{
    HistoryCursor, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobId, OutcomeKind,
    RunHistory, Timestamp,
};

use super::compare::{ensure, ensure_equal, failed};
use super::ops::Op;
use super::runner::Runner;
use crate::job_store::StoreFixture;
use crate::job_store::builders::id;

impl<F: StoreFixture> Runner<'_, F> {
    pub(super) async fn history(&mut self, op: &Op) -> Result<(), String> {
        if !self.caps.history {
            return Ok(());
        }
        match op {
            Op::ReadHistory { job, failed: only_failed, since, until, limit } => {
                let mut query =
                    HistoryRecordQuery::new().since(since.instant()).until(until.instant());
                query = query.limit(*limit);
                query.job = job.map(id);
                query.outcomes.extend(only_failed.then_some(OutcomeKind::Failed));
                self.read(query).await
            }
            Op::ForgetBefore { before, limit } => {
                self.delete_before(before.instant(), *limit).await
            }
            Op::ForgetBeyond { jobs, keep, limit } => {
                let jobs: Vec<_> = jobs.iter().map(|job| id(job)).collect();
                let all = |job: &JobId| {
                    let entries = self.model.history.values().rev();
                    let keys = entries.filter(|entry| entry.job_id == *job);
                    keys.skip(*keep).map(HistoryRecord::cursor).collect::<Vec<_>>()
                };
                let beyond = jobs.iter().flat_map(all).collect();
                let deleted = self.store().trim_history(&jobs, *keep, *limit).await;
                let deleted = deleted.map_err(failed("deleting"))?;
                self.delete(beyond, *limit, deleted).await
            }
            _ => Ok(()),
        }
    }

    /// Reads all pages.
    async fn read(&mut self, mut query: HistoryRecordQuery) -> Result<(), String> {
        loop {
            let page = self.store().read_history(&query).await.map_err(failed("read_history"))?;
            let matching = self.model.history.values().filter(|entry| query.matches(entry));
            let expected = HistoryRecordPage::of(matching.cloned().collect(), query.limit);
            ensure_equal("read_history", &expected, &page)?;
            query.after = page.next;
            if query.after.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn compare_history(&mut self) -> Result<(), String> {
        self.read(HistoryRecordQuery::new().limit(usize::MAX)).await
    }

    async fn delete_before(&mut self, before: Timestamp, limit: usize) -> Result<(), String> {
        let old = self.model.history.keys().filter(|key| key.finished() < before);
        let old: Vec<HistoryCursor> = old.copied().collect();
        let deleted = self.store().delete_history_before(before, limit).await;
        let deleted = deleted.map_err(failed("deleting"))?;
        self.delete(old, limit, deleted).await
    }

    /// Compares the deleted entries. If the limit is lower than the number of entries that may be deleted, the store
    /// may choose among them.
    async fn delete(
        &mut self,
        mut old: Vec<HistoryCursor>,
        limit: usize,
        deleted: u64,
    ) -> Result<(), String> {
        ensure_equal("number of deleted entries", &(old.len().min(limit) as u64), &deleted)?;
        let query = HistoryRecordQuery::new().limit(usize::MAX);
        let page = self.store().read_history(&query).await.map_err(failed("read_history"))?;
        old.retain(|key| page.records.iter().all(|entry| entry.cursor() != *key));
        ensure(old.len() as u64 == deleted, || {
            format!("{deleted} entries were reported as deleted, but these are missing: {old:?}")
        })?;
        for key in old {
            self.model.history.remove(&key);
        }
        self.compare_history().await
    }
}
