//! A web service with axum: it lists its jobs, runs one on request, and finishes the runs when it stops.
//!
//! `cargo run --example axum_service`, and then `curl http://localhost:8080/jobs` and
//! `curl --request POST http://localhost:8080/jobs/report/run`. It stops after SIGTERM, Ctrl-C, or `--for SECONDS`;
//! `--port N` chooses another port.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use punctual::prelude::*;
use tokio::signal::unix::{SignalKind, signal};

#[task]
async fn report(pages: u32) -> u32 {
    println!("a report of {pages} pages");
    pages
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = AsyncScheduler::builder().task(report).start().await?;
    scheduler.job(report(12)).id("report").trigger(IntervalTrigger::minutes(10)).add().await?;

    let service = Router::new()
        .route("/jobs", get(list))
        .route("/jobs/{id}/run", post(run))
        .with_state(scheduler.clone());
    let address = ("127.0.0.1", option("--port")?.unwrap_or(8080));
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, service).with_graceful_shutdown(stopped(option("--for")?)).await?;

    // The server no longer answers, and the runs that it started are finished.
    scheduler.shutdown().await?;
    Ok(())
}

/// What the caller is told about an error.
type Failure = (StatusCode, String);

async fn list(State(scheduler): State<AsyncScheduler>) -> Result<Json<Vec<Job>>, Failure> {
    scheduler.get_jobs(JobQuery::new()).await.map(Json).map_err(failure)
}

/// Runs the job now, and answers with its outcome.
async fn run(
    State(scheduler): State<AsyncScheduler>,
    Path(id): Path<String>,
) -> Result<String, Failure> {
    let run = scheduler.run_job_now(&id).await.map_err(failure)?;
    Ok(run.wait().await.to_string())
}

fn failure(error: SchedulerError) -> Failure {
    let status = match error {
        SchedulerError::JobNotFound { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, punctual::error_chain(&error).to_string())
}

/// Ends after SIGTERM, which service managers send, after Ctrl-C, or after this time.
async fn stopped(seconds: Option<u64>) {
    let limit = seconds.map_or(Duration::MAX, Duration::from_secs);
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be handled");
    let signalled = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let _ = tokio::time::timeout(limit, signalled).await;
}

/// Returns the value of a command line option.
fn option<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    name: &str,
) -> anyhow::Result<Option<T>> {
    let value = std::env::args().skip_while(|argument| argument != name).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}
