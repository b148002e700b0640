//! What the errors of MySQL and MariaDB mean to a scheduler.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::mysql::MySqlDatabaseError;

use crate::error::{Cause, client_failure};

/// The server's own text names users, tables and columns, and at most a piece of a statement; never a
/// password.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    use StoreErrorKind::{Invalid, Other};
    let (kind, message) = match &error {
        sqlx::Error::Database(_) => meaning(number(&error).unwrap_or(0)),
        // A configuration without encryption, for a password that is not sent otherwise, or with a certificate that
        // is none.
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => {
            (Invalid, "no encrypted connection to the database can be made")
        }
        _ => client_failure(&error).unwrap_or((Other, "the database failed")),
    };
    StoreError::new(kind, message).with_source(Cause(error))
}

/// Whether all was undone because others were in the way: a deadlock, or, in some settings of MariaDB, a
/// row that was changed after it had been read, or, in a group of MySQL servers, another server that was first.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1213 | 1020 | 3101))
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

/// See <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html> and
/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>; those from 1900 to 1999 are MariaDB's.
fn meaning(number: u16) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
    match number {
        1045 | 1698 | 1820 | 1862 | 3118 => {
            (Invalid, "the database refused the user or the password")
        }
        1044 | 1142 | 1143 | 1227 => (Invalid, "the database user lacks a privilege"),
        1046 | 1049 => (Invalid, "there is no such database"),
        1153 | 1301 => (Invalid, "a value is too large for the database's max_allowed_packet"),
        1406 | 1264 => (Invalid, "a value is too large for the database"),
        1290 | 1792 | 1836 => (Unavailable, "the database may only be read at present"),
        1021 | 1026 | 1030 | 1114 | 3 | 28 => (Unavailable, "the disk of the database is full"),
        1037 | 1038 | 1041 | 5 => (Unavailable, "the database has not enough memory"),
        1040 | 1203 | 1226 => (Unavailable, "the database has too many connections"),
        1205 => (Unavailable, "a job is held by another transaction for too long"),
        1020 | 1213 | 3101 => (Unavailable, "others are in the way again and again"),
        1053 | 1077..=1080 | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 1969 | 3024 | 4031 => {
            (Unavailable, "the database has ended what it was doing")
        }
        3032 | 3168 => (Unavailable, "the database is closed for maintenance"),
        3159 => (Invalid, "the database takes encrypted connections only"),
        1064 | 1128 | 1305 => (Unsupported, "the database doesn't understand a statement"),
        1665 => (Unsupported, "the database's binlog_format must be ROW or MIXED"),
        1146 | 1054 | 1932 => (Corrupt, "the job tables are not there, or not as they were made"),
        1034 | 1035 | 1194 | 1195 | 1712 => (Corrupt, "the job tables are damaged"),
        _ => (Other, "the database failed"),
    }
}
