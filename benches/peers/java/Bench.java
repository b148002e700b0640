import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** The rows on PostgreSQL of the programs in Java: each call measures one row in an empty database. */
final class Bench {
    private static final int MOST = 200_000;
    private static final int WARM_UP = 2_000;
    private static final Duration GIVE_UP = Duration.ofMinutes(2);

    private static final AtomicIntegerArray RUNS = new AtomicIntegerArray(MOST);
    private static final AtomicLongArray STARTED = new AtomicLongArray(MOST);
    private static final AtomicInteger TOTAL = new AtomicInteger();

    private Bench() {}

    interface Peer {
        void createTables(Connection db) throws Exception;

        /** Starts a worker for {@code throughput}, {@code latency} or {@link #sameProcess}. */
        Worker start(String purpose) throws Exception;

        /** Opens a client with connections of its own. */
        Client client() throws Exception;

        /** A query that returns whether the store has a job that is not done. */
        String open();

        /** Whether other processes detect new jobs in time; otherwise latencies are those in the worker's process. */
        boolean detectsOthers();

        /** The name of settings for jobs that are added in the worker's process, or null if there are none. */
        String sameProcess();
    }

    interface Worker extends AutoCloseable {
        /** A client in the worker's process. */
        Client client() throws Exception;
    }

    interface Client extends AutoCloseable {
        void add(int number, Instant due) throws Exception;

        /** Adds jobs from {@code first} to {@code first + jobs}. */
        void addMany(int first, int jobs, Instant due) throws Exception;
    }

    /** The handler of all jobs. */
    static void handle(int number) {
        STARTED.set(number, micros(Instant.now()));
        RUNS.incrementAndGet(number);
        TOTAL.incrementAndGet();
    }

    static void main(Peer peer, String[] args) throws Exception {
        String row = args[0];
        int jobs = Integer.parseInt(args[1]);
        try (Connection db = DriverManager.getConnection(jdbcUrl())) {
            peer.createTables(db);
            switch (row) {
                case "drain" -> {
                    drain(peer, db, Math.min(WARM_UP, jobs));
                    double time = drain(peer, db, jobs);
                    print("drain-deleted", null, jobs / time, "jobs/s", jobs);
                }
                case "add-one" -> addOneByOne(peer, jobs);
                case "add-many" -> addMany(peer, jobs);
                case "now" -> latencies(peer, row, jobs, Duration.ZERO);
                case "second" -> latencies(peer, row, jobs, Duration.ofSeconds(1));
                case "idle" -> idle(peer, jobs);
                default -> throw new IllegalArgumentException("there is no row " + row);
            }
        }
        System.exit(0);
    }

    private static double drain(Peer peer, Connection db, int jobs) throws Exception {
        reset();
        try (Client client = peer.client()) {
            client.addMany(0, jobs, Instant.now());
        }
        long begin = System.nanoTime();
        try (Worker worker = peer.start("throughput"); Statement statement = db.createStatement()) {
            waitFor(jobs);
            while (seconds(begin) < GIVE_UP.toSeconds()) {
                try (ResultSet result = statement.executeQuery(peer.open())) {
                    result.next();
                    if (!result.getBoolean(1)) {
                        break;
                    }
                }
                Thread.sleep(2);
            }
            double time = seconds(begin);
            Thread.sleep(1_000); // for runs that are repeated
            return time;
        }
    }

    private static void addOneByOne(Peer peer, int jobs) throws Exception {
        Instant due = nextWeek();
        try (Client client = peer.client()) {
            // The virtual machine compiles what is called often.
            for (int number = 0; number < 2_000; number++) {
                client.add(number, due);
            }
            long begin = System.nanoTime();
            for (int number = 2_000; number < 2_000 + jobs; number++) {
                client.add(number, due);
            }
            print("add-one", null, jobs / seconds(begin), "jobs/s", 0);
        }
    }

