//! Compiles and runs the code of the guides as doctests.

macro_rules! guides {
    ($($name:ident: $file:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../docs/", $file))]
        struct $name;
    )*};
}

guides! {
    Configuration: "guide/configuration.md";
    Events: "guide/events.md";
    Executors: "guide/executors.md";
    FromApscheduler: "guide/from-apscheduler.md";
    GettingStarted: "guide/getting-started.md";
    History: "guide/history.md";
    Loops: "guide/loops.md";
    Monitoring: "guide/monitoring.md";
    Misfires: "guide/misfires.md";
    Retries: "guide/retries.md";
    Stores: "guide/stores.md";
    TestingYourJobs: "guide/testing-your-jobs.md";
    Transactions: "guide/transactions.md";
    Triggers: "guide/triggers.md";
}

/// Checks that the list above contains every guide.
#[test]
fn every_guide_is_listed() {
    let listed = include_str!("guides.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide");
    for entry in std::fs::read_dir(folder).expect("the guides' folder") {
        let name = entry.expect("a guide").file_name();
        let name = name.to_str().expect("a plain name");
        // Besides the guides, there are their pictures.
        let is_listed = listed.contains(&format!("\"guide/{name}\";"));
        assert!(is_listed || name.ends_with(".png"), "{name} is missing from the list");
    }
}
