//! A loop by hand, as that of a game: a job changes the world between two frames, without locks.
//!
//! `cargo run --example loop_by_hand`

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use punctual::prelude::*;

#[derive(Default)]
struct World {
    enemies: u32,
    saved: u32,
}

fn main() -> anyhow::Result<()> {
    let executor = LoopExecutor::new().blocking_limit(Duration::from_millis(8));
    let scheduler = LocalScheduler::builder_with(executor)
        .executor("threads", ThreadPoolExecutor::new(2))
        .build()?;
    // The loop runs anyway, so that it need not be woken.
    let jobs = scheduler.attach(|| {})?;

    // `Rc` and `RefCell` are not `Send`: these jobs stay on this thread.
    let world = Rc::new(RefCell::new(World::default()));
    let own = Rc::clone(&world);
    let spawn_enemy = jobs.local_task(move |_| own.borrow_mut().enemies += 1);
    scheduler.job(spawn_enemy).id("enemy").trigger(IntervalTrigger::seconds(1)).add()?;
    let own = Rc::clone(&world);
    jobs.add_listener(EventMask::JOB_EXECUTED, move |event| match event {
        Event::JobExecuted(run) if run.job.job_id == "save" => own.borrow_mut().saved += 1,
        _ => {}
    });
    // Blocks, so it is executed elsewhere; the listener on the loop receives its result.
    let save = || std::fs::metadata(".").map(|folder| folder.is_dir());
    scheduler.job(save).id("save").executor("threads").add()?;

    let mut frames = 0_u64;
    while world.borrow().enemies < 3 || world.borrow().saved < 1 {
        // Draw the frame. The budget leaves the rest of its 16 ms to the game.
        jobs.run_ready(LoopBudget::time(Duration::from_millis(2)));
        frames += 1;
        std::thread::park_timeout(Duration::from_millis(16)); // a display would wait for its next refresh
    }
    println!("{} enemies after {frames} frames", world.borrow().enemies);
    jobs.shutdown()?;
    Ok(())
}
