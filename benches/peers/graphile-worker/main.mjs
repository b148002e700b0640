// Graphile Worker's rows of `scripts/bench peers`; see bench.mjs.
//
// Settings: for throughput those of its page on performance (24 concurrent jobs, a local queue of 500, completions
// batched without a delay); for latency 10 jobs without batches. It deletes jobs that are done.
// PEERS_DEFAULTS=1 uses its defaults: one job at a time.
import { Logger, makeWorkerUtils, run } from "graphile-worker";

import { handle, main } from "./bench.mjs";
import { exists } from "./postgres.mjs";

const connectionString = process.env.DATABASE_URL;
const logger = new Logger(() => () => {});

const settings = {
  throughput: { concurrentJobs: 24, maxPoolSize: 25, localQueue: { size: 500 }, completeJobBatchDelay: 0 },
  latency: { concurrentJobs: 10, maxPoolSize: 10 },
};

const taskList = { count: (payload) => handle(payload.number) };

const peer = {
  async start(purpose) {
    const worker = process.env.PEERS_DEFAULTS ? {} : settings[purpose];
    const runner = await run({ preset: { worker: { connectionString, logger, ...worker } }, taskList, noHandleSignals: true });
    return () => runner.stop();
  },

  async client() {
    const utils = await makeWorkerUtils({ connectionString, logger });
    await utils.migrate();
    return {
      add: (number, due) => utils.addJob("count", { number }, { runAt: due }),
      addMany: (numbers, due) =>
        utils.addJobs(numbers.map((number) => ({ identifier: "count", payload: { number }, runAt: due }))),
      close: () => utils.release(),
    };
  },

  jobs: () => exists("SELECT 1 FROM graphile_worker.jobs LIMIT 1"),
};

await main(peer, false);
