//! The `#[task]` attribute of the Punctual job scheduler.
//!
//! Depend on `punctual`, which re-exports it.

mod expand;
mod options;
mod placeholder;
mod schedule;
mod signature;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Error, ItemFn};

use options::Options;
use signature::Signature;

/// Turns a function into a task, which jobs call by name.
///
/// The function `send_mail` is replaced by two items of the same name and visibility:
///
/// - a function that takes the arguments and returns a `Call`, for the `job` method of a scheduler. Arguments of wrong
///   types are compile errors. The function does not run the task. It can also be passed by name to register the task:
///   `.task(send_mail)`;
/// - a type that implements `Task`. Its associated function `run` is the original function, for unit tests:
///   `send_mail::run(..)`.
///
/// ```
/// # extern crate punctual_core as punctual;
/// # mod prelude { pub use punctual_core::{Call, JobContext}; pub use punctual_macros::task; }
/// # use prelude::*;
/// /// Divides. The event of the run contains the quotient or the error.
/// #[task]
/// fn divide(dividend: i64, divisor: i64) -> Result<i64, String> {
///     dividend.checked_div(divisor).ok_or_else(|| "division by zero".to_owned())
/// }
///
/// #[task(name = "reports.clean-up")]
/// async fn clean_up(context: JobContext, older_than_days: u32) {
///     println!("{}: cleaning up after {older_than_days} days", context.job_id());
/// }
///
/// let call: Call<divide> = divide(84, 2);
/// assert_eq!(divide::run(84, 2), Ok(42));
/// assert_eq!(divide::run(84, 0), Err("division by zero".to_owned()));
/// ```
///
/// # Requirements
///
/// - The function is synchronous, in which case it may block, or `async`.
/// - The first parameter may be the `JobContext` of the run, by value. It is not a parameter of the function that
///   creates calls.
/// - The other parameters, at most eight, have owned types that implement `Serialize` and `DeserializeOwned`.
/// - It returns nothing, a value that implements `Serialize`, or a `Result` of these with an error that can be
///   converted into a boxed error with `?`. A process pool preserves the error type if it implements `Serialize` and
///   `DeserializeOwned`.
///
/// # Options
///
/// - `name = ".."`: the name of the task in stores, 1 to 191 characters without control characters. Default: the name
///   of the function. Set it before renaming a function that has stored jobs.
/// - `cron = ".."`: a schedule, as a line of a crontab with five fields or a macro such as `@daily`, in the time zone of the
///   scheduler;
/// - `every = ".."`: a schedule with a fixed interval, such as `10s`, `1h 30m` or `2 days`;
/// - `id = ".."`: the id of the job of the schedule. Default: the name of the task.
/// - `crate = ".."`: the path of the crate that contains the `private` module of Punctual, if `punctual` is renamed
///   or not a dependency.
///
/// # Schedules
///
/// A schedule is declared by `cron` or `every`, for a function without parameters other than the `JobContext`. An invalid
/// one is a compile error. It has no effect by itself: the method `add_tasks` of a scheduler adds its job. Other triggers
/// and options of jobs are available to jobs that are added by the method `job`.
///
/// ```
/// # extern crate punctual_core as punctual;
/// # mod prelude { pub use punctual_core::{DeclaredTrigger, Task}; pub use punctual_macros::task; }
/// # use prelude::*;
/// #[task(cron = "0 5 * * mon-fri", id = "mail")]
/// fn send_mail() {}
///
/// #[task(every = "10s")]
/// async fn heartbeat() {}
///
/// let schedule = <send_mail as Task>::SCHEDULE.unwrap();
/// assert_eq!(schedule.trigger, DeclaredTrigger::Cron("0 5 * * mon-fri"));
/// assert_eq!(schedule.job_id, Some("mail"));
/// // scheduler.add_tasks(tasks![send_mail, heartbeat])?;
/// ```
///
/// Attributes of the function (`#[instrument]`, `#[expect(..)]`) apply to `run`, `#[deprecated]` to the function that
/// creates calls, and `#[cfg(..)]` to all items.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(function) = syn::parse::<ItemFn>(item.clone()) else {
        let item = proc_macro2::TokenStream::from(item);
        let error = Error::new_spanned(&item, "#[task] requires a function with a body");
        let error = error.into_compile_error();
        return quote!(#error #item).into();
    };
    let krate = options::find_crate(&options.clone().into());
    syn::parse::<Options>(options)
        .and_then(|options| {
            let signature = Signature::of(&function)?;
            options.check_arguments(&signature, &function)?;
            Ok(expand::task(&options, &signature, &function))
        })
        .unwrap_or_else(|error| {
            // The uses of the task must not cause further errors.
            let (error, placeholder) =
                (error.into_compile_error(), placeholder::task(krate.as_ref(), &function));
            quote!(#error #placeholder)
        })
        .into()
}
