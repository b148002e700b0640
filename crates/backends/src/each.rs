//! The words of the backends, for code that is written for each of them.

/// Calls a macro with the words of the backends: for tests that are to be made for each of them.
///
/// `for_each_backend!(all => name)` becomes `name! { memory sqlite .. }`. With `persistent` in the place of `all`
/// those are left out whose jobs end with the process, and with `server` all that need no server.
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

/// Goes through the list line by line, and keeps the words of the lines that were asked for.
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
