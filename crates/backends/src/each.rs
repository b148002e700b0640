//! The macro that generates code for each backend.

/// Calls a macro with the words of the backends, e.g. to generate tests for each of them.
///
/// `for_each_backend!(all => name)` expands to `name! { memory sqlite .. }`. `persistent` instead of `all` omits
/// backends whose jobs are lost when the process exits; `server` omits all backends that don't need a server.
///
/// ```
/// macro_rules! words {
///     ($($word:ident)*) => { [$(stringify!($word)),*] };
/// }
/// let all = punctual_backends::for_each_backend!(all => words);
/// assert_eq!(all[..2], ["memory", "sqlite"]);
/// let persistent = punctual_backends::for_each_backend!(persistent => words);
/// assert_eq!(persistent, all[1..]);
/// let servers = punctual_backends::for_each_backend!(server => words);
/// assert_eq!(servers, all[2..]);
/// ```
#[macro_export]
macro_rules! for_each_backend {
    ($which:ident => $macro:ident) => {
        $crate::__list! { $crate::__choose, $which $macro [] }
    };
}

/// Processes the list line by line, and keeps the words of the selected backends.
#[doc(hidden)]
#[macro_export]
macro_rules! __choose {
    ($which:ident $macro:ident [$($chosen:ident)*]) => { $macro! { $($chosen)* } };
    (persistent $macro:ident [$($chosen:ident)*]
        $word:ident Process $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { persistent $macro [$($chosen)*] $($rest)* }
    };
    (server $macro:ident [$($chosen:ident)*]
        $word:ident Process $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { server $macro [$($chosen)*] $($rest)* }
    };
    (server $macro:ident [$($chosen:ident)*]
        $word:ident File $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { server $macro [$($chosen)*] $($rest)* }
    };
    ($which:ident $macro:ident [$($chosen:ident)*]
        $word:ident $location:ident $f:literal $n:literal $s:tt $type:ident $o:tt; $($rest:tt)*) => {
        $crate::__choose! { $which $macro [$($chosen)* $word] $($rest)* }
    };
}
