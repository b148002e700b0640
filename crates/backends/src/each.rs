//! The macro that generates code for each backend.

/// Calls a macro with the ids of the backends, e.g. to generate tests for each of them.
///
/// `for_each_backend!(all => name)` expands to `name! { memory sqlite .. }`. `persistent` instead of `all` omits
/// backends whose jobs are lost when the process exits; `server` omits all backends that don't need a server.
/// `started` and `started_server` are these two without the backends whose server `scripts/services` can't start.
///
/// ```
/// macro_rules! ids {
///     ($($id:ident)*) => { [$(stringify!($id)),*] };
/// }
/// let all = punctual_backends::for_each_backend!(all => ids);
/// assert_eq!(all[..2], ["memory", "sqlite"]);
/// let persistent = punctual_backends::for_each_backend!(persistent => ids);
/// assert_eq!(persistent, all[1..]);
/// let servers = punctual_backends::for_each_backend!(server => ids);
/// assert_eq!(servers, all[2..]);
/// let started = punctual_backends::for_each_backend!(started => ids);
/// assert_eq!(started, persistent[..persistent.len() - 1]);
/// let started = punctual_backends::for_each_backend!(started_server => ids);
/// assert_eq!(started, servers[..servers.len() - 1]);
/// ```
#[macro_export]
macro_rules! for_each_backend {
    ($which:ident => $macro:ident) => {
        $crate::__list! { $crate::__choose, $which $macro [] }
    };
}

/// Processes the list line by line, and keeps the ids of the selected backends.
#[doc(hidden)]
#[macro_export]
macro_rules! __choose {
    ($which:ident $macro:ident [$($chosen:ident)*]) => { $macro! { $($chosen)* } };
    (persistent $macro:ident [$($chosen:ident)*]
        $id:ident Process $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { persistent $macro [$($chosen)*] $($rest)* }
    };
    (server $macro:ident [$($chosen:ident)*]
        $id:ident Process $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { server $macro [$($chosen)*] $($rest)* }
    };
    (server $macro:ident [$($chosen:ident)*]
        $id:ident File $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { server $macro [$($chosen)*] $($rest)* }
    };
    (started $macro:ident [$($chosen:ident)*]
        $id:ident Process $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { started $macro [$($chosen)*] $($rest)* }
    };
    (started $macro:ident [$($chosen:ident)*]
        $id:ident GivenServer $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { started $macro [$($chosen)*] $($rest)* }
    };
    (started_server $macro:ident [$($chosen:ident)*]
        $id:ident Server $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { started_server $macro [$($chosen)* $id] $($rest)* }
    };
    (started_server $macro:ident [$($chosen:ident)*]
        $id:ident $location:ident $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { started_server $macro [$($chosen)*] $($rest)* }
    };
    ($which:ident $macro:ident [$($chosen:ident)*]
        $id:ident $location:ident $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { $which $macro [$($chosen)* $id] $($rest)* }
    };
}
