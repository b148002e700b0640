//! All supported forms of functions with `#[task]`, executed like in an executor.

// The generated code refers to the crate `punctual`, which is replaced by core here.
extern crate punctual_core as punctual;

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Alias, AppData, Call, Codec, DynTask, JobContext, JobContextParts, JobId, RunId, Task,
    TaskBody, TaskFn, TaskRegistration, TaskRegistry, TaskResult, Timestamp,
};
use punctual_macros::task;
use serde::{Deserialize, Serialize};
use serde_json::json;

fn context() -> JobContext {
    let (id, at) = (JobId::new("job").unwrap(), Timestamp::UNIX_EPOCH);
    let parts = JobContextParts::new(id, Alias::default(), RunId::random(), at);
    JobContext::new(parts.with_app_data(AppData::default().with(7_i64)))
}

/// Executes a stored call: registers the task, encodes the arguments, finds the task by name, decodes the arguments
/// and runs.
fn perform<M, F: TaskFn<M>>(_: F, call: Call<F::Task>) -> TaskResult {
    let mut registry = TaskRegistry::new();
    let registration = TaskRegistration::of::<F::Task>().unwrap();
    let name = registration.name().clone();
    registry.register(registration).unwrap();
    let args = Codec::Json.encode(&call.into_args()).unwrap();
    let task: Arc<dyn DynTask> = registry.get(&name).unwrap();
    match task.body(context(), &args).unwrap() {
        TaskBody::Blocking(work) => work(),
        TaskBody::Async(work) => pollster::block_on(work),
    }
}

#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// An error that can be serialized.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Jammed {
    page: u32,
}

impl fmt::Display for Jammed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jammed at page {}", self.page)
    }
}

impl std::error::Error for Jammed {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[task]
fn nothing() {}

#[task]
async fn nothing_async() {}

#[task]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[task]
async fn mirror(point: Point) -> Point {
    std::future::ready(Point { x: point.y, y: point.x }).await
}

#[task]
fn picky(what: String) -> Result<usize, Refused> {
    if what == "bad" { Err(Refused(what)) } else { Ok(what.len()) }
}

#[task]
async fn picky_async(what: String) -> Result<(), String> {
    Err(what)?;
    Ok(())
}

type Parsed = Result<u8, std::num::ParseIntError>;

#[task]
fn aliased(text: String) -> Parsed {
    text.parse()
}

#[task]
fn jams(page: u32) -> Result<impl Serialize, Jammed> {
    if page > 1 { Err(Jammed { page }) } else { Ok(page) }
}

#[task]
async fn jams_async(page: u32) -> Result<u32, Jammed> {
    Err(Jammed { page })
}

#[task]
fn asks_context(context: JobContext, add: i64) -> Option<i64> {
    context.app_data::<i64>().map(|state| *state + add)
}

#[task]
async fn asks_context_only(run: punctual_core::JobContext) -> String {
    run.job_id().to_string()
}

#[task]
fn patterns(mut list: Vec<u8>, (a, b): (u8, u8), _: bool, Point { x, .. }: Point) -> Vec<u8> {
    list.extend([a, b, u8::try_from(x).unwrap_or_default()]);
    list
}

#[task]
#[expect(clippy::too_many_arguments, reason = "the maximum number of arguments of a task")]
fn eight(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
    a + b + c + d + e + f + g + h
}

#[task]
fn r#static(r#type: u8) -> &'static str {
    if r#type == 0 { "zero" } else { "more" }
}

