//! How each backend is opened: a function for each whose feature is there.

#![allow(unused_imports, unused_macros, reason = "what no backend of this build needs")]

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{DynJobStore, StoreError};

use crate::options::Given;
use crate::stores::*;

/// Opens the store of a URL with options.
pub(crate) type Open = fn(&str, &Given<'_>) -> Result<Arc<dyn DynJobStore>, StoreError>;

/// Makes a constant for each backend, of its word.
macro_rules! openers {
    ($($word:ident $location:ident $feature:literal $name:literal $schemes:tt
        $type:ident $options:tt;)*) => {$(
        #[cfg(feature = $feature)]
        #[allow(non_upper_case_globals, reason = "it is the word")]
        pub(crate) const $word: Option<Open> = Some(|url, given| {
            let store = made!($location $type url given $options);
            Ok(Arc::new(store))
        });
        #[cfg(not(feature = $feature))]
        #[allow(non_upper_case_globals, reason = "it is the word")]
        pub(crate) const $word: Option<Open> = None;
    )*};
}

/// The store itself, by where its jobs are.
macro_rules! made {
    (Process $type:ident $url:ident $given:ident {}) => {{
        let _ = ($url, $given);
        $type::new()
    }};
    (File $type:ident $url:ident $given:ident $options:tt) => {
        with!($type::builder().file(file($url)?), $given $options).build()?
    };
    (Server $type:ident $url:ident $given:ident $options:tt) => {
        with!($type::builder().url($url), $given $options).build()?
    };
}

/// A builder with those of its options that are given.
macro_rules! with {
    ($builder:expr, $given:ident { $($option:ident: $value:ty),* }) => {{
        let mut builder = $builder;
        $(if let Some(value) = $given.get::<$value>(stringify!($option))? {
            builder = builder.$option(value);
        })*
        builder
    }};
}

crate::__list!(openers,);

/// The file that a URL names: what is after `sqlite:` or `sqlite://`, as it is.
#[cfg(feature = "store-sqlite")]
fn file(url: &str) -> Result<&str, StoreError> {
    let rest = url.split_once(':').map_or("", |(_, rest)| rest);
    let file = rest.strip_prefix("//").unwrap_or(rest);
    if file.is_empty() || file == ":memory:" {
        return Err(crate::error::invalid("the URL of a store in a file names none"));
    }
    Ok(file)
}
