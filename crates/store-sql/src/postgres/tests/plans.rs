//! Query plans: no statement of the firing path may scan a table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Fence, InFlightRun, JobRecord, JobStore, NodeId, RunId,
    Schedule, TaskFilter, TaskName,
};
use punctual_testkit::server_url;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Row};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::super::names::QualifiedNames;
use super::super::sql::{HISTORY, STATEMENTS};
use super::{Tables, at, due, unique};
use crate::tables::TablePrefix;
use crate::testing::{WAIT_TIMEOUT, run};

/// The statistics of tables: the number of sequential scans, and of rows that were read.
type Reads = HashMap<String, (i64, i64)>;

impl Tables {
    /// A store whose connections have a unique application name.
    async fn named(&self) -> (PostgresJobStore, String) {
        let name = unique();
        let options: PgConnectOptions = server_url("postgres").parse().unwrap();
        let builder = self.builder().connect_options(options.application_name(&name));
        let store = builder.build().unwrap();
        store.start().await.unwrap();
        (store, name)
    }

    /// Shuts down a store and waits until its statistics have been reported.
    async fn shut_down(&mut self, (store, name): (PostgresJobStore, String)) {
        store.shutdown().await;
        let left = format!("SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}'");
        let gone = async { while !self.run(&left).await.is_empty() {} };
        timeout(WAIT_TIMEOUT, gone).await.expect("the connections are closed");
    }

    async fn reads(&mut self) -> Reads {
        let counts = "SELECT relname::text, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0)
            FROM pg_stat_user_tables WHERE schemaname = '{schema}'";
        let read = |row: &PgRow| (row.get(0), (row.get(1), row.get(2)));
        self.run(counts).await.iter().map(read).collect()
    }
}

/// Tables with jobs, due at intervals of one second. For few jobs a scan would be faster, but a generic plan is kept
/// while the tables grow.
async fn filled(count: i64) -> Tables {
    let mut tables = Tables::new().await;
    let store = tables.named().await;
    let jobs = (0..count).map(|n| due(&format!("job {n:05}"), at(n))).collect();
    store.0.add(jobs).await.unwrap();
    tables.shut_down(store).await;
    tables.run("ANALYZE {p}jobs, {p}runs").await;
    tables
}

#[tokio::test]
async fn a_fire_reads_only_its_own_rows() {
    let known = Arc::new(["rest", "work"].map(|name| TaskName::new(name).unwrap()).into());
    for filter in [TaskFilter::Any, TaskFilter::Only(known)] {
        for count in [3, 20_000] {
            let mut tables = filled(count).await;
            let before = tables.reads().await;
            let store = tables.named().await;
            // More often than PostgreSQL uses custom plans.
            for fires in 1..8 {
                fire(&store.0, &filter, fires).await;
            }
            finish(&store.0, &filter).await;
            tables.shut_down(store).await;
            let after = tables.reads().await;
            for table in ["punctual_jobs", "punctual_runs"] {
                let ((scans, rows), earlier) = (after[table], before[table]);
                assert_eq!(scans - earlier.0, 0, "{table} was scanned");
                let rows = rows - earlier.1;
                assert!(rows < 7 * 3 * 15, "{rows} rows of {table} for 21 fires of {count} jobs");
            }
            tables.drop().await;
        }
    }
}

#[tokio::test]
async fn a_renewal_reads_only_the_earliest_jobs() {
    let mut tables = filled(20_000).await;
    // Not through the store, because its statistics would be reported later.
    let runs = "INSERT INTO {p}runs
        SELECT 'job ' || lpad(n::text, 5, '0'), gen_random_uuid(), 0, 1, 'there', 1
        FROM generate_series(0, 19999) AS n;
        INSERT INTO {p}nodes VALUES ('there', 253402300799999999, false); ANALYZE {p}runs, {p}nodes";
    tables.run(runs).await;
    let known = Arc::new([TaskName::new("work").unwrap()].into());
    let filters = [TaskFilter::Any, TaskFilter::Only(known)];
    // A renewal reads up to 1,000 jobs that are due, or will be within a minute. The cursor in the function
    // `next_wakeup` fetches ten rows at a time.
    for (now, max_rows) in [(0, 90), (30_000, 1_030)] {
        let before = tables.reads().await["punctual_jobs"];
        let store = tables.named().await;
        for filter in &filters {
            let node = NodeId::new("here").unwrap();
            // More often than PostgreSQL uses custom plans.
            for now in now..now + 8 {
                let renewal = store.0.renew(&node, at(now), at(now + 10), filter).await.unwrap();
                assert_eq!((renewal.next_wakeup, renewal.has_orphans), (Some(at(0)), false));
            }
        }
        tables.shut_down(store).await;
        let (scans, rows) = tables.reads().await["punctual_jobs"];
        assert_eq!(scans - before.0, 0, "the jobs were scanned");
        let rows = rows - before.1;
        assert!(rows < 16 * max_rows, "{rows} jobs were read for 16 renewals");
    }
    tables.drop().await;
}

