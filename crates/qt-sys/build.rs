//! Compiles the C++ code with the Qt that pkg-config finds.

use std::env;
use std::process::exit;

/// Chooses the version for programs on systems with both: a process can contain only one of them.
const VERSION: &str = "PUNCTUAL_QT_VERSION";

fn main() {
    if env::var_os("CARGO_FEATURE_QT").is_none() {
        return;
    }
    println!("cargo::rerun-if-env-changed={VERSION}");
    let chosen = env::var(VERSION).ok();
    let candidates: &[&'static str] = match chosen.as_deref() {
        None => &["6", "5"],
        Some("6") => &["6"],
        Some("5") => &["5"],
        Some(other) => fail(&format!("{VERSION} is {other}: it must be 6 or 5")),
    };
    let mut reasons = Vec::new();
    let find = |version: &&'static str| {
        // Of Qt 5, the first version whose `invokeMethod` accepts closures.
        let minimum = if *version == "5" { "5.10" } else { "6.0" };
        let library = format!("Qt{version}Core");
        match pkg_config::Config::new().atleast_version(minimum).probe(&library) {
            Ok(library) => Some((*version, library)),
            Err(error) => {
                reasons.push(error.to_string());
                None
            }
        }
    };
    let Some((version, qt)) = candidates.iter().find_map(find) else {
        fail(&format!(
            "Qt is required by the feature `loop-qt`, and pkg-config doesn't find it. Install a C++ compiler, pkg-config \
             and the development files of Qt {} (Debian: apt-get install g++ pkg-config {}; Fedora: {}), or set \
             PKG_CONFIG_PATH to the folder of its .pc files.\n\n{}",
            candidates.join(" or "),
            if candidates.contains(&"6") { "qt6-base-dev, or qtbase5-dev" } else { "qtbase5-dev" },
            if candidates.contains(&"6") { "qt6-qtbase-devel" } else { "qt5-qtbase-devel" },
            reasons.join("\n"),
        ))
    };
    println!("cargo::metadata=version={version}");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").pic(true).includes(&qt.include_paths);
    for file in ["src/receiver.cpp", "src/event_loop.cpp"] {
        println!("cargo::rerun-if-changed={file}");
        build.file(file);
    }
    build.compile("punctual_qt");
}

/// Without a panic, so that the message is not surrounded by the position in this file.
fn fail(message: &str) -> ! {
    println!("cargo::error={}", message.replace('\n', " "));
    exit(1)
}
