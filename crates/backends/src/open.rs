//! Functions that create a store of each backend whose feature is enabled.

#![allow(unused_imports, unused_macros, reason = "depends on the enabled features")]

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{DynJobStore, StoreError};

use crate::options::ResolvedOptions;
use crate::stores::*;

/// Creates the store for a URL with options.
pub(crate) type Open = fn(&str, &ResolvedOptions<'_>) -> Result<Arc<dyn DynJobStore>, StoreError>;

/// Defines a constant for each backend, named by its id.
macro_rules! openers {
    ($($id:ident $location:ident $feature:literal $name:literal $schemes:tt
        $type:ident $options:tt;)*) => {$(
        #[cfg(feature = $feature)]
        #[allow(non_upper_case_globals, reason = "the name is the id of the backend")]
        pub(crate) const $id: Option<Open> = Some(|url, given| {
            let store = create!($location $type url given $options);
            Ok(Arc::new(store))
        });
        #[cfg(not(feature = $feature))]
        #[allow(non_upper_case_globals, reason = "the name is the id of the backend")]
        pub(crate) const $id: Option<Open> = None;
    )*};
}

/// Creates the store, depending on the location of its jobs.
macro_rules! create {
    (Process $type:ident $url:ident $given:ident {}) => {{
        let _ = ($url, $given);
        $type::new()
    }};
    (File $type:ident $url:ident $given:ident $options:tt) => {
        with!($type::builder().file($url), $given $options).build()?
    };
    (Server $type:ident $url:ident $given:ident $options:tt) => {
        with!($type::builder().url($url), $given $options).build()?
    };
    (GivenServer $type:ident $url:ident $given:ident $options:tt) => {
        create!(Server $type $url $given $options)
    };
}

/// Sets the given options on a builder.
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