/// Fires the first three jobs: two are advanced, each with a run that is cleared, and one is postponed.
async fn fire(store: &PostgresJobStore, filter: &TaskFilter, fires: u64) {
    let (now, lease) = (at(2), Duration::from_secs(9));
    assert!(store.next_wakeup(filter).await.unwrap().is_some());
    let node = NodeId::new("here").unwrap();
    let claims = store.claim_due(&node, now, 9, lease, filter).await.unwrap();
    let commit = |(claim, number): (&JobRecord, u128)| {
        let run_id = RunId::from_u128(number);
        let run = InFlightRun {
            run_id,
            scheduled_time: now,
            attempt: 1,
            node: node.clone(),
            fence: Fence(1),
        };
        let schedule = Schedule::at(now);
        let advance = CommitAction::Advance { schedule, fire_count: fires, start: vec![run] };
        let postpone = CommitAction::Postpone { due_at: now };
        let action = if number == 0 { postpone } else { advance };
        let id = &claim.id;
        let clear = CommitAction::ClearRun { run_id };
        [
            Commit { id: id.clone(), fence: claim.fence, action },
            Commit { id: id.clone(), fence: Fence(1), action: clear },
        ]
    };
    let commits: Vec<_> = claims.records.iter().zip(0..).flat_map(commit).collect();
    assert_eq!(commits.len(), 6);
    store.commit(commits.into()).await.unwrap();
}

/// Finishes the first three jobs, two of them with a run that is cleared.
async fn finish(store: &PostgresJobStore, filter: &TaskFilter) {
    let (now, node) = (at(2), NodeId::new("here").unwrap());
    let claims = store.claim_due(&node, now, 9, Duration::from_secs(9), filter).await.unwrap();
    let finish = |(claim, number): (&JobRecord, u128)| {
        let run = InFlightRun { run_id: RunId::from_u128(number), fence: claim.fence, ..run() };
        let start = if number == 0 { Vec::new() } else { vec![run] };
        Commit { id: claim.id.clone(), fence: claim.fence, action: CommitAction::Finish { start } }
    };
    let finishes: Vec<_> = claims.records.iter().zip(0..).map(finish).collect();
    let clear = |finish: &Commit| {
        let CommitAction::Finish { start } = &finish.action else { return None };
        let action = CommitAction::ClearRun { run_id: start.first()?.run_id };
        Some(Commit { action, ..finish.clone() })
    };
    let clears: Vec<_> = finishes.iter().filter_map(clear).collect();
    assert_eq!((finishes.len(), clears.len()), (3, 2));
    let (done, removed) = (CommitOutcome::Done, CommitOutcome::Removed);
    assert_eq!(store.commit(finishes.into()).await.unwrap(), [removed, done, done]);
    assert_eq!(store.commit(clears.into()).await.unwrap(), [removed, removed]);
}

/// Returns the plan of a prepared statement with these arguments.
async fn plan(
    tables: &mut Tables,
    statement: &'static str,
    types: &str,
    arguments: &str,
) -> String {
    let schema = tables.schema.clone();
    let names = QualifiedNames::find(&mut tables.own, Some(&schema), &TablePrefix::default())
        .await
        .unwrap();
    let sql = names.sql(statement);
    tables.run(&format!("PREPARE q {types} AS {}", sql.as_str())).await;
    let explain = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE q {arguments}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut tables.own).await.unwrap();
    tables.run("DEALLOCATE q").await;
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

