//! The connection to the servers, and its commands.

use std::fmt;
use std::time::Duration;

use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::{
    ClientOptions, FindOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Collection, Database};
use punctual_core::StoreError;
use tokio::time::timeout;

use crate::config::{Options, check_database};
use crate::error::{ServerError, code, store_error, timed_out, unexpected};

/// The size of the documents of a search after which no further one is read.
const RESULT_BYTES: usize = 16 << 20;

/// The number of documents in one response.
const BATCH: u32 = 10_000;

/// A pool of connections that all clones share.
#[derive(Clone)]
pub(crate) struct Client {
    database: Database,
    response_timeout: Duration,
    /// For all reads: `majority` in a replica set, so that nothing is read that a failover could undo.
    read_concern: ReadConcern,
}

/// The response to a command that writes.
#[derive(Debug)]
pub(crate) struct Written {
    /// The number of documents that statements have found, or inserted.
    pub(crate) count: usize,
    /// The indexes of the statements that have failed.
    pub(crate) errors: Vec<(usize, ServerError)>,
}

/// The documents that a search has found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) documents: Vec<RawDocumentBuf>,
    /// Whether these are all, as far as the limit of the search allows.
    pub(crate) is_complete: bool,
}

/// A search for documents.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) filter: Document,
    /// Empty if the order does not matter.
    pub(crate) sort: Document,
    /// `None` if all documents are wanted.
    pub(crate) limit: Option<usize>,
    /// Empty if all fields are wanted.
    pub(crate) fields: Document,
    /// Whether to stop at a total size, because the documents may be large.
    pub(crate) is_bounded: bool,
}

impl Search {
    pub(crate) fn new(filter: Document) -> Self {
        Self { filter, sort: doc! {}, limit: None, fields: doc! {}, is_bounded: false }
    }
}

impl Client {
    /// Creates a client, which connects with the first command.
    pub(crate) async fn new(options: &Options) -> Result<Self, StoreError> {
        // Looks up the servers of `mongodb+srv://`.
        let parse = ClientOptions::parse(options.url.clone()).into_future();
        let mut settings = limited(options.timeouts.connect, parse).await?.map_err(store_error)?;
        if let Some(address) = &options.address {
            settings.hosts = vec![address.clone()];
        }
        if let Some(login) = &options.login {
            settings.credential = Some(login.clone());
        }
        let database = match (&options.database, settings.default_database.take()) {
            (Some(database), _) => database.clone(),
            (None, default) => default.unwrap_or_else(|| "punctual".into()),
        };
        check_database(&database)?;
        settings.app_name.get_or_insert_with(|| "punctual".into());
        settings.connect_timeout = Some(options.timeouts.connect);
        // Shorter than that of the whole command, so that the error tells which servers can't be reached.
        let selection = options.timeouts.connect.min(options.timeouts.response).mul_f64(0.9);
        settings.server_selection_timeout = Some(selection);
        // Each call is executed once or not at all, so that its outcome is its own.
        settings.retry_writes = Some(false);
        settings.max_adaptive_retries = Some(0);
        settings.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        settings.read_concern = None;
        settings.write_concern = None;
        let client = mongodb::Client::with_options(settings).map_err(store_error)?;
        Ok(Self {
            database: client.database(&database),
            response_timeout: options.timeouts.response,
            read_concern: ReadConcern::local(),
        })
    }

    /// Makes reads return only what a majority of the replica set has.
    pub(crate) fn read_majority(&mut self) {
        self.read_concern = ReadConcern::majority();
    }

    pub(crate) async fn close(&self) {
        let shutdown = self.database.client().clone().shutdown().immediate(true);
        // After the timeout the connections are closed in the background.
        let _ = limited(self.response_timeout, shutdown.into_future()).await;
    }

    /// Executes a command in the database of the store, or in another one.
    pub(crate) async fn run(&self, command: Document) -> Result<Document, StoreError> {
        self.respond(self.database.run_command(command).into_future()).await?.map_err(store_error)
    }

    /// Executes a command that may take longer than others.
    pub(crate) async fn run_within(
        &self,
        limit: Duration,
        command: Document,
    ) -> Result<mongodb::error::Result<Document>, StoreError> {
        let limit = limit.max(self.response_timeout);
        limited(limit, self.database.run_command(command).into_future()).await
    }

