// BullMQ's rows of `scripts/bench peers`; see bench.mjs.
//
// Settings: 100 jobs at the same time, otherwise its defaults. It keeps jobs that are done, unless `removeOnComplete` is set.
// PEERS_DEFAULTS=1 uses its defaults: one job at a time.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

import { handle, main } from "./bench.mjs";

// A worker waits for jobs by blocking calls, which its connection must not repeat.
const connect = () => new Redis(process.env.DATABASE_URL, { maxRetriesPerRequest: null });

function open() {
  const connection = connect();
  const queue = new Queue("count", { connection });
  const close = async () => {
    await queue.close();
    connection.disconnect();
  };
  return { queue, close };
}

const peer = {
  async start() {
    const connection = connect();
    const concurrency = process.env.PEERS_DEFAULTS ? 1 : 100;
    const worker = new Worker("count", async (job) => handle(job.data.number), { connection, concurrency });
    worker.on("error", (error) => console.error(error));
    await worker.waitUntilReady();
    return async () => {
      await worker.close();
      connection.disconnect();
    };
  },

  async client(kept = true) {
    const { queue, close } = open();
    const options = (due) => ({ delay: due && Math.max(due.getTime() - Date.now(), 0), removeOnComplete: !kept });
    return {
      add: (number, due) => queue.add("count", { number }, options(due)),
      addMany: (numbers, due) =>
        queue.addBulk(numbers.map((number) => ({ name: "count", data: { number }, opts: options(due) }))),
      close,
    };
  },

  async jobs() {
    const { queue, close } = open();
    return { open: async () => (await queue.getJobCountByTypes("waiting", "active", "delayed", "prioritized")) > 0, close };
  },
};

await main(peer, true);
