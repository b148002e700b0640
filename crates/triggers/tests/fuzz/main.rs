//! Replays the corpus of the fuzz targets, which includes every input on which one of them has failed.

mod targets;

use std::path::Path;

use punctual_core::ZoneDatabase;

#[test]
fn the_corpus_passes() {
    ZoneDatabase::bundled().install();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for &(name, target) in targets::TARGETS {
        let directory = corpus.join(name);
        let entries = std::fs::read_dir(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let mut count = 0;
        for entry in entries {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let result = std::panic::catch_unwind(|| target(&String::from_utf8_lossy(&bytes)));
            assert!(result.is_ok(), "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "{} is empty", directory.display());
    }
}