#[tokio::test]
async fn statements_of_users_use_an_index() {
    let mut tables = filled(20_000).await;
    let history = "INSERT INTO {p}history
        SELECT n, gen_random_uuid(), 1, 'job ' || n % 100, 'work', 'here', n, n, 'success'
        FROM generate_series(1, 20000) AS n; ANALYZE {p}history";
    tables.run(history).await;
    let run = "'ffffffffffffffffffffffffffffffff'";
    let page = "(bigint, bigint, bigint, bigint, text, bigint, text";
    let statements = [
        ("get", STATEMENTS.get, "(text)", "('job 7')"),
        (
            "update",
            STATEMENTS.update,
            "(text, bigint, bool, bigint, bigint, text, bigint, bool, bigint)",
            "('job 7', 1, true, 5, 5, 'work', 0, true, 5)",
        ),
        ("update definition", STATEMENTS.update_definition, "(text, bytea)", "('job 7', '')"),
        ("hold", STATEMENTS.lock_jobs, "(text)", "('[\"job 7\"]')"),
        ("remove", STATEMENTS.remove, "(text)", "('[\"job 7\"]')"),
        ("release", STATEMENTS.release, "(text)", "('[\"job 7\"]')"),
        ("list", STATEMENTS.list_scheduled, "(bigint)", "(10)"),
        (
            "list after",
            STATEMENTS.list_scheduled_after,
            "(bigint, bigint, text)",
            "(10, 5, 'job 7')",
        ),
        ("list unscheduled", STATEMENTS.list_unscheduled, "(bigint)", "(10)"),
        (
            "list unscheduled after",
            STATEMENTS.list_unscheduled_after,
            "(bigint, text)",
            "(10, 'job 7')",
        ),
        ("history", HISTORY.read, &format!("{page})"), &format!("(9, 5, 99, 99, {run}, 1, NULL)")),
        (
            "history of a job",
            HISTORY.read_for_job,
            &format!("{page}, text)"),
            &format!("(9, 5, 99, 99, {run}, 1, NULL, 'job 7')"),
        ),
        ("forget before", HISTORY.forget_before, "(bigint, bigint)", "(99, 10)"),
        (
            "forget beyond",
            HISTORY.forget_beyond,
            "(text, bigint, bigint)",
            "('[\"job 7\"]', 5, 10)",
        ),
    ];
    for mode in ["force_custom_plan", "force_generic_plan"] {
        tables.run(&format!("SET plan_cache_mode = {mode}")).await;
        for (name, statement, types, arguments) in &statements {
            let plan = plan(&mut tables, statement, types, arguments).await;
            for table in ["jobs", "history"] {
                let scan = format!("Seq Scan on punctual_{table}");
                assert!(!plan.contains(&scan), "{name}, {mode}:\n{plan}");
            }
        }
    }
    tables.drop().await;
}

#[tokio::test]
async fn due_jobs_are_found_by_the_due_index() {
    // The queries of the function, planned with its settings.
    let function = include_str!("../claim.sql");
    let queries = function.split("WITH due AS (").skip(1);
    let queries: Vec<_> = queries.map(|query| query.split("), claimed AS").next()).collect();
    assert_eq!(queries.len(), 2, "one for all tasks and one with a filter");
    let settings = function.lines().take_while(|line| !line.contains("AS $function$"));
    let settings: String = settings
        .filter(|line| line.starts_with("    SET "))
        .map(|line| format!("{line};"))
        .collect();
    for count in [3, 20_000] {
        let mut tables = filled(count).await;
        tables.run(&settings).await;
        for query in queries.iter().flatten() {
            tables
                .run(&format!("PREPARE q (text, bigint, bigint, bigint, text[]) AS {query}"))
                .await;
            let explain =
                "EXPLAIN (COSTS OFF) EXECUTE q ('here', 1, 1, 10, '{work}'); DEALLOCATE q";
            let plan = tables.run(explain).await;
            let plan: String = plan.iter().map(|row| row.get::<String, _>(0) + "\n").collect();
            assert!(plan.contains("Index Scan using punctual_jobs_due on"), "{plan}");
            assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
        }
        tables.drop().await;
    }
}