    private static void addMany(Peer peer, int jobs) throws Exception {
        Instant due = nextWeek();
        try (Client client = peer.client()) {
            client.addMany(0, 2_000, due);
            long begin = System.nanoTime();
            client.addMany(2_000, jobs, due);
            print("add-many", null, jobs / seconds(begin), "jobs/s", 0);
        }
    }

    private static void latencies(Peer peer, String row, int jobs, Duration delay) throws Exception {
        if (peer.detectsOthers()) {
            try (Worker worker = peer.start("latency"); Client client = peer.client()) {
                latency(client, row, null, jobs, delay);
            }
        }
        if (peer.sameProcess() != null) {
            reset();
            try (Worker worker = peer.start(peer.sameProcess()); Client client = worker.client()) {
                latency(client, row, "added in the same process", jobs, delay);
            }
        }
    }

    /** Without a delay: from the return of add to the start of the job; otherwise from the due time. */
    private static void latency(Client client, String row, String variant, int jobs, Duration delay) throws Exception {
        int warmUp = 100;
        int all = warmUp + jobs;
        long[] from = new long[all];
        for (int number = 0; number < all; number++) {
            Thread.sleep(number < warmUp ? 10 : ThreadLocalRandom.current().nextLong(20, 80));
            // Quartz counts in milliseconds.
            Instant due = Instant.now().plus(delay).truncatedTo(ChronoUnit.MILLIS);
            client.add(number, due);
            from[number] = micros(delay.isZero() ? Instant.now() : due);
        }
        waitFor(all);
        Thread.sleep(1_000);
        double[] late = IntStream.range(warmUp, all)
            .filter(number -> STARTED.get(number) != 0)
            .mapToDouble(number -> (STARTED.get(number) - from[number]) / 1e3)
            .sorted()
            .toArray();
        for (int percent : new int[] {50, 99}) {
            print(row + "-p" + percent, variant, late[late.length * percent / 100], "ms", all);
        }
    }

    /** A worker with jobs for next week; the caller measures it, and ends it by closing its standard input. */
    private static void idle(Peer peer, int jobs) throws Exception {
        try (Client client = peer.client()) {
            client.addMany(0, jobs, nextWeek());
        }
        try (Worker worker = peer.start("latency")) {
            Thread.sleep(2_000);
            System.out.println("ready");
            System.in.readAllBytes();
        }
    }

    private static void waitFor(int jobs) throws InterruptedException {
        long begin = System.nanoTime();
        while (TOTAL.get() < jobs && seconds(begin) < GIVE_UP.toSeconds()) {
            Thread.sleep(1);
        }
    }

    private static void reset() {
        for (int number = 0; number < MOST; number++) {
            RUNS.set(number, 0);
            STARTED.set(number, 0);
        }
        TOTAL.set(0);
    }

    /** Prints a figure; jobs 0 to {@code jobs} were to run once each. */
    private static void print(String row, String variant, double value, String unit, int jobs) {
        long lost = IntStream.range(0, jobs).filter(number -> RUNS.get(number) == 0).count();
        long twice = IntStream.range(0, jobs).filter(number -> RUNS.get(number) > 1).count();
        print(row, variant, value, unit, lost, twice);
    }

    static void print(String row, String variant, double value, String unit, long lost, long twice) {
        String as = variant == null ? "" : "\"variant\":\"" + variant + "\",";
        System.out.println("{\"row\":\"" + row + "\"," + as + "\"value\":" + value + ",\"unit\":\"" + unit
            + "\",\"lost\":" + lost + ",\"twice\":" + twice + "}");
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    static double seconds(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }

    static long micros(Instant instant) {
        return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
    }

    static String jdbcUrl() {
        return "jdbc:" + System.getenv("DATABASE_URL").replaceFirst("^postgres:", "postgresql:")
            .replaceFirst("//([^@]*)@(.*)$", "//$2?user=$1");
    }

    private static Instant nextWeek() {
        return Instant.now().plus(Duration.ofDays(7));
    }
}
