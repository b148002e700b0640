//! The guides' code is compiled and run.

macro_rules! guides {
    ($($name:ident: $file:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../docs/guide/", $file))]
        struct $name;
    )*};
}

guides! {
    Events: "events.md";
    Executors: "executors.md";
    FromApscheduler: "from-apscheduler.md";
    GettingStarted: "getting-started.md";
    History: "history.md";
    Stores: "stores.md";
    TestingYourJobs: "testing-your-jobs.md";
    Transactions: "transactions.md";
    Triggers: "triggers.md";
}

/// Every guide is in the list above.
#[test]
fn no_guide_is_left_out() {
    let listed = include_str!("guides.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide");
    for entry in std::fs::read_dir(folder).expect("the guides' folder") {
        let name = entry.expect("a guide").file_name();
        let name = name.to_str().expect("a plain name");
        assert!(listed.contains(&format!("\"{name}\";")), "{name} is not run");
    }
}
