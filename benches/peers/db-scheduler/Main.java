import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerBuilder;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.SchedulableInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;

/**
 * db-scheduler's rows of {@code scripts/bench peers}; see Bench.java.
 *
 * <p>Settings: for throughput the strategy lock-and-fetch with limits 1.0 and 4.0, 50 threads and 20 connections; for
 * latency the same with polling every 50 ms, or immediate execution of jobs that are added in the same process. It
 * deletes jobs that are done. The table is that of its documentation, without the index for priorities, which are off.
 */
public final class Main implements Bench.Peer {
    private static final OneTimeTask<Integer> COUNT =
        Tasks.oneTime("count", Integer.class).execute((job, context) -> Bench.handle(job.getData()));

    public static void main(String[] args) throws Exception {
        Bench.main(new Main(), args);
    }

    @Override
    public void createTables(Connection db) throws Exception {
        try (Statement statement = db.createStatement()) {
            statement.execute("""
                CREATE TABLE scheduled_tasks (
                    task_name            text NOT NULL,
                    task_instance        text NOT NULL,
                    task_data            bytea,
                    execution_time       timestamptz,
                    picked               boolean NOT NULL,
                    picked_by            text,
                    last_success         timestamptz,
                    last_failure         timestamptz,
                    consecutive_failures int,
                    last_heartbeat       timestamptz,
                    version              bigint NOT NULL,
                    priority             smallint,
                    state                text,
                    PRIMARY KEY (task_name, task_instance)
                );
                CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
                CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
                """);
        }
    }

    @Override
    public Bench.Worker start(String purpose) {
        HikariDataSource pool = pool();
        boolean defaults = System.getenv("PEERS_DEFAULTS") != null;
        SchedulerBuilder builder = Scheduler.create(pool, COUNT);
        if (!defaults) {
            builder.threads(50).pollUsingLockAndFetch(1.0, 4.0).pollingInterval(Duration.ofMillis(50));
        }
        if (purpose.equals("immediate")) {
            builder.enableImmediateExecution();
        }
        Scheduler scheduler = builder.build();
        scheduler.start();
        return new Bench.Worker() {
            @Override
            public Bench.Client client() {
                return new Client(scheduler, null);
            }

            @Override
            public void close() {
                scheduler.stop();
                pool.close();
            }
        };
    }

    @Override
    public Bench.Client client() {
        HikariDataSource pool = pool();
        return new Client(SchedulerClient.Builder.create(pool, COUNT).build(), pool);
    }

    @Override
    public String open() {
        return "SELECT EXISTS (SELECT FROM scheduled_tasks)";
    }

    @Override
    public boolean detectsOthers() {
        return true;
    }

    @Override
    public String sameProcess() {
        return "immediate";
    }

    private static HikariDataSource pool() {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(Bench.jdbcUrl());
        pool.setMaximumPoolSize(20);
        return pool;
    }

    private record Client(SchedulerClient client, HikariDataSource pool) implements Bench.Client {
        @Override
        public void add(int number, Instant due) {
            client.scheduleIfNotExists(job(number, due));
        }

        @Override
        public void addMany(int first, int jobs, Instant due) {
            client.scheduleBatch(
                IntStream.range(first, first + jobs).mapToObj(number -> job(number, due)));
        }

        private static SchedulableInstance<?> job(int number, Instant due) {
            return SchedulableInstance.of(COUNT.instance("job-" + number, number), due);
        }

        @Override
        public void close() {
            if (pool != null) {
                pool.close();
            }
        }
    }
}
