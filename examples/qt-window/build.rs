//! Compiles the window with the Qt for which `punctual` has been built.

use std::env;

fn main() -> Result<(), pkg_config::Error> {
    // Without the feature `qt`, there is no window.
    let Ok(version) = env::var("DEP_PUNCTUAL_QT_VERSION") else { return Ok(()) };
    let mut build = cc::Build::new();
    for library in [format!("Qt{version}Core"), format!("Qt{version}Widgets")] {
        build.includes(pkg_config::probe_library(&library)?.include_paths);
    }
    println!("cargo::rerun-if-changed=src/window.cpp");
    build.cpp(true).std("c++17").pic(true).file("src/window.cpp").compile("window");
    Ok(())
}
