//! Statements for the history of runs.

use crate::sql::HistoryStatements;

/// A page of the history, read from an index: `?1` entries that finished from `?2` to `?3`, before the key `?4`, `?5`,
/// `?6`.
macro_rules! select_history {
    ($index:literal, $which:literal) => {
        concat!(
            "SELECT h.run_id, h.attempt, h.job_id, h.task, h.node, h.scheduled_time, h.started, h.finished,
                 h.outcome, h.error
             FROM {p}history AS h FORCE INDEX (",
            $index,
            ") WHERE h.finished BETWEEN ?2 AND ?3
             AND (h.finished < ?4 OR h.run_id < ?5 OR (h.run_id = ?5 AND h.attempt < ?6))
             AND (?7 IS NULL OR JSON_CONTAINS(
                 CONVERT(?7 USING utf8mb4), JSON_QUOTE(CONVERT(h.outcome USING utf8mb4))
             )) ",
            $which,
            "ORDER BY h.finished DESC, h.run_id DESC, h.attempt DESC LIMIT ?1"
        )
    };
}

pub(in crate::mysql) const HISTORY: HistoryStatements = HistoryStatements {
    read: select_history!("PRIMARY", ""),
    read_for_job: select_history!("of_job", "AND h.job_id = ?8 "),
    forget_before: "
        DELETE FROM {p}history WHERE finished < ?1 ORDER BY finished, run_id, attempt LIMIT ?2",
    // Entries that concurrent transactions insert or delete are skipped: some more are kept until the next call.
    forget_beyond: "
        DELETE h FROM (
            SELECT old.finished, old.run_id, old.attempt FROM (
                SELECT k.finished, k.run_id, k.attempt, ROW_NUMBER() OVER (
                    PARTITION BY k.job_id ORDER BY k.finished DESC, k.run_id DESC, k.attempt DESC
                ) AS place
                FROM (
                    SELECT e.job_id, e.finished, e.run_id, e.attempt
                    FROM (
                        SELECT DISTINCT CAST(c.job AS BINARY) AS job
                        FROM JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
                            job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$'
                        )) AS c
                    ) AS asked
                    STRAIGHT_JOIN {p}history AS e FORCE INDEX (of_job) ON e.job_id = asked.job
                    FOR UPDATE SKIP LOCKED
                ) AS k
            ) AS old WHERE old.place > ?2 LIMIT ?3
        ) AS beyond
        STRAIGHT_JOIN {p}history AS h FORCE INDEX (PRIMARY) ON h.finished = beyond.finished
            AND h.run_id = beyond.run_id AND h.attempt = beyond.attempt",
};

/// Rows are those of `history::entry_rows`. An existing entry is not changed.
pub(in crate::mysql) const RECORD_HISTORY: [&str; 3] = [
    "INSERT INTO {p}history
         (finished, run_id, attempt, job_id, task, node, scheduled_time, started, outcome, error)
     VALUES ",
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    " ON DUPLICATE KEY UPDATE attempt = attempt",
];
