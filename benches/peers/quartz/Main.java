import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;

/**
 * Quartz' rows of {@code scripts/bench peers} on PostgreSQL; see Bench.java, and Memory.java for those in memory.
 *
 * <p>Settings: JobStoreTX, clustered, 50 threads, batches of 50; triggers are looked for every second. Each
 * trigger has its own job: if a job had many, Quartz would count the others whenever one is deleted. Both are deleted
 * as they fire. Other processes are
 * not notified of new triggers, so that latencies are those of triggers that are added in the same process.
 */
public final class Main implements Bench.Peer {
    /** The class of all jobs. */
    public static final class Count implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            Bench.handle(context.getTrigger().getJobDataMap().getIntFromString("number"));
        }
    }

    public static void main(String[] args) throws Exception {
        if (System.getenv("DATABASE_URL") == null) {
            Memory.main(args);
        } else {
            Bench.main(new Main(), args);
        }
    }

    @Override
    public void createTables(Connection db) throws Exception {
        String script = "/org/quartz/impl/jdbcjobstore/tables_postgres.sql";
        try (InputStream tables = Scheduler.class.getResourceAsStream(script);
                Statement statement = db.createStatement()) {
            statement.execute(new String(tables.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Override
    public Bench.Worker start(String purpose) throws SchedulerException {
        Scheduler scheduler = open(50);
        scheduler.start();
        return new Bench.Worker() {
            @Override
            public Bench.Client client() {
                return new Client(scheduler, false);
            }

            @Override
            public void close() throws SchedulerException {
                scheduler.shutdown(true);
            }
        };
    }

    @Override
    public Bench.Client client() throws SchedulerException {
        return new Client(open(1), true);
    }

    @Override
    public String open() {
        return "SELECT EXISTS (SELECT FROM qrtz_triggers) OR EXISTS (SELECT FROM qrtz_fired_triggers)";
    }

    @Override
    public boolean detectsOthers() {
        return false;
    }

    @Override
    public String sameProcess() {
        return "latency";
    }

    private static Scheduler open(int threads) throws SchedulerException {
        Properties settings = new Properties();
        settings.put("org.quartz.scheduler.instanceName", "bench");
        settings.put("org.quartz.scheduler.instanceId", "AUTO");
        settings.put("org.quartz.scheduler.skipUpdateCheck", "true");
        // The shortest; by default it waits for up to 30 s when it has found nothing once.
        settings.put("org.quartz.scheduler.idleWaitTime", "1000");
        settings.put("org.quartz.scheduler.batchTriggerAcquisitionMaxCount", String.valueOf(threads));
        settings.put("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
        settings.put("org.quartz.threadPool.threadCount", String.valueOf(threads));
        settings.put("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
        settings.put("org.quartz.jobStore.driverDelegateClass", "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate");
        settings.put("org.quartz.jobStore.isClustered", "true");
        // Needed for batches.
        settings.put("org.quartz.jobStore.acquireTriggersWithinLock", "true");
        settings.put("org.quartz.jobStore.useProperties", "true");
        settings.put("org.quartz.jobStore.misfireThreshold", "3600000");
        settings.put("org.quartz.jobStore.dataSource", "db");
        settings.put("org.quartz.dataSource.db.provider", "hikaricp");
        settings.put("org.quartz.dataSource.db.driver", "org.postgresql.Driver");
        settings.put("org.quartz.dataSource.db.URL", Bench.jdbcUrl());
        settings.put("org.quartz.dataSource.db.maxConnections", String.valueOf(threads + 3));
        // The factory keeps schedulers by name in a registry of the process, so each gets its own: the old one is shut
        // down before the next is opened.
        return new StdSchedulerFactory(settings).getScheduler();
    }

    private record Client(Scheduler scheduler, boolean own) implements Bench.Client {
        @Override
        public void add(int number, Instant due) throws SchedulerException {
            scheduler.scheduleJob(job(number), trigger(number, due));
        }

        @Override
        public void addMany(int first, int jobs, Instant due) throws SchedulerException {
            Map<JobDetail, Set<? extends Trigger>> all = new HashMap<>();
            for (int number = first; number < first + jobs; number++) {
                all.put(job(number), Set.of(trigger(number, due)));
            }
            scheduler.scheduleJobs(all, false);
        }

        private static JobDetail job(int number) {
            return JobBuilder.newJob(Count.class).withIdentity("job-" + number).requestRecovery().build();
        }

        private static Trigger trigger(int number, Instant due) {
            return TriggerBuilder.newTrigger()
                .withIdentity("trigger-" + number)
                .usingJobData("number", String.valueOf(number))
                .startAt(Date.from(due))
                .withSchedule(SimpleScheduleBuilder.simpleSchedule())
                .build();
        }

        @Override
        public void close() throws SchedulerException {
            if (own) {
                scheduler.shutdown(true);
            }
        }
    }
}