#[test]
fn values_of_all_kinds_are_returned() {
    assert_eq!(perform(nothing, nothing()).unwrap(), json!(null));
    assert_eq!(perform(nothing_async, nothing_async()).unwrap(), json!(null));
    assert_eq!(perform(add, add(40, 2)).unwrap(), json!(42));
    let mirrored = perform(mirror, mirror(Point { x: 1, y: 2 })).unwrap();
    assert_eq!(mirrored, json!({"x": 2, "y": 1}));
    assert_eq!(perform(r#static, r#static(0)).unwrap(), json!("zero"));
    assert_eq!(perform(eight, eight(1, 1, 1, 1, 1, 1, 1, 1)).unwrap(), json!(8));
}

#[test]
fn results_with_any_type_name_can_be_errors() {
    assert_eq!(perform(picky, picky("good".into())).unwrap(), json!(4));
    let error = perform(picky, picky("bad".into())).unwrap_err();
    assert!(error.is::<Refused>(), "the error keeps its type: {error}");
    let error = perform(picky_async, picky_async("text".into())).unwrap_err();
    assert_eq!(error.to_string(), "text");
    assert_eq!(perform(aliased, aliased("7".into())).unwrap(), json!(7));
    assert!(perform(aliased, aliased("seven".into())).is_err());
}

#[test]
fn serializable_errors_can_be_restored() {
    let error = perform(jams_async, jams_async(3)).unwrap_err();
    let written = jams_async::write_error(&error).unwrap();
    assert_eq!(written, json!({"page": 3}));
    let read = jams_async::read_error(written).unwrap();
    assert_eq!(*read.downcast::<Jammed>().unwrap(), Jammed { page: 3 });
    assert!(jams_async::read_error(json!("three")).is_none());
    assert!(jams_async::write_error(&"another".into()).is_none());

    let error = perform(picky, picky("bad".into())).unwrap_err();
    assert!(picky::write_error(&error).is_none(), "it is not serializable");
    let error = perform(picky_async, picky_async("text".into())).unwrap_err();
    assert!(picky_async::write_error(&error).is_none(), "it is not an error type");
    let error = perform(aliased, aliased("seven".into())).unwrap_err();
    assert!(aliased::write_error(&error).is_none());
    let error = perform(jams, jams(2)).unwrap_err();
    assert!(jams::write_error(&error).is_none(), "its return type can't be named");
    assert!(add::write_error(&error).is_none() && add::read_error(json!({})).is_none());
}

#[test]
fn the_context_is_not_an_argument() {
    assert_eq!(perform(asks_context, asks_context(1)).unwrap(), json!(8));
    let id = perform(asks_context_only, asks_context_only()).unwrap();
    assert_eq!(id, json!("job"));
}

#[test]
fn parameters_can_be_patterns() {
    let call = patterns(vec![1], (2, 3), true, Point { x: 4, y: 5 });
    assert_eq!(perform(patterns, call).unwrap(), json!([1, 2, 3, 4]));
}

#[test]
fn the_original_function_can_be_called() {
    assert_eq!(add::run(40, 2), 42);
    assert_eq!(pollster::block_on(mirror::run(Point { x: 1, y: 2 })).x, 2);
    assert_eq!(asks_context::run(context(), 1), Some(8));
}

#[test]
fn arguments_of_other_types_are_rejected() {
    let task = TaskRegistration::of::<add>().unwrap();
    let mut registry = TaskRegistry::new();
    registry.register(task).unwrap();
    let task = registry.get(&"add".try_into().unwrap()).unwrap();
    assert!(task.check(&Codec::Json.encode(&(1, 2)).unwrap()).is_ok());
    for args in [json!([1]), json!([1, "2"]), json!(null), json!([1, 2, 3])] {
        let args = Codec::Json.encode(&args).unwrap();
        assert!(task.check(&args).is_err(), "{args:?}");
    }
}

mod named {
    use super::{Task, task};

    #[task(name = "mail: weekly")]
    pub(crate) fn weekly() {}

    /// The path of the crate can be specified.
    #[task(crate = "punctual_core", name = "other")]
    pub(super) async fn by_path() {}

    #[task]
    pub(crate) fn r#loop() {}

    #[task]
    #[cfg(any())]
    pub(crate) fn never() -> DoesNotExist {}

    #[test]
    fn the_name_defaults_to_that_of_the_function() {
        assert_eq!(weekly::NAME, "mail: weekly");
        assert_eq!(by_path::NAME, "other");
        assert_eq!(r#loop::NAME, "loop");
    }
}

#[test]
fn visibility_is_kept() {
    assert_eq!(perform(named::weekly, named::weekly()).unwrap(), json!(null));
    assert_eq!(perform(named::by_path, named::by_path()).unwrap(), json!(null));
}

#[test]
fn a_task_can_be_declared_inside_a_function() {
    #[task]
    fn inner(n: u8) -> u8 {
        n + 1
    }
    assert_eq!(perform(inner, inner(1)).unwrap(), json!(2));
}
