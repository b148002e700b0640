// pg-boss' rows of `scripts/bench peers`; see bench.mjs.
//
// Settings: for throughput batches of 1,000 with two workers that fetch on while batches are full; both for throughput
// and latency notifications, and polling every 0.5 s, the shortest interval. It keeps jobs that are done.
// PEERS_DEFAULTS=1 uses its defaults: one job at a time, and polling every 2 s.
import { PgBoss } from "pg-boss";

import { handle, main } from "./bench.mjs";
import { exists } from "./postgres.mjs";

const defaults = process.env.PEERS_DEFAULTS === "1";

const settings = {
  throughput: { batchSize: 1000, localConcurrency: 2, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 },
  latency: { batchSize: 10, localConcurrency: 2, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 },
};

async function open() {
  const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, useListenNotify: !defaults });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("count", { notify: !defaults });
  return boss;
}

const peer = {
  async start(purpose) {
    const boss = await open();
    await boss.work("count", defaults ? {} : settings[purpose], async (jobs) => {
      for (const job of jobs) handle(job.data.number);
    });
    return () => boss.stop({ graceful: true });
  },

  async client() {
    const boss = await open();
    return {
      add: (number, due) => boss.send("count", { number }, { startAfter: due }),
      addMany: (numbers, due) => boss.insert("count", numbers.map((number) => ({ data: { number }, startAfter: due }))),
      close: () => boss.stop({ graceful: true }),
    };
  },

  jobs: () => exists("SELECT 1 FROM pgboss.job WHERE name = 'count' AND state < 'completed' LIMIT 1"),
};

await main(peer, true);
