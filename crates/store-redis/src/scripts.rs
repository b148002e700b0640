//! The scripts, which are executed by their hashes.

use std::sync::LazyLock;

/// A script, preceded by the functions that all scripts share.
pub(crate) struct Script {
    text: &'static str,
    hash: LazyLock<String>,
}

impl Script {
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }
}

fn hash(text: &str) -> String {
    redis::Script::new(text).get_hash().into()
}

/// Defines a constant for each file.
macro_rules! scripts {
    ($($name:ident $file:literal)*) => {$(
        pub(crate) static $name: Script = {
            const TEXT: &str = concat!(include_str!("scripts/common.lua"), include_str!($file));
            Script { text: TEXT, hash: LazyLock::new(|| hash(TEXT)) }
        };
    )*};
}

scripts! {
    ADD "scripts/add.lua"
    CLAIM "scripts/claim.lua"
    COMMIT "scripts/commit.lua"
    DISCARD_ENTRY "scripts/discard_entry.lua"
    DISCARD_RUN "scripts/discard_run.lua"
    FORGET_BEFORE "scripts/forget_before.lua"
    FORGET_BEYOND "scripts/forget_beyond.lua"
    GET "scripts/get.lua"
    LIST "scripts/list.lua"
    NEXT_WAKEUP "scripts/next_wakeup.lua"
    OPEN "scripts/open.lua"
    READ_HISTORY "scripts/read_history.lua"
    RELEASE "scripts/release.lua"
    REMOVE "scripts/remove.lua"
    RENEW "scripts/renew.lua"
    TAKE_OVER "scripts/take_over.lua"
    UPDATE "scripts/update.lua"
}
