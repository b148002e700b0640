//! The creation of the tables, also by several processes at once.
//!
//! The server doesn't create tables atomically: two processes can create two with one name, which nobody can use from then on.
//! Changes of a document are atomic. Therefore:
//!
//! 1. Whoever creates a table looks afterwards whether it is the only one with its name, and drops it otherwise. Of several
//!    creators at most one doesn't see another table. The table `shared` is the first one.
//! 2. Its creator enters itself in the document `tables`, and creates the others. If it doesn't for [`PATIENCE`], or if users
//!    have created the tables, another process does.
//! 3. Then it marks the document. No process uses a table before.

use std::time::Duration;

use punctual_core::StoreError;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::database::RethinkDb;
use crate::error::RequestError;
use crate::layout::{Table, object};
use crate::reql::Term;
use crate::server::CREATION_TIMEOUT;

/// The document about the creation.
const TABLES: &str = "tables";

/// How long a creation by another process may make no progress. A creator drops nothing after half of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The document [`TABLES`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Creation {
    /// The token of the process that creates the tables, or has created them.
    by: String,
    is_complete: bool,
}

/// What a process has seen of the creation.
struct Progress {
    creation: Option<Creation>,
    since: Instant,
}

impl RethinkDb {
    /// Creates the tables that don't exist, or waits until another process has.
    pub(crate) async fn create_tables(&self) -> Result<(), StoreError> {
        let token = Uuid::new_v4().simple().to_string();
        let start = Instant::now();
        let mut progress = Progress { creation: None, since: start };
        loop {
            let result = self.try_to_create(&token, &mut progress).await;
            match result {
                Ok(true) => return Ok(()),
                Err(error) if !error.is_operation_failed() => return Err(error.into()),
                Err(error) if start.elapsed() > CREATION_TIMEOUT => return Err(error.into()),
                Ok(false) if start.elapsed() > CREATION_TIMEOUT => {
                    return Err(RequestError::TimedOut.into());
                }
                Ok(false) | Err(_) => self.pause().await,
            }
        }
    }

    /// Returns whether all tables can be used.
    async fn try_to_create(
        &self,
        token: &str,
        progress: &mut Progress,
    ) -> Result<bool, RequestError> {
        let names = self.names(Term::db(self.tables.database()).table_list()).await?;
        let is_missing = |table: &Table| !names.contains(&self.tables.name(*table));
        let is_creator = is_missing(&Table::Shared);
        if is_creator && !self.create_alone(Table::Shared).await? {
            return Ok(false);
        }
        let creation: Option<Creation> = self.client.value(&self.creation()).await?;
        progress.update(&creation);
        let missing: Vec<_> =
            [Table::Jobs, Table::History].into_iter().filter(is_missing).collect();
        let may_create = match &creation {
            Some(creation) if creation.is_complete && missing.is_empty() => return Ok(true),
            // A user has dropped one.
            Some(creation) if creation.is_complete => true,
            Some(creation) => creation.by == token,
            None => is_creator,
        };
        if !may_create && progress.since.elapsed() < PATIENCE {
            return Ok(false);
        }
        let own = Creation { by: token.into(), is_complete: false };
        if !self.replace_creation(creation.as_ref(), &own).await? {
            return Ok(false);
        }
        for table in missing {
            if !self.create_alone(table).await? {
                return Ok(false);
            }
        }
        self.replace_creation(Some(&own), &Creation { is_complete: true, ..own.clone() }).await
    }

    /// Creates a table, and returns whether no other one has its name. If one has, the new one is dropped.
    async fn create_alone(&self, table: Table) -> Result<bool, RequestError> {
        let name = self.tables.name(table);
        let create = Term::db(self.tables.database()).table_create(&name);
        let created = create.field("config_changes").field(0).field("new_val").field("id");
        let id: String = match self.client.value_within(CREATION_TIMEOUT, &created).await {
            Err(error) if error.is_already_there() => return Ok(false),
            id => id?,
        };
        let start = Instant::now();
        let found = self.client.value::<String>(&self.plain(table).config().field("id")).await;
        match found {
            Ok(found) if found != id => return Ok(false),
            Ok(_) => {}
            // Not every user may see it, or drop a table by its id.
            Err(error) if error.is_permission() => {}
            // Another process may have begun to use it since.
            Err(error) if !error.is_operation_failed() || start.elapsed() > PATIENCE / 2 => {
                return Err(error);
            }
            Err(_) => {
                self.drop_table(&id).await?;
                return Ok(false);
            }
        }
        let wait = self.plain(table).wait();
        let _: Value = self.client.value_within(CREATION_TIMEOUT, &wait).await?;
        Ok(true)
    }

    async fn drop_table(&self, id: &str) -> Result<(), RequestError> {
        let error = Term::table_by_id(id).delete().field("first_error").or_null();
        match self.client.value::<Option<String>>(&error).await? {
            Some(error) => Err(RequestError::of_document(&error)),
            None => Ok(()),
        }
    }

    fn creation(&self) -> Term {
        self.tables.term(Table::Shared).get(TABLES)
    }

    /// Replaces the document if it is as expected.
    async fn replace_creation(
        &self,
        old: Option<&Creation>,
        new: &Creation,
    ) -> Result<bool, RequestError> {
        let old = old.map_or(Term::null(), Creation::document);
        let replace =
            self.creation().replace(1, |row| row.clone().eq(old).branch(new.document(), row));
        let replace = replace.with("durability", "hard").with("return_changes", "always");
        let now = replace.field("changes").field(0).field("new_val");
        Ok(self.client.value::<Option<Creation>>(&now).await?.as_ref() == Some(new))
    }

    /// Waits for a random time, so that processes that hinder each other don't do so again.
    async fn pause(&self) {
        let millis = 50 + u64::from(Uuid::new_v4().as_bytes()[0]);
        let _ = timeout(Duration::from_millis(millis), self.client.closed()).await;
    }
}

impl Creation {
    fn document(&self) -> Term {
        let document = json!({ "id": TABLES, "by": self.by, "is_complete": self.is_complete });
        Term::data(object(document))
    }
}

impl Progress {
    fn update(&mut self, creation: &Option<Creation>) {
        if self.creation != *creation {
            *self = Self { creation: creation.clone(), since: Instant::now() };
        }
    }
}
