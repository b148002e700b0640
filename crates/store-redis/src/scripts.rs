//! The scripts, which are executed by their hashes.

use std::sync::LazyLock;

/// A script, preceded by the functions that all scripts share.
pub(crate) struct Script(LazyLock<redis::Script>);

impl Script {
    pub(crate) fn code(&self) -> &redis::Script {
        &self.0
    }
}

/// Defines a constant for each file.
macro_rules! scripts {
    ($($name:ident $file:literal)*) => {
        $(pub(crate) static $name: Script = Script(LazyLock::new(|| {
            redis::Script::new(concat!(include_str!("scripts/common.lua"), include_str!($file)))
        }));)*
    };
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
