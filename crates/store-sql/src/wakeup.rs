//! When the next job is due.

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
        let mut connection = self.dialect.read().await?;
        let found = match &tasks {
            None => self.fetch(&mut connection, D::STATEMENTS.next_wakeup, &[]).await?,
            Some(tasks) => {
                let statement = D::STATEMENTS.next_wakeup_of_tasks;
                self.fetch(&mut connection, statement, &[Value::Text(tasks)]).await?
            }
        };
        connection.finish();
        found.first().map(|row| Ok(Timestamp::from_micros(row.int(0)?))).transpose()
    }
}
