"""APScheduler's rows of `scripts/bench peers`: in memory, and with SQLAlchemy if DATABASE_URL is set.

    python main.py <row> <number>

Settings: the default executor, 10 threads; no limit of misfires. It deletes a job before it runs it, so that a job is
run at most once. It has no call that adds many jobs. Other processes don't detect new jobs, so that latencies are those
of jobs that are added in the same process.
"""

import gc
import json
import os
import random
import sys
import time
from datetime import datetime, timedelta, timezone

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

URL = os.environ.get("DATABASE_URL")
UTC = timezone.utc
# The number of seconds in which fires are measured; the first is not counted.
SECONDS = 10

runs = {}
started = {}
fires = []


def count(number):
    started[number] = time.time()
    # Runs of one job don't overlap, so that no lock is needed.
    runs[number] = runs.get(number, 0) + 1


def fire(number):
    fires.append((number, time.time()))


def scheduler(paused=False):
    if URL is None:
        store = MemoryJobStore()
    else:
        # Imported here, because it takes memory.
        from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore

        store = SQLAlchemyJobStore(url=URL.replace("postgres://", "postgresql+psycopg://").replace("sqlite:/", "sqlite:////"))
    result = BackgroundScheduler(
        jobstores={"default": store},
        executors={"default": ThreadPoolExecutor(10)},
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )
    result.start(paused=paused)
    return result


def now():
    return datetime.now(UTC)


def next_week():
    return now() + timedelta(days=7)


def line(row, value, unit, lost=0, twice=0, variant=None):
    result = {"row": row, "value": value, "unit": unit, "lost": lost, "twice": twice}
    if variant:
        result["variant"] = variant
    print(json.dumps(result), flush=True)


def mistakes(jobs):
    lost = sum(1 for number in range(jobs) if number not in runs)
    return lost, sum(1 for number in range(jobs) if runs.get(number, 0) > 1)


def wait_for(jobs, seconds=120):
    begin = time.monotonic()
    while len(runs) < jobs and time.monotonic() - begin < seconds:
        time.sleep(0.001)


def drain(jobs):
    """Returns the seconds until the store is empty. The jobs are added by a scheduler that is paused."""
    runs.clear()
    client = scheduler(paused=True)
    for number in range(jobs):
        client.add_job(count, DateTrigger(now()), args=[number])
    begin = time.perf_counter()
    worker = scheduler()
    wait_for(jobs)
    # A job is removed before it is run.
    duration = time.perf_counter() - begin
    time.sleep(1)
    if worker.get_jobs():
        sys.exit("jobs are left in the store")
    worker.shutdown()
    # Not earlier: when it ends, it would take jobs that are due.
    client.shutdown()
    return duration


def add(jobs, row):
    client = scheduler(paused=URL is not None)
    for shared in [False] if URL else [False, True]:
        trigger = DateTrigger(next_week())
        for total in [500, jobs]:
            begin = time.perf_counter()
            for number in range(total):
                client.add_job(count, trigger if shared else DateTrigger(next_week()), args=[number])
            duration = time.perf_counter() - begin
        line(row, jobs / duration, "jobs/s", variant="shared trigger" if shared else None)
    client.shutdown()


def resident():
    gc.collect()
    with open("/proc/self/status") as status:
        return next(int(text.split()[1]) for text in status if text.startswith("VmRSS")) * 1024


def memory(jobs, shared):
    client = scheduler()
    trigger = DateTrigger(next_week())
    client.add_job(count, trigger, args=[0])
    before = resident()
    for number in range(jobs):
        client.add_job(count, trigger if shared else DateTrigger(next_week()), args=[number])
    line("bytes", (resident() - before) / jobs, "B/job", variant="shared trigger" if shared else None)
    client.shutdown()


def dispatch(jobs):
    worker = scheduler(paused=True)
    trigger = DateTrigger(now())
    for number in range(jobs):
        worker.add_job(count, trigger, args=[number])
    begin = time.perf_counter()
    worker.resume()
    wait_for(jobs, 60)
    duration = time.perf_counter() - begin
    time.sleep(0.5)
    line("dispatch", jobs / duration, "jobs/s", *mistakes(jobs))
    worker.shutdown()


