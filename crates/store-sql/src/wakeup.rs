//! When the next job is due, and what time it is now.

use punctual_core::{StoreError, TaskFilter, Timestamp};

use crate::batch::tasks;
use crate::client::{Columns, Value};
use crate::database::Database;
use crate::dialect::Dialect;

impl<D: Dialect> Database<D> {
    pub(crate) async fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> Result<Option<Timestamp>, StoreError> {
        let tasks = tasks(filter)?;
        let found = match &tasks {
            None => self.ask(D::STATEMENTS.next_wakeup, &[]).await?,
            Some(tasks) => {
                self.ask(D::STATEMENTS.next_wakeup_of_tasks, &[Value::Text(tasks)]).await?
            }
        };
        instant(&found)
    }

    pub(crate) async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        match D::STATEMENTS.time {
            Some(time) => instant(&self.ask(time, &[]).await?),
            None => Ok(None),
        }
    }
}

/// The instant in the first row, if there is one.
fn instant(rows: &[impl Columns]) -> Result<Option<Timestamp>, StoreError> {
    rows.first().map(|row| row.int(0).map(Timestamp::from_micros)).transpose()
}
