//! Fills in the page of results.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::plots::PLOTS;
use crate::results::Results;

/// What is between these lines is replaced.
const BEGIN: &str = "<!-- written by scripts/bench peers --docs -->\n";
const END: &str = "<!-- end of what is written by scripts/bench peers --docs -->\n";

/// The groups, with their titles.
const GROUPS: [(&str, &str); 6] = [
    ("memory", "In memory"),
    ("postgres", "On PostgreSQL"),
    ("sqlite", "On SQLite"),
    ("mysql", "On MariaDB"),
    ("redis", "On Redis"),
    ("mongodb", "On MongoDB"),
];

pub(crate) fn write(folder: &Path, results: &Results) -> Result<(), Box<dyn Error>> {
    let page = folder.join("benchmarks.md");
    let text = fs::read_to_string(&page)?;
    let parts =
        text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("the page has no part for the results")?;
    let plots = folder.join("benchmarks");
    fs::create_dir_all(&plots)?;

    let about = results.about.as_ref().ok_or("the results have no line about the machine")?;
    let rounds = match about.rounds {
        1 => "one round, so that nothing is known of the spread".to_owned(),
        rounds => format!("{rounds} rounds"),
    };
    let mut text = format!(
        "{before}{BEGIN}\n`{}`, {rounds}.\nMachine: {}.\nVersions: {}.\n",
        about.command, about.machine, about.versions
    );
    for (group, title) in GROUPS {
        let Some(table) = results.table(group) else { continue };
        writeln!(text, "\n### {title}\n")?;
        for plot in PLOTS.iter().filter(|plot| plot.group == group) {
            let Some(svg) = (plot.draw)(plot.title, table)? else { continue };
            let file = format!("{}.svg", plot.file);
            fs::write(plots.join(&file), svg)?;
            writeln!(text, "![{}](benchmarks/{file})\n", plot.title)?;
        }
        text += &table.text()?;
    }
    fs::write(page, format!("{text}\n{END}{after}"))?;
    Ok(())
}
