//! Statements for connections, transactions and the server.

/// With this isolation level no gaps between rows are locked, so that concurrent transactions can insert there.
pub(in crate::mysql) const BEGIN: &str =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";

/// The same as separate statements.
pub(in crate::mysql) const READ_COMMITTED: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
pub(in crate::mysql) const START: &str = "START TRANSACTION";
pub(in crate::mysql) const COMMIT: &str = "COMMIT";

/// A snapshot that does not see changes committed after its first statement.
pub(in crate::mysql) const BEGIN_SNAPSHOT: &str =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ ONLY";

/// Settings of a connection that may differ from the server's defaults: autocommit, no restrictions of updates and
/// selects, and a sufficient length for aggregated keys of a batch.
pub(in crate::mysql) const SETTINGS: &str = "
    SET SESSION autocommit = 1, sql_safe_updates = 0, sql_big_selects = 1,
        sql_select_limit = 18446744073709551615, group_concat_max_len = 1073741824";

/// Returns the server's version, its maximum packet size, the current database or NULL, and the settings that the
/// connection lacks. The minimum lengths are those of a batch with names of the maximum length; MySQL has no limit for
/// aggregated keys.
pub(in crate::mysql) const SERVER: &str = "
    SELECT CONVERT(VERSION() USING utf8mb4), CAST(@@max_allowed_packet AS SIGNED),
        CONVERT(DATABASE() USING utf8mb4), CONVERT(CONCAT_WS(', ',
            IF(@@autocommit, NULL, 'autocommit = 1'),
            IF(@@sql_safe_updates, 'sql_safe_updates = 0', NULL),
            IF(@@sql_big_selects, NULL, 'sql_big_selects = 1'),
            IF(@@sql_select_limit < 1048576, 'sql_select_limit = 1048576', NULL),
            IF(VERSION() LIKE '%MariaDB%' AND @@group_concat_max_len < 1048576,
                'group_concat_max_len = 1048576', NULL),
            IF(@@max_allowed_packet < 4194304, 'max_allowed_packet = 4194304', NULL)
        ) USING utf8mb4)";

/// Prefix, timeout in seconds. Lock names are shared by all databases of a server; the prefix contains the database.
pub(in crate::mysql) const LOCK: &str = "SELECT GET_LOCK(SHA2(CONCAT('punctual ', ?1), 256), ?2)";
pub(in crate::mysql) const UNLOCK: &str = "DO RELEASE_LOCK(SHA2(CONCAT('punctual ', ?1), 256))";
