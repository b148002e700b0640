//! Health, and metrics for Prometheus.

use std::error::Error;
use std::sync::mpsc;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use punctual::prelude::*;

/// Runs start within milliseconds, unless something is wrong.
const LATENESS_BUCKETS: [f64; 5] = [0.001, 0.01, 0.1, 1.0, 10.0];

#[task]
fn clean_up() {}

fn main() -> Result<(), Box<dyn Error>> {
    // The scheduler records its metrics in the recorder that the program installs.
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full("punctual_run_lateness_seconds".into()),
            &LATENESS_BUCKETS,
        )?
        .install_recorder()?;

    let (done, all_done) = mpsc::channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .listener(EventMask::JOB_REMOVED, move |_| {
            // The receiver is dropped when `main` returns.
            let _ = done.send(());
        })
        .start()?;
    scheduler.job(clean_up()).add()?;
    scheduler.job(|| Err::<(), _>("no connection")).id("report").add()?;
    all_done.iter().take(2).for_each(drop);

    // What a handler of GET /health returns: 200 or 503, and the reason.
    let health = scheduler.health();
    println!("healthy: {}; {} runs in progress", health.is_ok(), health.active_runs);
    for store in &health.job_stores {
        println!("job store {}: last error {:?}", store.job_store, store.last_error);
    }

    // What a handler of GET /metrics returns.
    let page = metrics.render();
    println!("\n{page}");
    let failed =
        r#"punctual_runs_ended_total{job_store="default",task="closure",outcome="failed"} 1"#;
    assert!(page.contains(failed));
    assert!(
        page.contains(
            r#"punctual_run_lateness_seconds_count{job_store="default",task="clean_up"} 1"#
        )
    );

    scheduler.shutdown()?;
    Ok(())
}
