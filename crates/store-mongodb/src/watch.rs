//! Notification of changes by a change stream.

use mongodb::Collection;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::change_stream::ChangeStream;
use punctual_core::{BoxFuture, ChangeWatch, StoreError};

use crate::client::Client;
use crate::error::store_error;

/// A watcher with its own cursor.
pub(crate) struct Watch {
    client: Client,
    collection: String,
    /// `None` while the stream must be reopened.
    stream: Option<ChangeStream<RawDocumentBuf>>,
}

impl Watch {
    /// Starts to listen.
    pub(crate) async fn begin(client: Client, collection: String) -> Result<Self, StoreError> {
        let stream = Some(open(&client, &collection).await?);
        Ok(Self { client, collection, stream })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        // Taken, because a call that is dropped leaves a stream that can't be used any more.
        if let Some(mut stream) = self.stream.take() {
            while stream.is_alive() {
                match stream.next_if_any().await {
                    Ok(Some(_)) => {
                        self.stream = Some(stream);
                        return Ok(());
                    }
                    Ok(None) => {}
                    // It has been resumed after a lost connection, if that was possible.
                    Err(_) => break,
                }
            }
        }
        // Changes while there was no stream are lost, so a change is reported after every reopening.
        self.stream = Some(open(&self.client, &self.collection).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.next())
    }
}

/// Opens a stream of new jobs and of changes with a token in `told`.
async fn open(
    client: &Client,
    collection: &str,
) -> Result<ChangeStream<RawDocumentBuf>, StoreError> {
    let collection: Collection<RawDocumentBuf> = client.database().collection(collection);
    let told = doc! { "updateDescription.updatedFields.told": { "$exists": true } };
    let events = collection
        .watch()
        .pipeline([
            doc! { "$match": { "$or": [{ "operationType": "insert" }, told] } },
            doc! { "$project": { "_id": 1 } },
        ])
        .into_future();
    let stream = client.respond(events).await?.map_err(store_error)?;
    Ok(stream.with_type())
}
