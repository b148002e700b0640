//! Access to the files of the oracle data.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The kind of result that the cases of a file expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Fire times with the offsets of the trigger's zone.
    Fires,
    /// Fire times as instants only.
    Instants,
    /// An error when the trigger is built.
    Errors,
    /// The display form.
    Texts,
}

const FILES: [(&str, Kind); 10] = [
    ("cron", Kind::Fires),
    ("crontab", Kind::Fires),
    ("interval", Kind::Fires),
    ("date", Kind::Instants),
    ("errors", Kind::Errors),
    ("calendarinterval", Kind::Fires),
    ("combining", Kind::Instants),
    ("dst", Kind::Fires),
    ("crontab-standard", Kind::Fires),
    ("str", Kind::Texts),
];

pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
}

/// Returns the directory `PUNCTUAL_ORACLE`, which may be relative to the workspace, or else the one in this package.
pub(crate) fn directory() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    match std::env::var_os("PUNCTUAL_ORACLE").filter(|directory| !directory.is_empty()) {
        Some(directory) if Path::new(&directory).is_dir() => directory.into(),
        Some(directory) => package.join("../..").join(directory),
        None => package.join("tests/data"),
    }
}

/// Returns the release of the zone database with which the data was generated.
pub(crate) fn release(directory: &Path) -> Result<Option<String>, String> {
    let path = directory.join("meta.json");
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(None);
    };
    let meta: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(meta["iana"].as_str().map(str::to_owned))
}

/// Returns the known files in the directory.
pub(crate) fn files(directory: &Path) -> Result<Vec<File>, String> {
    if !directory.is_dir() {
        return Err(format!("{} is not a directory", directory.display()));
    }
    let find = |(name, kind)| {
        let plain = directory.join(format!("{name}.jsonl"));
        let compressed = directory.join(format!("{name}.jsonl.zst"));
        let path = [plain, compressed].into_iter().find(|path| path.is_file())?;
        Some(File { name, kind, path })
    };
    Ok(FILES.into_iter().filter_map(find).collect())
}

/// Returns the decompressed text of a file.
pub(crate) fn lines(path: &Path) -> Result<String, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if path.extension().is_some_and(|extension| extension == "zst") {
        let file = fs::File::open(path).map_err(|error| fail(&error))?;
        let mut decoder =
            ruzstd::decoding::StreamingDecoder::new(file).map_err(|error| fail(&error))?;
        let mut text = String::new();
        decoder.read_to_string(&mut text).map_err(|error| fail(&error))?;
        return Ok(text);
    }
    fs::read_to_string(path).map_err(|error| fail(&error))
}
