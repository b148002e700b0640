//! Statements about connections, transactions and the server.

/// No gaps are held between the rows, where others want to add theirs.
pub(in crate::mysql) const BEGIN: &str =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";

/// The same, a statement each.
pub(in crate::mysql) const READ_COMMITTED: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
pub(in crate::mysql) const START: &str = "START TRANSACTION";
pub(in crate::mysql) const COMMIT: &str = "COMMIT";

/// Sees nothing of what others write after its first statement.
pub(in crate::mysql) const BEGIN_SNAPSHOT: &str =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ ONLY";

/// What connections need that a server may have otherwise: statements that end by themselves, change and read as
/// many rows as they are to, and gather as many keys as a batch has.
pub(in crate::mysql) const SETTINGS: &str = "
    SET SESSION autocommit = 1, sql_safe_updates = 0, sql_big_selects = 1,
        sql_select_limit = 18446744073709551615, group_concat_max_len = 1073741824";

/// The server's version, how many bytes it takes at once, the database if one is chosen, and which settings the
/// connection needs that it doesn't have. Lengths that nobody can do with are those of a batch with the longest
/// names; MySQL gathers keys without a limit.
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

/// Prefix, how many seconds to wait. Locks of all databases of a server have their names in common: they are those
/// of the tables.
pub(in crate::mysql) const LOCK: &str = "SELECT GET_LOCK(SHA2(CONCAT('punctual ', ?1), 256), ?2)";
pub(in crate::mysql) const UNLOCK: &str = "DO RELEASE_LOCK(SHA2(CONCAT('punctual ', ?1), 256))";
