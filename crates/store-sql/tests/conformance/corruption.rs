//! Statements that write corrupt data to the tables.

use punctual_testkit::job_store::Corruption;

/// Returns the statements for this corruption, for tables with this prefix. `by_id` lists the columns that contain a
/// job's id, each with its table; `key` is the quoted column of the metadata's key.
pub(crate) fn statements(
    corruption: &Corruption,
    prefix: &str,
    by_id: &[(&str, &str)],
    key: &str,
) -> Vec<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let job = |column: &str, value: String, id: &str| {
        format!("UPDATE {prefix}jobs SET {column} = {value} WHERE id = {}", quoted(id))
    };
    let run = |column: &str, value: String, id: &str, run: &dyn ToString| {
        let (id, run) = (quoted(id), quoted(&run.to_string()));
        format!("UPDATE {prefix}runs SET {column} = {value} WHERE job_id = {id} AND run_id = {run}")
    };
    match corruption {
        Corruption::Fence(id, number) => vec![job("fence", number.to_string(), id.as_str())],
        Corruption::Revision(id, number) => vec![job("revision", number.to_string(), id.as_str())],
        Corruption::FireCount(id, number) => {
            vec![job("fire_count", number.to_string(), id.as_str())]
        }
        Corruption::Task(id, text) => vec![job("task", quoted(text), id.as_str())],
        Corruption::Id(id, text) => {
            let set = |table: &str, column: &str| {
                let (new, old) = (quoted(text), quoted(id.as_str()));
                format!("UPDATE {prefix}{table} SET {column} = {new} WHERE {column} = {old}")
            };
            by_id.iter().map(|(table, column)| set(table, column)).collect()
        }
        Corruption::Attempt(id, run_id, number) => {
            vec![run("attempt", number.to_string(), id.as_str(), run_id)]
        }
        Corruption::RunFence(id, run_id, number) => {
            vec![run("fence", number.to_string(), id.as_str(), run_id)]
        }
        Corruption::RunNode(id, run_id, text) => {
            vec![run("node", quoted(text), id.as_str(), run_id)]
        }
        Corruption::Lease(node) => {
            let (far, node) = (i64::MAX, quoted(node.as_str()));
            vec![format!("UPDATE {prefix}nodes SET alive_until = {far} WHERE id = {node}")]
        }
        Corruption::Key(old, new) => {
            let (new, old) = (quoted(new), quoted(old));
            vec![format!("UPDATE {prefix}metadata SET {key} = {new} WHERE {key} = {old}")]
        }
        Corruption::Outcome(run_id, text) => {
            let (text, run) = (quoted(text), quoted(&run_id.to_string()));
            vec![format!("UPDATE {prefix}history SET outcome = {text} WHERE run_id = {run}")]
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}
