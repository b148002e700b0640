//! A web service with actix: it lists its jobs, runs one on request, and finishes the runs when it stops. One of its jobs
//! runs on the main thread, with a value that is not `Send`.
//!
//! `cargo run --example actix_service`, and then `curl http://localhost:8080/jobs` and
//! `curl --request POST http://localhost:8080/jobs/report/run`. It stops after Ctrl-C, or after `--for SECONDS`; `--port N`
//! chooses another port.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{App, HttpServer, ResponseError, get, post, rt};
use punctual::prelude::*;

#[task]
async fn report(pages: u32) -> u32 {
    println!("a report of {pages} pages");
    pages
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    // Its jobs run on the thread of actix's system; those with `.executor("threads")` in a pool.
    let local = LocalScheduler::builder()
        .executor("threads", ThreadPoolExecutor::new(2))
        .task(report)
        .build()?;
    let (jobs, future) = local.attach_future()?;
    rt::spawn(future);
    let scheduler = local.to_async();
    scheduler.job(report(12)).id("report").trigger(IntervalTrigger::minutes(10)).add().await?;
    let count = Cell::new(0);
    let tick = jobs.local_task(move |_| {
        count.set(count.get() + 1);
        println!("tick {}", count.get());
    });
    scheduler.job(tick).id("tick").trigger(IntervalTrigger::seconds(1)).add().await?;

    let data = Data::new(scheduler.clone());
    let server =
        HttpServer::new(move || App::new().app_data(data.clone()).service(list).service(run))
            .workers(2)
            .bind(("127.0.0.1", option("--port")?.unwrap_or(8080)))?;
    for address in server.addrs() {
        println!("http://{address}");
    }
    let server = server.run();
    match option("--for")? {
        // It stops after Ctrl-C by itself.
        None => server.await?,
        Some(seconds) => drop(rt::time::timeout(Duration::from_secs(seconds), server).await),
    }

    // The server no longer answers, and the runs that it started are finished.
    scheduler.shutdown().await?;
    Ok(())
}

#[get("/jobs")]
async fn list(scheduler: Data<AsyncScheduler>) -> Result<Json<Vec<Job>>, Failure> {
    Ok(Json(scheduler.get_jobs(JobQuery::new()).await?))
}

/// Runs the job now, and answers with its outcome.
#[post("/jobs/{id}/run")]
async fn run(scheduler: Data<AsyncScheduler>, id: Path<String>) -> Result<String, Failure> {
    let run = scheduler.run_job_now(id.as_str()).await?;
    Ok(run.wait().await.to_string())
}

/// What the caller is told about an error.
#[derive(Debug)]
struct Failure(SchedulerError);

impl From<SchedulerError> for Failure {
    fn from(error: SchedulerError) -> Self {
        Self(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        punctual::error_chain(&self.0).fmt(f)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self.0 {
            SchedulerError::JobNotFound { .. } => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Returns the value of a command line option.
fn option<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    name: &str,
) -> anyhow::Result<Option<T>> {
    let value = std::env::args().skip_while(|argument| argument != name).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}
