//! Query plans: no statement of the firing path may scan a table.

use punctual_core::JobStore;
use sqlx::{AssertSqlSafe, Row};

use super::super::SqliteJobStore;
use super::super::sql::{self, STATEMENTS};
use crate::dialect::Dialect;

/// Returns the steps of a statement's plan, including those of subqueries.
async fn plan(store: &SqliteJobStore, statement: &'static str) -> Vec<String> {
    let database = store.handle.current_backend().unwrap().dialect;
    let explain = format!("EXPLAIN QUERY PLAN {}", database.sql(statement).as_str());
    let rows = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_all(&mut *database.read().await.unwrap())
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

#[tokio::test]
async fn due_jobs_are_found_by_the_due_index() {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    let steps = plan(&store, sql::DUE).await;
    assert_eq!(steps[0], "SEARCH j USING INDEX punctual_jobs_due (due_at<?)", "{steps:#?}");
    for statement in [sql::DUE, STATEMENTS.next_wakeup, STATEMENTS.renewal_status] {
        let steps = plan(&store, statement).await;
        let of_jobs = steps.iter().filter(|step| step.contains(" j "));
        let by_key = |step: &str| step.contains("(id=?)") || step.contains("(rowid=?)");
        for step in of_jobs.filter(|step| !by_key(step)) {
            assert!(step.contains("INDEX punctual_jobs_due"), "{steps:#?}");
        }
        assert!(
            !steps.iter().any(|step| step.contains("ORDER BY")),
            "sorting is required: {steps:#?}"
        );
    }
}

/// Returns the root pages of the tables and indexes that a statement opens for writing.
async fn written(store: &SqliteJobStore, statement: &'static str) -> Vec<i64> {
    let database = store.handle.current_backend().unwrap().dialect;
    let explain = format!("EXPLAIN {}", database.sql(statement).as_str());
    let mut connection = database.read().await.unwrap();
    let steps = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    let writes = steps.iter().filter(|step| step.get::<&str, _>("opcode") == "OpenWrite");
    writes.map(|step| step.get("p2")).collect()
}

async fn root_page(store: &SqliteJobStore, name: &str) -> i64 {
    let database = store.handle.current_backend().unwrap().dialect;
    let select = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let mut connection = database.read().await.unwrap();
    sqlx::query_scalar(select).bind(name).fetch_one(&mut *connection).await.unwrap()
}

#[tokio::test]
async fn a_claim_writes_to_no_index() {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    let claims = root_page(&store, "punctual_claims").await;
    assert_eq!(written(&store, sql::CLAIM).await, [claims], "the table of claims only");
    let jobs = root_page(&store, "punctual_jobs").await;
    let written = written(&store, sql::ADVANCE).await;
    assert!(written.contains(&jobs) && written.contains(&claims), "{written:?}");
    assert_eq!(written.len(), 4, "the two tables, and two indexes of jobs");
}

#[tokio::test]
async fn no_statement_of_the_firing_path_scans_a_table() {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    let statements = [
        ("add", sql::ADD),
        ("add definitions", sql::ADD_DEFINITIONS),
        ("added", sql::ADDED),
        ("due", sql::DUE),
        ("end expired", sql::END_EXPIRED),
        ("claim", sql::CLAIM),
        ("guard states", sql::GUARD_STATES),
        ("recorded", sql::RECORDED),
        ("advance", sql::ADVANCE),
        ("postpone", sql::POSTPONE),
        ("hasten", sql::BRING_FORWARD),
        ("release", STATEMENTS.release),
        ("finish", sql::FINISH),
        ("record runs", sql::RECORD_RUNS),
        ("retry runs", sql::RETRY_RUNS),
        ("runs exist", sql::RUNS_EXIST),
        ("clear runs", sql::CLEAR_RUNS),
        ("delete completed", sql::DELETE_COMPLETED),
        ("orphaned claims", STATEMENTS.orphaned_claims),
        ("take over", STATEMENTS.take_over),
        ("renew lease", sql::RENEW_LEASE),
        ("next wakeup", STATEMENTS.next_wakeup),
        ("get", STATEMENTS.get),
        ("update", STATEMENTS.update),
        ("lock jobs", STATEMENTS.lock_jobs),
        ("remove", STATEMENTS.remove),
        ("remove runs", STATEMENTS.remove_runs),
        ("list", STATEMENTS.list_scheduled_after),
        ("list unscheduled", STATEMENTS.list_unscheduled_after),
        ("record history", sql::RECORD_HISTORY),
        ("history", sql::HISTORY.read),
        ("history of a job", sql::HISTORY.read_for_job),
        ("forget history before", sql::HISTORY.forget_before),
        ("forget history beyond", sql::HISTORY.forget_beyond),
    ];
    for (name, statement) in statements {
        for step in plan(&store, statement).await {
            let scan = step.strip_prefix("SCAN ");
            let batch = scan.is_none_or(|what| what.contains("VIRTUAL TABLE"));
            // Runs and open claims have no index by node.
            let known = ["SCAN r", "SCAN c", "SCAN punctual_nodes"];
            let known = known.contains(&&*step)
                || step.starts_with("SCAN (subquery")
                || step.contains("INDEX punctual_jobs_due");
            assert!(batch || known || step == "SCAN CONSTANT ROW", "{name}: {step}");
            assert!(!step.contains("ORDER BY"), "{name}: {step}");
        }
    }
}