    /// Executes a command that writes, with durable changes. `Err` of the result is an error for the whole command.
    pub(crate) async fn write(
        &self,
        mut command: Document,
    ) -> Result<Result<Written, ServerError>, StoreError> {
        command.insert("ordered", false);
        command.insert("writeConcern", self.write_concern_document());
        let response = match self.respond(self.database.run_command(command).into_future()).await? {
            Ok(response) => response,
            Err(error) => match code(&error) {
                Some(code) => {
                    return Ok(Err(ServerError { code, message: error.kind.to_string() }));
                }
                None => return Err(store_error(error)),
            },
        };
        if let Ok(failure) = response.get_document("writeConcernError") {
            return Ok(Err(server_error(failure)?));
        }
        let errors = match response.get_array("writeErrors") {
            Err(_) => Vec::new(),
            Ok(errors) => {
                let error = |error: &mongodb::bson::Bson| {
                    let error = error.as_document().ok_or_else(unexpected)?;
                    Ok((number(error, "index")?, server_error(error)?))
                };
                errors.iter().map(error).collect::<Result<_, StoreError>>()?
            }
        };
        Ok(Ok(Written { count: number(&response, "n")?, errors }))
    }

    /// The write concern of all changes: lost ones could let a run start twice, or never.
    pub(crate) fn write_concern(&self) -> WriteConcern {
        WriteConcern::builder()
            .w(mongodb::options::Acknowledgment::Majority)
            .journal(true)
            .w_timeout(self.response_timeout)
            .build()
    }

    fn write_concern_document(&self) -> Document {
        doc! { "w": "majority", "j": true, "wtimeout": millis(self.response_timeout) }
    }

    /// Reads documents of a collection.
    pub(crate) async fn find(&self, collection: &str, search: Search) -> Result<Found, StoreError> {
        let Search { filter, sort, limit, fields, is_bounded } = search;
        let collection: Collection<RawDocumentBuf> = self.database.collection(collection);
        let limit = limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        if limit == Some(0) {
            return Ok(Found { documents: Vec::new(), is_complete: true });
        }
        // Not every server accepts an empty document for these.
        let given = |document: Document| (!document.is_empty()).then_some(document);
        let options = FindOptions::builder()
            .sort(given(sort))
            .projection(given(fields))
            .limit(limit)
            // One response, if it is not too large: the default of the first one is 101 documents.
            .batch_size(BATCH)
            .build();
        let find = collection
            .find(filter)
            .with_options(options)
            .read_concern(self.read_concern.clone())
            .max_time(self.response_timeout);
        let read = async {
            let mut cursor = find.await?;
            let (mut documents, mut bytes) = (Vec::new(), 0);
            while cursor.advance().await? {
                let document: &RawDocument = cursor.current();
                bytes += document.as_bytes().len();
                documents.push(document.to_owned());
                if is_bounded && bytes >= RESULT_BYTES {
                    return Ok(Found { documents, is_complete: false });
                }
            }
            let is_complete =
                limit.is_none_or(|limit| i64::try_from(documents.len()).is_ok_and(|n| n < limit));
            Ok(Found { documents, is_complete })
        };
        self.respond(read).await?.map_err(store_error)
    }

    /// Waits for the response to a request.
    pub(crate) async fn respond<T>(
        &self,
        request: impl Future<Output = T>,
    ) -> Result<T, StoreError> {
        limited(self.response_timeout, request).await
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

impl fmt::Debug for Client {
    /// Omits the servers' addresses and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

async fn limited<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout(limit, work).await.map_err(|_| timed_out())
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A number that is not negative, of any type.
fn number(document: &Document, name: &str) -> Result<usize, StoreError> {
    use mongodb::bson::Bson;
    let number = match document.get(name) {
        Some(Bson::Int32(number)) => usize::try_from(*number).ok(),
        Some(Bson::Int64(number)) => usize::try_from(*number).ok(),
        Some(Bson::Double(number)) if (0.0..1e9).contains(number) => Some(*number as usize),
        _ => None,
    };
    number.ok_or_else(unexpected)
}

fn server_error(error: &Document) -> Result<ServerError, StoreError> {
    let code = i32::try_from(number(error, "code")?).map_err(|_| unexpected())?;
    Ok(ServerError { code, message: error.get_str("errmsg").unwrap_or_default().into() })
}
