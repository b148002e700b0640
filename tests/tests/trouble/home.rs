//! A database of a test's own.

use std::path::Path;
use std::sync::Arc;

use punctual::core::DynJobStore;
use punctual::{BackgroundScheduler, SchedulerBuilder};
use punctual_tests::halt::Halts;
use punctual_tests::server::Server;
use punctual_tests::store::{Place, builder};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    MySql,
    Postgres,
}

/// A database with everything that belongs to it in one folder.
pub(crate) struct Home {
    kind: Kind,
    place: Place,
    /// Nobody else's; none for a database in a file.
    server: Option<Server>,
}

impl Home {
    pub(crate) fn new(kind: Kind, folder: &Path) -> Self {
        let folder = folder.join("services");
        let (place, server) = match kind {
            Kind::Sqlite => (Place::from(folder.parent().expect("the test's folder")), None),
            Kind::MySql => {
                let server = Server::start_in("mysql", folder);
                (Place::MySql(server.url().into()), Some(server))
            }
            Kind::Postgres => {
                let server = Server::start_in("postgres", folder);
                (Place::Postgres(server.url().into()), Some(server))
            }
        };
        Self { kind, place, server }
    }

    /// For a user who may do anything but write when [`may_be_written`](Self::may_be_written) forbids it.
    pub(crate) fn of_a_plain_user(kind: Kind, folder: &Path) -> Self {
        let mut home = Self::new(kind, folder);
        if let (Kind::MySql, Some(server)) = (kind, &home.server) {
            server.does("CREATE USER plain@127.0.0.1; GRANT ALL ON punctual.* TO plain@127.0.0.1");
            home.place = Place::MySql(server.url().replace("root@", "plain@"));
        }
        home
    }

    /// Whether others than administrators may write.
    pub(crate) fn may_be_written(&self, may: bool) {
        let server = self.server.as_ref().expect("a server");
        match self.kind {
            Kind::Sqlite => unreachable!("it has no server"),
            Kind::MySql => server.does(&format!("SET GLOBAL read_only = {}", i32::from(!may))),
            // As on a replica, it holds for administrators too.
            Kind::Postgres => {
                server.does(&format!("ALTER SYSTEM SET default_transaction_read_only = {}", !may));
                server.does("SELECT pg_reload_conf()");
            }
        }
    }

    /// A store there, started.
    pub(crate) async fn open(&self) -> Arc<dyn DynJobStore> {
        let store = self.place.store();
        store.start().await.expect("the store starts");
        store
    }

    /// A scheduler on a store there.
    pub(crate) fn scheduler(&self) -> SchedulerBuilder<BackgroundScheduler> {
        builder(&self.place, Halts(watch::Sender::new(None)))
    }

    /// Whether there is a server that has ended by itself.
    pub(crate) fn has_crashed(&self) -> bool {
        self.server.as_ref().is_some_and(|server| !server.is_running())
    }

    /// Ends the server, if there is one, as a crash does, and starts it again.
    pub(crate) fn restart(&self) {
        if let Some(server) = &self.server {
            server.down();
            server.up();
        }
    }
}
