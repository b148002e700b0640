"""The same jobs under APScheduler 3.11 with its ProcessPoolExecutor, run by `main.rs`.

Prints one line of JSON, with durations in seconds. Needs `pip install 'apscheduler==3.11.*'`.
"""

import json
import sys
import threading
import time

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.executors.pool import ProcessPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler


def nothing(number):
    return number


def count(rounds):
    value = 1
    for _ in range(rounds):
        value = value * 6364136223846793005 + 1442695040888963407 & 0xFFFFFFFFFFFFFFFF
    return value


class Bench:
    """A scheduler that counts its finished runs."""

    def __init__(self, processes):
        self.finished = 0
        self.wanted = 0
        self.done = threading.Event()
        self.scheduler = BackgroundScheduler(
            executors={"default": ProcessPoolExecutor(processes)},
            job_defaults={"misfire_grace_time": None},
        )
        self.scheduler.add_listener(self.on_finished, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        self.scheduler.start()
        self.run(nothing, [0], 2 * processes)  # starts the children

    def on_finished(self, event):
        if event.code != EVENT_JOB_EXECUTED:
            sys.exit(f"a run was not successful: {event}")
        self.finished += 1
        if self.finished >= self.wanted:
            self.done.set()

    def run(self, task, args, runs):
        """Adds `runs` jobs that are due immediately. Returns the seconds until all have finished."""
        self.done.clear()
        self.wanted = self.finished + runs
        started = time.perf_counter()
        for _ in range(runs):
            self.scheduler.add_job(task, args=args)
        self.done.wait()
        return time.perf_counter() - started

    def close(self):
        self.scheduler.shutdown()


def main():
    singles, many, heavy, rounds = (int(text) for text in sys.argv[1:])
    one = Bench(1)
    trips = sorted(one.run(nothing, [1], 1) for _ in range(singles))
    alone = one.run(count, [rounds], heavy)
    one.close()
    two = Bench(2)
    all_of_many = two.run(nothing, [1], many)
    together = two.run(count, [rounds], heavy)
    two.close()
    print(json.dumps({
        "p50": trips[len(trips) // 2],
        "p99": trips[len(trips) * 99 // 100],
        "rate": many / all_of_many,
        "scaling": alone / together,
    }))


if __name__ == "__main__":
    main()
