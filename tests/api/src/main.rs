//! Prints the public API of a crate, parsed from the pages that `cargo doc` has generated.
//!
//!     cargo run -p punctual-api FOLDER CRATE
//!
//! HTML pages are parsed because they inline re-exported items of other crates on stable Rust. Documentation, auto
//! trait and blanket implementations, and hidden items are omitted.

mod html;
mod item;
mod layout;
mod surface;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(name)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: punctual-api FOLDER CRATE");
        return ExitCode::from(2);
    };
    let folder = PathBuf::from(folder);
    let read = |page: &str| {
        let path = folder.join(page);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    match surface::of(&name, &read) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
