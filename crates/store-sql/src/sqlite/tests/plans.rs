//! What SQLite means to do: no statement of the firing path may read a whole table.

use punctual_core::JobStore;
use sqlx::{AssertSqlSafe, Row};

use super::super::{SqliteJobStore, sql};

/// The steps of a statement's plan, those of subqueries too.
async fn plan(store: &SqliteJobStore, statement: &'static str) -> Vec<String> {
    let database = store.database().unwrap();
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
    for statement in [sql::NEXT_WAKEUP, sql::NEXT_WAKEUP_OF_TASKS] {
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
        ("take over", sql::TAKE_OVER),
        ("in flight", sql::IN_FLIGHT),
        ("get", sql::GET),
        ("update", sql::UPDATE),
        ("list", sql::LIST_SCHEDULED_AFTER),
        ("list unscheduled", sql::LIST_UNSCHEDULED_AFTER),
    ];
    for (name, statement) in statements {
        for step in plan(&store, statement).await {
            let scan = step.strip_prefix("SCAN ");
            let batch = scan.is_none_or(|what| what.contains("VIRTUAL TABLE"));
            assert!(batch || step == "SCAN CONSTANT ROW", "{name}: {step}");
            assert!(!step.contains("ORDER BY"), "{name}: {step}");
        }
    }
}
