// Agenda's rows of `scripts/bench peers`; see bench.mjs.
//
// Settings: 100 jobs at the same time, looks for jobs every 50 ms (its jobs are polled on MongoDB), otherwise its defaults. It
// keeps jobs that are done, unless `removeOnComplete` is set. It has no call that adds many jobs.
// PEERS_DEFAULTS=1 uses its defaults: 20 jobs, 5 of each kind, every 5 s.
import { MongoBackend } from "@agendajs/mongo-backend";
import { Agenda } from "agenda";
import { MongoClient } from "mongodb";

import { handle, main } from "./bench.mjs";

const address = process.env.DATABASE_URL;
const settings = process.env.PEERS_DEFAULTS
  ? {}
  : { processEvery: 50, maxConcurrency: 100, defaultConcurrency: 100, defaultLockLimit: 0 };

async function open(options) {
  const agenda = new Agenda({ backend: new MongoBackend({ address }), ...options });
  agenda.on("error", (error) => console.error(error));
  agenda.define("count", async (job) => handle(job.attrs.data.number));
  await agenda.ready;
  return agenda;
}

const peer = {
  async start() {
    const agenda = await open(settings);
    await agenda.start();
    return () => agenda.stop(true);
  },

  async client() {
    const agenda = await open({});
    const add = (number, due) => agenda.schedule(due ?? new Date(), "count", { number });
    return {
      add,
      async addMany(numbers, due) {
        for (let first = 0; first < numbers.length; first += 20) {
          await Promise.all(numbers.slice(first, first + 20).map((number) => add(number, due)));
        }
      },
      close: () => agenda.stop(true),
    };
  },

  async jobs() {
    const client = await MongoClient.connect(address);
    const jobs = client.db().collection("agendaJobs");
    return {
      open: async () => (await jobs.findOne({ nextRunAt: { $ne: null } })) !== null,
      close: () => client.close(),
    };
  },
};

await main(peer, true);
