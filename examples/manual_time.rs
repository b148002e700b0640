//! Testing a job with a manual clock: three days pass in a moment, with a deterministic result.
//!
//! In your own project, this would be a test with `punctual-testkit` as a dev-dependency.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual::ZoneDatabase;
use punctual::prelude::*;
use punctual_testkit::ManualScheduler;

const DAY: Duration = Duration::from_secs(86_400);

/// The log of alarms, which a test checks afterwards.
#[derive(Clone, Default)]
struct Bell(Arc<Mutex<Vec<String>>>);

#[task]
fn wake_up(context: JobContext) {
    if let (Some(bell), Ok(zone)) = (context.app_data::<Bell>(), Zone::named("Europe/Helsinki")) {
        let time = context.scheduled_time().in_zone(&zone);
        let mut rung = bell.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        rung.push(time.format("%a %d %b, %H:%M %Z").to_string());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    ZoneDatabase::bundled().install(); // the same zone rules on every machine
    let friday =
        DateTrigger::at("2026-03-27 12:00:00").timezone("Europe/Helsinki").build()?.run_date();

    let bell = Bell::default();
    let scheduler = ManualScheduler::start(friday, |builder| {
        builder.timezone("Europe/Helsinki").app_data(bell.clone())
    })?;
    scheduler.block_on(
        scheduler.job(wake_up()).trigger(CronTrigger::builder().hour(7).minute(15)).add(),
    )?;

    scheduler.advance(3 * DAY); // past the start of daylight saving time on Sunday

    let rung = bell.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    rung.iter().for_each(|time| println!("{time}"));
    assert_eq!(
        *rung,
        [
            "Sat 28 Mar, 07:15 EET",
            "Sun 29 Mar, 07:15 EEST", // after the forward transition
            "Mon 30 Mar, 07:15 EEST",
        ]
    );
    Ok(())
}
