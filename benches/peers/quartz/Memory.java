import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
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
 * Quartz' rows in memory: RAMJobStore with the default of 10 threads, and batches of 10; triggers are looked for
 * every second. Each trigger has its own job: if a job had many, Quartz would copy the others whenever one is deleted.
 */
final class Memory {
    /** The number of seconds in which fires are measured; the first is not counted. */
    private static final int SECONDS = 10;

    private static final AtomicInteger TOTAL = new AtomicInteger();
    private static AtomicIntegerArray runs;

    private static long first;
    private static int jobs;
    private static boolean full;
    /** Of each job and second: the number of fires, and how late the last was. */
    private static AtomicIntegerArray fires;
    private static int[] late;

    private Memory() {}

    public static final class Count implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            runs.incrementAndGet(context.getTrigger().getJobDataMap().getInt("number"));
            TOTAL.incrementAndGet();
        }
    }

    public static final class Fire implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            long now = Bench.micros(Instant.now());
            int number = context.getTrigger().getJobDataMap().getInt("number");
            // Assigns each fire to the second that it belongs to; it may be up to 0.1 s early.
            long since = now - start(number);
            int second = (int) ((since + 100_000) / 1_000_000);
            if (second >= 0 && second < SECONDS) {
                fires.incrementAndGet(number * SECONDS + second);
                late[number * SECONDS + second] = (int) (since - second * 1_000_000L);
            }
        }
    }

    static void main(String[] args) throws Exception {
        int number = Integer.parseInt(args[1]);
        Scheduler scheduler = open();
        switch (args[0]) {
            case "add" -> add(scheduler, number);
            case "bytes" -> bytes(scheduler, number);
            case "dispatch" -> dispatch(scheduler, number);
            case "beside" -> beside(scheduler, number);
            case "idle" -> idle(scheduler, number);
            case "late" -> lateness(scheduler, number, false);
            case "full-second" -> lateness(scheduler, number, true);
            default -> throw new IllegalArgumentException("there is no row " + args[0]);
        }
        scheduler.shutdown(true);
        System.exit(0);
    }

    private static void add(Scheduler scheduler, int number) throws Exception {
        scheduler.start();
        // The virtual machine compiles what is called often.
        addLater(scheduler, 0, 5_000);
        long begin = System.nanoTime();
        addLater(scheduler, 5_000, number);
        Bench.print("add", null, number / Bench.seconds(begin), "jobs/s", 0, 0);
    }

    private static void bytes(Scheduler scheduler, int number) throws Exception {
        scheduler.start();
        addLater(scheduler, 0, 1_000);
        long before = used();
        addLater(scheduler, 1_000, number);
        Bench.print("bytes", null, (double) (used() - before) / number, "B/job", 0, 0);
    }

    private static void addLater(Scheduler scheduler, int from, int number) throws SchedulerException {
        Date due = Date.from(Instant.now().plus(Duration.ofDays(7)));
        for (int index = from; index < from + number; index++) {
            scheduler.scheduleJob(job(index, Count.class), trigger(index).startAt(due).build());
        }
    }

    /** Triggers that are in the scheduler before it is started; the first time is a warm-up. */
    private static void dispatch(Scheduler scheduler, int number) throws Exception {
        double time = 0;
        for (int size : new int[] {5_000, number}) {
            time = runDue(scheduler, size);
        }
        printRun("dispatch", number, time);
    }

    /** Adds triggers that are due to a scheduler in standby mode, and returns the seconds until all have fired. */
    private static double runDue(Scheduler scheduler, int size) throws Exception {
        scheduler.standby();
        TOTAL.set(0);
        runs = new AtomicIntegerArray(size);
        for (int index = 0; index < size; index++) {
            scheduler.scheduleJob(job(index, Count.class), trigger(index).startNow().build());
        }
        long begin = System.nanoTime();
        scheduler.start();
        while (TOTAL.get() < size && Bench.seconds(begin) < 60) {
            Thread.sleep(0, 100_000);
        }
        double time = Bench.seconds(begin);
        Thread.sleep(500);
        return time;
    }

    private static void printRun(String row, int number, double time) {
        int lost = 0;
        int twice = 0;
        for (int index = 0; index < number; index++) {
            lost += runs.get(index) == 0 ? 1 : 0;
            twice += runs.get(index) > 1 ? 1 : 0;
        }
        Bench.print(row, null, number / time, "jobs/s", lost, twice);
    }

    /** Adding and running jobs beside many that are not due. Running is measured the second time. */
    private static void beside(Scheduler scheduler, int stored) throws Exception {
        int number = 5_000;
        scheduler.start();
        addLater(scheduler, number, stored);
        addLater(scheduler, number + stored, number);
        long begin = System.nanoTime();
        addLater(scheduler, 2 * number + stored, number);
        Bench.print("add-beside-" + stored, null, number / Bench.seconds(begin), "jobs/s", 0, 0);
        runDue(scheduler, number);
        printRun("run-beside-" + stored, number, runDue(scheduler, number));
    }

    /** A scheduler with jobs for next week; the caller measures it, and ends it by closing its standard input. */
    private static void idle(Scheduler scheduler, int number) throws Exception {
        scheduler.start();
        addLater(scheduler, 0, number);
        Thread.sleep(2_000);
        System.out.println("ready");
        System.in.readAllBytes();
    }

    /** Triggers that fire each second: all at the full second, or evenly spread over it. */
    private static void lateness(Scheduler scheduler, int number, boolean atFullSecond) throws Exception {
        jobs = number;
        full = atFullSecond;
        first = (Bench.micros(Instant.now()) / 1_000_000 + 3) * 1_000_000;
        fires = new AtomicIntegerArray(jobs * SECONDS);
        late = new int[jobs * SECONDS];
        for (int index = 0; index < jobs; index++) {
            Trigger trigger = trigger(index)
                .startAt(new Date(start(index) / 1_000))
                .withSchedule(SimpleScheduleBuilder.repeatSecondlyForever())
                .build();
            scheduler.scheduleJob(job(index, Fire.class), trigger);
        }
        scheduler.start();
        Thread.sleep(first / 1_000 + 1_000 - System.currentTimeMillis());
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long before = system.getProcessCpuTime();
        Thread.sleep(first / 1_000 + SECONDS * 1_000L - System.currentTimeMillis());
        double percent = (system.getProcessCpuTime() - before) / 1e9 / (SECONDS - 1) * 100;
        Thread.sleep(500);
        scheduler.standby();
        report();
        if (!full) {
            Bench.print("late-" + jobs + "-processor", null, percent, "% of a core", 0, 0);
        }
    }

    private static void report() {
        int lost = 0;
        int twice = 0;
        double[] last = new double[SECONDS - 1];
        double[] all = new double[jobs * (SECONDS - 1)];
        int count = 0;
        for (int index = 0; index < jobs; index++) {
            for (int second = 1; second < SECONDS; second++) {
                int cell = index * SECONDS + second;
                lost += fires.get(cell) == 0 ? 1 : 0;
                twice += fires.get(cell) > 1 ? 1 : 0;
                if (fires.get(cell) > 0) {
                    all[count++] = late[cell] / 1e3;
                    last[second - 1] = Math.max(last[second - 1], late[cell] / 1e3);
                }
            }
        }
        if (full) {
            Bench.print("full-second-last", null, Bench.median(last), "ms", lost, twice);
            return;
        }
        double[] sorted = Arrays.copyOf(all, count);
        Arrays.sort(sorted);
        String[] names = {"p50", "p90", "p99", "p99.9", "max"};
        int[] permilles = {500, 900, 990, 999, 1_000};
        for (int index = 0; index < names.length; index++) {
            double value = sorted[Math.min(count * permilles[index] / 1_000, count - 1)];
            Bench.print("late-" + jobs + "-" + names[index], null, value, "ms", lost, twice);
        }
    }

    /** The first scheduled time of a job. Quartz counts in milliseconds. */
    private static long start(int number) {
        return full ? first : first + 1_000L * number / jobs * 1_000;
    }

    private static JobDetail job(int number, Class<? extends Job> type) {
        return JobBuilder.newJob(type).withIdentity("job-" + number).build();
    }

    private static TriggerBuilder<Trigger> trigger(int number) {
        return TriggerBuilder.newTrigger().withIdentity("trigger-" + number).usingJobData("number", number);
    }

    private static Scheduler open() throws SchedulerException {
        Properties settings = new Properties();
        settings.put("org.quartz.scheduler.instanceName", "bench");
        settings.put("org.quartz.scheduler.skipUpdateCheck", "true");
        settings.put("org.quartz.scheduler.idleWaitTime", "1000");
        settings.put("org.quartz.scheduler.batchTriggerAcquisitionMaxCount", "10");
        settings.put("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
        settings.put("org.quartz.threadPool.threadCount", "10");
        settings.put("org.quartz.jobStore.class", "org.quartz.simpl.RAMJobStore");
        return new StdSchedulerFactory(settings).getScheduler();
    }

    /** The bytes of reachable objects; the resident memory also contains what the collector has reserved. */
    private static long used() throws InterruptedException {
        for (int round = 0; round < 3; round++) {
            System.gc();
            Thread.sleep(100);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
