//! Prints the public surface of a crate, read from the pages that `cargo doc` wrote for it.
//!
//!     cargo run -p punctual-api FOLDER CRATE
//!
//! It reads pages because these show what another crate's items are where a facade re-exports them, on stable Rust.
//! Left out are documentation, implementations that the compiler or another crate's generics make, and what is hidden.

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
