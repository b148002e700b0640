//! Query plans: no statement of the firing path may scan a table.

use punctual_core::{JobStore, NewRecord};
use sqlx::{AssertSqlSafe, Row};

use super::super::parameters::literal;
use super::super::sql::{self, HISTORY, STATEMENTS};
use super::{Tables, at, due};
use crate::client::Value::{self, Bool, Int, NullableText, Text};
use crate::sql::{HAS_EXPIRED, LIVE_NODES, REVOKE};

/// A row of a plan: the table, the access type, the index, and remarks.
#[derive(Debug)]
struct Step {
    table: String,
    access: String,
    index: String,
    remarks: String,
}

impl Tables {
    async fn plan(&mut self, statement: &str, values: &[Value<'_>]) -> Vec<Step> {
        let statement = statement.replace("{p}", &self.prefix).replace("INTO @", "AS kept_in_");
        let explain = format!("EXPLAIN FORMAT = TRADITIONAL {}", literal(&statement, values));
        let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut self.own).await.unwrap();
        let text = |row: &sqlx::mysql::MySqlRow, column: &str| {
            row.get::<Option<String>, _>(column).unwrap_or_default()
        };
        rows.iter()
            .map(|row| Step {
                table: text(row, "table"),
                access: text(row, "type"),
                index: text(row, "key"),
                remarks: text(row, "Extra"),
            })
            .collect()
    }
}

/// Tables with jobs. For few jobs a scan would be faster, but would wait for locks on other rows. Half as many jobs are
/// paused, and therefore come first in the index.
async fn filled(count: i64) -> Tables {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let jobs = (0..count).map(|n| due(&format!("job {n}"), at(n)));
    let paused =
        (0..count / 2).map(|n| NewRecord { schedule: None, ..due(&format!("no {n}"), at(0)) });
    store.add(jobs.chain(paused).collect()).await.unwrap();
    store.shutdown().await;
    tables.run("ANALYZE TABLE {p}jobs, {p}runs").await;
    tables
        .run(
            "SET @punctual_due = '[1, 2, 3]', @punctual_over = '[1, 2, 3]',
        @punctual_settlements = '[[\"job 7\", 5, 1, 5, 5, 5]]'",
        )
        .await;
    tables
}

#[tokio::test]
async fn due_jobs_are_found_by_the_due_index() {
    for count in [0, 3, 2_000] {
        due_index(filled(count).await, count).await;
    }
}

async fn due_index(mut tables: Tables, jobs: i64) {
    let (now, limit, tasks) = (Int(at(1_900).as_micros()), Int(100), Text("[\"work\"]"));
    let statements = [
        (sql::LOCK_DUE, vec![now, limit, NullableText(None)]),
        (sql::LOCK_DUE, vec![now, limit, tasks]),
        (sql::HAS_MORE_DUE, vec![now, limit, tasks]),
        (STATEMENTS.next_wakeup, vec![NullableText(None)]),
        (STATEMENTS.next_wakeup, vec![tasks]),
        (STATEMENTS.orphaned_claims, vec![now, limit, tasks, Text("")]),
        (STATEMENTS.renewal_status, vec![Text("here"), now, tasks]),
        (STATEMENTS.renewal_status, vec![Text("here"), now, NullableText(None)]),
    ];
    for (statement, values) in statements {
        let plan = tables.plan(statement, &values).await;
        // Subqueries follow the outer query in the plan.
        let step = plan.iter().rfind(|step| step.table == "j").expect("it reads the jobs");
        // MySQL scans the index of an empty table.
        let all = jobs == 0 && step.access == "index" && !statement.contains("FOR UPDATE");
        assert!(all || step.access == "range", "{statement}: {plan:#?}");
        assert_eq!(step.index, "due", "{statement}: {plan:#?}");
        assert!(!step.remarks.contains("filesort"), "{statement}: {plan:#?}");
        // Jobs of other tasks are excluded before their rows are locked.
        let by_index = ["Using index condition", "Using index"];
        assert!(by_index.iter().any(|how| step.remarks.contains(how)), "{statement}: {plan:#?}");
    }
    tables.drop().await;
}

