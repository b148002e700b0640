//! Adding, updating, removing, reading and listing jobs.

use punctual_core::{
    AddOutcome, Fence, JobCursor, JobId, JobRecord, JobRecordPage, NewRecord, RecordUpdate,
    Revision, StoreError, StoredJob,
};
use punctual_store_kit::{PageReader, job_chunks};

use crate::database::{LIMIT, REPLY_BYTES, Redis};
use crate::layout::{self, NONE};
use crate::reply::unexpected;
use crate::scripts;

impl Redis {
    pub(crate) async fn add_jobs(
        &self,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(records.len());
        for chunk in job_chunks(records, LIMIT) {
            let mut call = self.call(&scripts::ADD).arg(self.channel());
            for new in chunk {
                let header = layout::new_header(new, Fence::random());
                call = call.arg(new.id.as_str()).arg(header).arg(new.definition.as_bytes());
            }
            let outcome = |letter| match letter {
                b'a' => AddOutcome::Added,
                _ => AddOutcome::Exists,
            };
            outcomes.extend(self.write(call).await?.bytes(0)?.into_iter().map(outcome));
        }
        Ok(outcomes)
    }

    pub(crate) async fn update_job(
        &self,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let run_time = match update.expected_run_time {
            None => String::new(),
            Some(None) => NONE.into(),
            Some(Some(at)) => layout::instant(at),
        };
        let fire_count = update.fire_count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let fire_count = fire_count.map(layout::number).unwrap_or_default();
        let flag = |set: bool| if set { "1" } else { "0" };
        let call = self
            .call(&scripts::UPDATE)
            .arg(id.as_str())
            .arg(layout::number(expected.0))
            .arg(layout::number(expected.next().0))
            .step()
            .arg(self.channel())
            .arg(run_time)
            .arg(update.schedule.map(layout::schedule).unwrap_or_default())
            .arg(fire_count)
            .arg(flag(update.definition.is_some()));
        let call = match &update.definition {
            None => call,
            Some((task, definition)) => {
                call.arg(task.as_str()).arg(layout::size(definition)).arg(definition.as_bytes())
            }
        };
        match &*self.write(call).await?.text(0)? {
            "updated" => Ok(expected.next()),
            "missing" => Err(StoreError::not_found(id)),
            "conflict" => Err(StoreError::conflict(id)),
            // A corrupt header: reading it returns the reason.
            _ => Err(self.get_job(id).await.err().unwrap_or_else(|| StoreError::conflict(id))),
        }
    }

    pub(crate) async fn remove_jobs(&self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        let mut removed = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(LIMIT.count) {
            let call = self.call(&scripts::REMOVE).args(chunk.iter().copied());
            let existed = self.write(call).await?.bytes(0)?;
            removed.extend(existed.into_iter().map(|digit| digit == b'1'));
        }
        Ok(removed)
    }

    pub(crate) async fn get_job(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let mut reply = self.read(self.call(&scripts::GET).arg(id.as_str())).await?;
        let Some(header) = reply.take(0)? else { return Ok(None) };
        let definition = reply.take(1)?.unwrap_or_default();
        let runs = reply.take(2)?.unwrap_or_default();
        let job = layout::job(id.as_str().as_bytes(), &header, definition).and_then(|job| {
            let runs = layout::parse_runs(id, &runs)?;
            Ok(StoredJob { runs, ..job })
        });
        job.map(Some).map_err(layout::corrupt)
    }

    pub(crate) async fn list_jobs(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        let mut page = PageReader::<Vec<u8>, JobRecord>::new(limit);
        let start = after.map_or(Vec::new(), |after| {
            let time = after.next_run_time.map_or(NONE.into(), layout::instant);
            format!("{time}{}{}", layout::SEPARATOR, after.id).into_bytes()
        });
        while let Some(wanted) = page.wanted() {
            let position = page.after().unwrap_or(&start).clone();
            page.push(self.list_part(position, wanted).await?);
        }
        Ok(page.into_page())
    }

    /// Reads up to `wanted` jobs after a position; fewer if these are the last ones.
    async fn list_part(
        &self,
        mut position: Vec<u8>,
        wanted: usize,
    ) -> Result<Vec<(Vec<u8>, Result<JobRecord, punctual_core::CorruptRecord>)>, StoreError> {
        let mut found = Vec::new();
        while found.len() < wanted {
            let count = (wanted - found.len()).min(LIMIT.count);
            let call = self.call(&scripts::LIST).arg(&position).arg(count).arg(REPLY_BYTES);
            let mut reply = self.read(call).await?;
            for row in 0..reply.len() / 3 {
                position = reply.bytes(3 * row)?;
                let (header, definition) = (reply.bytes(3 * row + 1)?, reply.bytes(3 * row + 2)?);
                // An entry that is left over from a corrupt job has no header.
                if !header.is_empty() {
                    let id = position.get(17..).ok_or_else(unexpected)?;
                    let job = layout::job(id, &header, definition).map(|job| job.record);
                    found.push((position.clone(), job));
                }
            }
            if reply.len() % 3 != 0 {
                break;
            }
        }
        Ok(found)
    }
}
