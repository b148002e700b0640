//! The `#[task]` attribute of the Punctual job scheduler.
//!
//! Depend on `punctual`, which re-exports it.

mod expand;
mod options;
mod signature;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Error, ItemFn};

use options::Options;
use signature::Signature;

/// Makes a function a task: something that jobs call by name.
///
/// In place of the function `send_mail` come two things of the same name, as visible as it was:
///
/// - a function that takes the arguments and returns a `Call`, for a scheduler's `job`: wrong arguments don't
///   compile. It runs nothing. Without its parentheses it registers the task: `.task(send_mail)`;
/// - a type that implements `Task`. Its associated function `run` is the code as it was written, for unit
///   tests: `send_mail::run(..)`.
///
/// ```
/// # extern crate punctual_core as punctual;
/// # mod prelude { pub use punctual_core::{Call, JobContext}; pub use punctual_macros::task; }
/// # use prelude::*;
/// /// Divides; what it returns, or the error, is in the run's event.
/// #[task]
/// fn divide(dividend: i64, divisor: i64) -> Result<i64, String> {
///     dividend.checked_div(divisor).ok_or_else(|| "it can't be divided".to_owned())
/// }
///
/// #[task(name = "reports.clean-up")]
/// async fn clean_up(context: JobContext, older_than_days: u32) {
///     println!("{}: cleaning up after {older_than_days} days", context.job_id());
/// }
///
/// let call: Call<divide> = divide(84, 2);
/// assert_eq!(divide::run(84, 2), Ok(42));
/// assert_eq!(divide::run(84, 0), Err("it can't be divided".to_owned()));
/// ```
///
/// # What a task can be
///
/// - A sync function, which may block, or an `async` one.
/// - Its first parameter can be the run's `JobContext`, by value. It is not part of the call.
/// - Up to eight arguments of any owned types that serde can write and read back.
/// - It returns nothing, a value that serde can write, or a `Result` of these with an error that can be
///   `?`-ed into a boxed one. An error that serde can write and read keeps its type in a pool of processes.
///
/// # Options
///
/// - `name = ".."`: the name under which stores keep the task, 1 to 191 characters without control
///   characters; by default the function's. Give one before you rename a function that has stored jobs.
/// - `crate = ".."`: the path of the crate that has Punctual's `private` module, if `punctual` goes by
///   another name or is not a dependency.
///
/// Attributes of the function (`#[instrument]`, `#[expect(..)]`) apply to `run`, `#[deprecated]` to the
/// function that makes calls, `#[cfg(..)]` to all.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(function) = syn::parse::<ItemFn>(item.clone()) else {
        let item = proc_macro2::TokenStream::from(item);
        let error = Error::new_spanned(&item, "#[task] goes on a function with a body");
        let error = error.into_compile_error();
        return quote!(#error #item).into();
    };
    syn::parse::<Options>(options)
        .and_then(|options| Ok(expand::task(&options, &Signature::of(&function)?, &function)))
        .unwrap_or_else(|error| {
            // The function itself goes on existing, so that its callers don't add errors of their own.
            let error = error.into_compile_error();
            quote!(#error #function)
        })
        .into()
}