def beside(stored):
    """Adding and running jobs beside many that are not due."""
    jobs = 5000
    worker = scheduler()
    trigger = DateTrigger(next_week())
    for number in range(stored):
        worker.add_job(count, trigger, args=[number])
    begin = time.perf_counter()
    for number in range(jobs):
        worker.add_job(count, trigger, args=[number])
    line(f"add-beside-{stored}", jobs / (time.perf_counter() - begin), "jobs/s")
    worker.pause()
    trigger = DateTrigger(now())
    for number in range(jobs):
        worker.add_job(count, trigger, args=[number])
    begin = time.perf_counter()
    worker.resume()
    wait_for(jobs, 60)
    duration = time.perf_counter() - begin
    time.sleep(0.5)
    line(f"run-beside-{stored}", jobs / duration, "jobs/s", *mistakes(jobs))
    worker.shutdown()


def latency(row, jobs, delay):
    worker = scheduler()
    total = jobs + 20
    since = {}
    for number in range(total):
        time.sleep(random.uniform(0.02, 0.08))
        if delay:
            due = now() + timedelta(seconds=delay)
            since[number] = due.timestamp()
            worker.add_job(count, DateTrigger(due), args=[number])
        else:
            worker.add_job(count, args=[number])
            since[number] = time.time()
    wait_for(total)
    time.sleep(1)
    late = sorted((started[number] - since[number]) * 1000 for number in range(20, total) if number in started)
    lost, twice = mistakes(total)
    for percent in [50, 99]:
        line(f"{row}-p{percent}", late[len(late) * percent // 100], "ms", lost, twice, "added in the same process")
    worker.shutdown()


def lateness(jobs, full):
    """Jobs that fire each second: all at the full second, or evenly spread over it."""
    worker = scheduler(paused=True)
    first = int(time.time()) + 3 + jobs // 2000
    starts = [first if full else first + number / jobs for number in range(jobs)]
    for number in range(jobs):
        start = datetime.fromtimestamp(starts[number], UTC)
        worker.add_job(fire, IntervalTrigger(seconds=1, start_date=start), args=[number])
    worker.resume()
    time.sleep(first + 1 - time.time())
    before = time.process_time()
    time.sleep(first + SECONDS - time.time())
    percent = (time.process_time() - before) / (SECONDS - 1) * 100
    time.sleep(0.5)
    seen, late, last = {}, [], {}
    for number, at in list(fires):
        # The second that it belongs to; it may be up to 0.1 s early.
        since = at - starts[number]
        second = int(since + 0.1)
        if 1 <= second < SECONDS:
            seen[number, second] = seen.get((number, second), 0) + 1
            late.append((since - second) * 1000)
            last[second] = max(last.get(second, 0), late[-1])
    lost = jobs * (SECONDS - 1) - len(seen)
    twice = sum(1 for fired in seen.values() if fired > 1)
    late.sort()
    if full:
        lasts = sorted(last.values())
        line("full-second-last", lasts[len(lasts) // 2], "ms", lost, twice)
    else:
        for name, permille in {"p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "max": 1000}.items():
            value = late[min(len(late) * permille // 1000, len(late) - 1)]
            line(f"late-{jobs}-{name}", value, "ms", lost, twice)
        line(f"late-{jobs}-processor", percent, "% of a core")
    # Not a shutdown, which would wait for all that is late.
    os._exit(0)


def idle(jobs):
    """A worker with jobs for next week; the caller measures it, and ends it by closing its standard input."""
    worker = scheduler()
    due = next_week()
    for number in range(jobs):
        worker.add_job(count, DateTrigger(due), args=[number])
    time.sleep(2)
    print("ready", flush=True)
    sys.stdin.read()
    worker.shutdown()


def main():
    row, number = sys.argv[1], int(sys.argv[2])
    if row == "drain":
        drain(min(500, number))
        line("drain-skip", number / drain(number), "jobs/s", *mistakes(number))
    elif row in ("add", "add-one"):
        add(number, row)
    elif row in ("bytes", "bytes-shared"):
        memory(number, row == "bytes-shared")
    elif row == "dispatch":
        dispatch(number)
    elif row == "beside":
        beside(number)
    elif row == "now":
        latency(row, number, 0)
    elif row == "second":
        latency(row, number, 1)
    elif row == "late":
        lateness(number, False)
    elif row == "full-second":
        lateness(number, True)
    elif row == "idle":
        idle(number)
    else:
        sys.exit(f"there is no row {row}")


if __name__ == "__main__":
    main()
