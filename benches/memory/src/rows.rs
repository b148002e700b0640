//! The rows of the table: which work is done, and how much of it.

/// A row is measured in its own process.
pub(crate) struct Row {
    pub(crate) title: String,
    /// The arguments of the process; the first one is the kind of work.
    pub(crate) args: Vec<String>,
    /// The list of processors that the process may use, as for `taskset -c`.
    pub(crate) processors: Option<&'static str>,
}

/// The rows of the chosen kinds of work, or all if none is chosen.
pub(crate) fn of(chosen: &[String], quick: bool) -> Vec<Row> {
    let mut rows = all(quick);
    rows.retain(|row| chosen.is_empty() || chosen.contains(&row.args[0]));
    rows
}

fn all(quick: bool) -> Vec<Row> {
    let pick = |full: usize, short: usize| if quick { short } else { full };
    let (seconds, million) = (pick(10, 3), pick(1_000_000, 100_000));
    let floors = row("single steps".to_owned(), "floors", million, seconds);
    let mut rows = vec![
        floors,
        row("add one by one, background".to_owned(), "add", pick(50_000, 10_000), 0),
        row("add one by one, async".to_owned(), "add-async", pick(100_000, 20_000), 0),
    ];
    for jobs in [pick(200_000, 20_000), million] {
        rows.push(row(format!("add_jobs, {} at once", count(jobs)), "add-jobs", jobs, 0));
    }
    for (work, how) in [("resident", "one by one"), ("resident-batches", "in batches")] {
        let title = format!("memory of {} armed jobs, added {how}", count(million));
        rows.push(row(title, work, million, 0));
    }
    let due = pick(100_000, 50_000);
    rows.push(row(format!("dispatch {} jobs, tokio", count(due)), "dispatch", due, 0));
    let title = format!("dispatch {} jobs, 2 threads", count(due));
    rows.push(row(title, "dispatch-threads", due, 0));
    for rate in [100, 1_000, 10_000] {
        let title = format!("lateness at {} fires/s", count(rate));
        rows.push(row(title, "lateness", rate, seconds));
    }
    let title = "10 thousand jobs at each full second".to_owned();
    rows.push(row(title, "burst", 10_000, pick(5, 3)));
    rows.push(row(format!("idle, {} armed jobs", count(million)), "idle", million, seconds));
    rows.push(row("from `add` to the run".to_owned(), "latency", pick(5_000, 1_000), 0));
    let stored: &[usize] = match quick {
        true => &[1_000, 100_000],
        false => &[1_000, 10_000, 100_000, 1_000_000],
    };
    for (processors, name) in [("0", "1 core"), ("0,1", "2 cores")] {
        for stored in stored {
            let title = format!("beside {} stored jobs, {name}", count(*stored));
            let mut row = row(title, "growth", pick(10_000, 5_000), 0);
            row.args.extend(["--stored".to_owned(), stored.to_string()]);
            row.processors = Some(processors);
            rows.push(row);
        }
    }
    rows
}

fn row(title: String, work: &str, jobs: usize, seconds: usize) -> Row {
    let mut args = vec![work.to_owned(), "--jobs".to_owned(), jobs.to_string()];
    if seconds > 0 {
        args.extend(["--seconds".to_owned(), seconds.to_string()]);
    }
    Row { title, args, processors: None }
}

fn count(jobs: usize) -> String {
    match jobs {
        1_000_000 => "a million".to_owned(),
        1_000.. => format!("{} thousand", jobs / 1_000),
        _ => jobs.to_string(),
    }
}