#[tokio::test]
async fn no_statement_of_the_firing_path_scans_a_table() {
    for count in [0, 3, 2_000] {
        no_scans(filled(count).await).await;
    }
}

async fn no_scans(mut tables: Tables) {
    let (id, run, number) = (Text("job 7"), Text("0123456789abcdef0123456789abcdef"), Int(5));
    let last = Int(at(9).as_micros());
    let outcomes = Text("[\"failed\"]");
    let ids = Text(r#"["job 7","job 8","job 9"]"#);
    let runs = Text(r#"["0123456789abcdef0123456789abcdef"]"#);
    let pairs = Text(r#"[["job 7","0123456789abcdef0123456789abcdef"]]"#);
    let statements = [
        (sql::CLAIM, vec![id, number]),
        (sql::CLAIMED, vec![]),
        (sql::SETTLE, vec![]),
        (sql::SETTLED, vec![]),
        (sql::BRING_FORWARD, vec![id, number, number]),
        (sql::START_RUNS, vec![id, number]),
        (sql::RECORD_RUN, vec![id, number, run, number, number, id, number]),
        (sql::RETRY_RUN, vec![id, number, run, number, number, id, number]),
        (sql::RUNS_EXIST, vec![id, runs]),
        (sql::CLEAR_RUN, vec![id, number, run]),
        (sql::LOCK_JOBS, vec![ids]),
        (sql::SELECT_COMPLETED, vec![ids]),
        (sql::FENCES, vec![ids]),
        (sql::COMPLETED_IDS, vec![]),
        (sql::DELETE_COMPLETED, vec![]),
        (STATEMENTS.orphans, vec![number, number, NullableText(None), Text("")]),
        (STATEMENTS.orphans, vec![number, number, Text("[\"work\"]"), Text("")]),
        (STATEMENTS.take_over, vec![pairs, id]),
        (STATEMENTS.release, vec![ids]),
        (STATEMENTS.get, vec![id]),
        (
            STATEMENTS.update,
            vec![id, number, Bool(true), number, number, id, Bool(false), Bool(true), number],
        ),
        (STATEMENTS.update_definition, vec![id, id]),
        (STATEMENTS.lock_jobs, vec![ids]),
        (STATEMENTS.remove, vec![ids]),
        (STATEMENTS.remove_runs, vec![ids]),
        (STATEMENTS.list_scheduled_after, vec![number, number, id]),
        (STATEMENTS.list_unscheduled_after, vec![number, id]),
        (HAS_EXPIRED, vec![id, number]),
        (REVOKE, vec![id, number]),
        (LIVE_NODES, vec![number]),
        (sql::RENEW_LEASE, vec![id, number, NullableText(None), number]),
        (HISTORY.read, vec![number, Int(i64::MIN), last, last, run, number, outcomes]),
        (HISTORY.read_for_job, vec![number, number, last, last, run, number, outcomes, id]),
        (HISTORY.forget_before, vec![number, number]),
    ];
    for (statement, values) in statements {
        let plan = tables.plan(statement, &values).await;
        // The search for orphans scans all nodes and runs in flight, which have no index by lease or by node, and
        // sorts the runs.
        let searches = statement.contains("{p}nodes WHERE alive_until >");
        for step in &plan {
            if searches && (step.table == "r" || step.table.ends_with("_nodes")) {
                continue;
            }
            let batch = step.remarks.contains("json_table") || step.table.starts_with("<derived");
            let scan = matches!(&*step.access, "ALL" | "index");
            assert!(batch || !scan, "{statement}: {plan:#?}");
            assert!(!step.remarks.contains("filesort"), "{statement}: {plan:#?}");
        }
    }
    tables.drop().await;
}
