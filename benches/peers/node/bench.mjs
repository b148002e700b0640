// What the programs for the packages of npm share: the rows, and the tally of runs.
//
//   node main.mjs <row> <jobs>     with the URL of an empty database in DATABASE_URL
//
// A peer is an object with the functions
//   start(purpose)      starts a worker for "throughput" or "latency", and returns a function that stops it
//   client(kept)        opens a client of its own: { add(number, due), addMany(numbers, due), close() }; `kept` says
//                       whether jobs that are done are to be kept, if the peer can do both
//   jobs()              opens a connection of its own: { open(), close() }; `open` returns whether the store has a job
//                       that is not done

const WARM_UP = 2000;
const WEEK = 7 * 86400 * 1000;

let runs = [];
let started = [];
let total = 0;

const now = () => performance.timeOrigin + performance.now();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The handler of all jobs. */
export function handle(number) {
  started[number] = now();
  runs[number] = (runs[number] ?? 0) + 1;
  total += 1;
}

async function waitFor(jobs) {
  const begin = now();
  while (total < jobs && now() - begin < 120_000) await sleep(1);
}

function mistakes(jobs) {
  const all = Array.from({ length: jobs }, (_, number) => runs[number] ?? 0);
  return { lost: all.filter((n) => n === 0).length, twice: all.filter((n) => n > 1).length };
}

function print(row, value, unit, { lost, twice } = { lost: 0, twice: 0 }) {
  console.log(JSON.stringify({ row, value, unit, lost, twice }));
}

const numbers = (jobs) => Array.from({ length: jobs }, (_, number) => number);

async function drain(peer, jobs, kept) {
  [runs, started, total] = [[], [], 0];
  const client = await peer.client(kept);
  for (let first = 0; first < jobs; first += 5000) {
    await client.addMany(numbers(jobs).slice(first, first + 5000), undefined);
  }
  await client.close();
  const stored = await peer.jobs();
  const begin = now();
  const stop = await peer.start("throughput");
  await waitFor(jobs);
  while ((await stored.open()) && now() - begin < 120_000) await sleep(2);
  const time = now() - begin;
  await sleep(1000); // for runs that are repeated
  await stop();
  await stored.close();
  return time;
}

async function latency(peer, row, jobs, delay) {
  const stop = await peer.start("latency");
  const client = await peer.client();
  const from = [];
  const all = jobs + 20;
  for (let number = 0; number < all; number += 1) {
    await sleep(20 + Math.random() * 60);
    const due = delay === 0 ? undefined : new Date(Date.now() + delay);
    await client.add(number, due);
    from.push(due?.getTime() ?? now());
  }
  await waitFor(all);
  await sleep(1000);
  const late = numbers(all).slice(20).filter((number) => started[number] !== undefined)
    .map((number) => started[number] - from[number]).sort((a, b) => a - b);
  for (const percent of [50, 99]) {
    print(`${row}-p${percent}`, late[Math.floor((late.length * percent) / 100)], "ms", mistakes(all));
  }
  await client.close();
  await stop();
}

/** `kept` says whether the peer keeps jobs that are done; one that can do both has the rows drain-kept and drain-deleted. */
export async function main(peer, kept) {
  const [row, count] = process.argv.slice(2);
  const jobs = Number(count);
  const due = new Date(Date.now() + WEEK);
  if (row.startsWith("drain")) {
    const name = row === "drain" ? (kept ? "drain-kept" : "drain-deleted") : row;
    await drain(peer, Math.min(WARM_UP, jobs), name === "drain-kept");
    const time = await drain(peer, jobs, name === "drain-kept");
    print(name, (jobs / time) * 1000, "jobs/s", mistakes(jobs));
  } else if (row === "add-one") {
    const client = await peer.client();
    for (let number = 0; number < 500; number += 1) await client.add(number, due);
    const begin = now();
    for (let number = 0; number < jobs; number += 1) await client.add(number, due);
    print(row, (jobs / (now() - begin)) * 1000, "jobs/s");
    await client.close();
  } else if (row === "add-many") {
    const client = await peer.client();
    await client.addMany(numbers(500), due);
    const begin = now();
    await client.addMany(numbers(jobs), due);
    print(row, (jobs / (now() - begin)) * 1000, "jobs/s");
    await client.close();
  } else if (row === "now") {
    await latency(peer, row, jobs, 0);
  } else if (row === "second") {
    await latency(peer, row, jobs, 1000);
  } else if (row === "idle") {
    const client = await peer.client();
    await client.addMany(numbers(jobs), due);
    await client.close();
    const stop = await peer.start("latency");
    await sleep(2000);
    console.log("ready");
    // Ends when standard input is closed.
    for await (const _ of process.stdin);
    await stop();
  } else {
    throw new Error(`there is no row ${row}`);
  }
  process.exit(0);
}
