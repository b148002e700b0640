//! Conversion of the errors of MySQL and MariaDB.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::mysql::MySqlDatabaseError;

use crate::error::{Cause, client_failure};

/// The error of the server may contain names of users, tables and columns, and a part of a statement, but no passwords.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    use StoreErrorKind::{Invalid, Other};
    let (kind, message) = match &error {
        sqlx::Error::Database(_) => classify(number(&error).unwrap_or(0)),
        // A missing encryption setting, a password that is sent over encrypted connections only, or an invalid
        // certificate.
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => {
            (Invalid, "can't establish an encrypted connection to the database")
        }
        _ => client_failure(&error).unwrap_or((Other, "the database failed")),
    };
    StoreError::new(kind, message).with_source(Cause(error))
}

/// Whether the transaction was rolled back because of a conflict with a concurrent one: a deadlock, a row that has been
/// changed since it was read (in some settings of MariaDB), or a conflict with another server of a MySQL group.
pub(super) fn is_write_conflict(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1213 | 1020 | 3101))
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

/// See <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html> and
/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>; numbers from 1900 to 1999 are MariaDB's.
fn classify(number: u16) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
    match number {
        1045 | 1698 | 1820 | 1862 | 3118 => {
            (Invalid, "the database rejected the user or the password")
        }
        1044 | 1142 | 1143 | 1227 => (Invalid, "the database user lacks a privilege"),
        1046 | 1049 => (Invalid, "there is no such database"),
        1153 | 1301 => (Invalid, "a value is too large for the database's max_allowed_packet"),
        1406 | 1264 => (Invalid, "a value is too large for the database"),
        1290 | 1792 | 1836 => (Unavailable, "the database is currently read-only"),
        1021 | 1026 | 1030 | 1114 | 3 | 28 => (Unavailable, "the disk of the database is full"),
        1037 | 1038 | 1041 | 5 => (Unavailable, "the database is out of memory"),
        1040 | 1203 | 1226 => (Unavailable, "the database has too many connections"),
        1205 => (Unavailable, "timeout while a job was locked by another transaction"),
        1020 | 1213 | 3101 => (Unavailable, "too many deadlocks with concurrent transactions"),
        1053 | 1077..=1080 | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 1969 | 3024 | 4031 => {
            (Unavailable, "the database aborted the statement or closed the connection")
        }
        3032 | 3168 => (Unavailable, "the database is in maintenance mode"),
        3159 => (Invalid, "the database requires an encrypted connection"),
        1064 | 1128 | 1305 => (Unsupported, "the database doesn't support a statement"),
        1665 => (Unsupported, "the database's binlog_format must be ROW or MIXED"),
        1146 | 1054 | 1932 => {
            (Corrupt, "the job tables don't exist or have an unexpected structure")
        }
        1034 | 1035 | 1194 | 1195 | 1712 => (Corrupt, "the job tables are corrupt"),
        _ => (Other, "the database failed"),
    }
}
