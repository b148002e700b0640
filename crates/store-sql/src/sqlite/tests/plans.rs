//! What SQLite means to do: no statement of the firing path may read a whole table.

use punctual_core::JobStore;
use sqlx::{AssertSqlSafe, Row};

use super::super::SqliteJobStore;
use super::super::sql::{self, STATEMENTS};
use crate::dialect::Dialect;

/// The steps of a statement's plan, those of subqueries too.
async fn plan(store: &SqliteJobStore, statement: &'static str) -> Vec<String> {
    let database = store.handle.opened().unwrap().dialect;
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
    for statement in [sql::DUE, sql::DUE_OF_TASKS] {
        let plan = plan(&store, statement).await;
        assert_eq!(plan[0], "SEARCH j USING INDEX punctual_jobs_due (due_at<?)", "{plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("ORDER BY")), "nothing is sorted: {plan:#?}");
    }
    for statement in [STATEMENTS.next_wakeup, STATEMENTS.next_wakeup_of_tasks] {
        let plan = plan(&store, statement).await;
        assert!(plan[0].contains("USING COVERING INDEX punctual_jobs_due"), "{plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("ORDER BY")), "nothing is sorted: {plan:#?}");
    }
}

#[tokio::test]
async fn nothing_on_the_way_of_a_fire_scans_a_table() {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    let statements = [
        ("add", sql::ADD),
        ("add definitions", sql::ADD_DEFINITIONS),
        ("due", sql::DUE),
        ("due of tasks", sql::DUE_OF_TASKS),
        ("claim", sql::CLAIM),
        ("held", sql::HELD),
        ("advance", sql::ADVANCE),
        ("postpone", sql::POSTPONE),
        ("release", sql::RELEASE),
        ("finish", sql::FINISH),
        ("record runs", sql::RECORD_RUNS),
        ("clear runs", sql::CLEAR_RUNS),
        ("remove if over", sql::REMOVE_IF_OVER),
        ("take over", STATEMENTS.take_over),
        ("prolong", sql::PROLONG),
        ("in flight", STATEMENTS.in_flight),
        ("get", STATEMENTS.get),
        ("update", STATEMENTS.update),
        ("list", STATEMENTS.list_scheduled_after),
        ("list unscheduled", STATEMENTS.list_unscheduled_after),
        ("record history", sql::RECORD_HISTORY),
        ("history", sql::HISTORY.read),
        ("history of a job", sql::HISTORY.read_of_job),
        ("forget the old", sql::HISTORY.forget_before),
        ("forget what is too much", sql::HISTORY.forget_beyond),
    ];
    for (name, statement) in statements {
        for step in plan(&store, statement).await {
            let scan = step.strip_prefix("SCAN ");
            let batch = scan.is_none_or(|what| what.contains("VIRTUAL TABLE"));
            // Runs have no index by node, and the first jobs are found by the index by due time.
            let known = ["SCAN r", "SCAN punctual_nodes"].contains(&&*step)
                || step.contains("INDEX punctual_jobs_due");
            assert!(batch || known || step == "SCAN CONSTANT ROW", "{name}: {step}");
            assert!(!step.contains("ORDER BY"), "{name}: {step}");
        }
    }
}
