// River's rows of `scripts/bench peers`.
//
//	river <row> <jobs>     with the URL of an empty database in DATABASE_URL
//
// Settings: for throughput 1,000 workers, a fetch at most every 2 ms and 10 connections; for latency a cooldown of 1 ms,
// also of the inserting client, because it limits notifications. Its completer always works in batches. It keeps jobs
// that are done. PEERS_DEFAULTS=1 uses its default cooldown, 100 ms, and 100 workers.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	most    = 100_000
	warmUp  = 2_000
	giveUp  = 2 * time.Minute
	settled = time.Second // for runs that are repeated
)

var (
	ctx     = context.Background()
	runs    [most]atomic.Int32
	started [most]atomic.Int64
	total   atomic.Int64
)

type countArgs struct {
	Number int `json:"number"`
}

func (countArgs) Kind() string { return "count" }

type countWorker struct {
	river.WorkerDefaults[countArgs]
}

func (*countWorker) Work(_ context.Context, job *river.Job[countArgs]) error {
	started[job.Args.Number].Store(time.Now().UnixMicro())
	runs[job.Args.Number].Add(1)
	total.Add(1)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: river <row> <jobs>")
	}
	row := os.Args[1]
	jobs, err := strconv.Atoi(os.Args[2])
	check(err)
	pool := connect()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)
	pool.Close()

	switch row {
	case "drain":
		drain(min(warmUp, jobs))
		time := drain(jobs)
		lost, twice := mistakes(jobs)
		printLine("drain-kept", float64(jobs)/time.Seconds(), "jobs/s", lost, twice)
	case "add-one":
		addOneByOne(jobs)
	case "add-many":
		addMany(jobs)
	case "now":
		latency(row, jobs, 0)
	case "second":
		latency(row, jobs, time.Second)
	case "idle":
		idle(jobs)
	default:
		log.Fatalf("there is no row %s", row)
	}
}

func drain(jobs int) time.Duration {
	for number := range most {
		runs[number].Store(0)
	}
	total.Store(0)
	client, pool := inserter()
	insertMany(client, jobs, time.Time{})
	pool.Close()
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	check(err)
	begin := time.Now()
	stop := work(1_000, 2*time.Millisecond)
	waitFor(jobs)
	open := "SELECT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled'))"
	for left := true; left && time.Since(begin) < giveUp; {
		check(db.QueryRow(ctx, open).Scan(&left))
		if left {
			time.Sleep(2 * time.Millisecond)
		}
	}
	duration := time.Since(begin)
	time.Sleep(settled)
	stop()
	check(db.Close(ctx))
	return duration
}

func addOneByOne(jobs int) {
	client, pool := inserter()
	defer pool.Close()
	options := &river.InsertOpts{ScheduledAt: nextWeek()}
	add := func(number int) {
		_, err := client.Insert(ctx, countArgs{number}, options)
		check(err)
	}
	for number := range 500 {
		add(number)
	}
	begin := time.Now()
	for number := range jobs {
		add(number)
	}
	printLine("add-one", float64(jobs)/time.Since(begin).Seconds(), "jobs/s", 0, 0)
}

func addMany(jobs int) {
	client, pool := inserter()
	defer pool.Close()
	insertMany(client, 500, nextWeek())
	begin := time.Now()
	insertMany(client, jobs, nextWeek())
	printLine("add-many", float64(jobs)/time.Since(begin).Seconds(), "jobs/s", 0, 0)
}

// Jobs that are added 20 to 80 ms apart. `delay` 0: from the return of Insert to the start; otherwise from the due time.
func latency(row string, jobs int, delay time.Duration) {
	stop := work(100, time.Millisecond)
	client, pool := inserter()
	all := jobs + 20
	from := make([]int64, all)
	for number := range all {
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		options := &river.InsertOpts{}
		if delay > 0 {
			options.ScheduledAt = time.Now().Add(delay)
		}
		_, err := client.Insert(ctx, countArgs{number}, options)
		check(err)
		from[number] = time.Now().UnixMicro()
		if delay > 0 {
			from[number] = options.ScheduledAt.UnixMicro()
		}
	}
	waitFor(all)
	time.Sleep(settled)
	var late []float64
	for number := 20; number < all; number++ {
		if at := started[number].Load(); at != 0 {
			late = append(late, float64(at-from[number])/1e3)
		}
	}
	sort.Float64s(late)
	lost, twice := mistakes(all)
	printLine(row+"-p50", late[len(late)*50/100], "ms", lost, twice)
	printLine(row+"-p99", late[len(late)*99/100], "ms", lost, twice)
	pool.Close()
	stop()
}

// A worker with jobs for next week; the caller measures it, and ends it by closing its standard input.
func idle(jobs int) {
	client, pool := inserter()
	insertMany(client, jobs, nextWeek())
	pool.Close()
	stop := work(100, time.Millisecond)
	time.Sleep(2 * time.Second)
	fmt.Println("ready")
	_, _ = io.ReadAll(os.Stdin)
	stop()
}

// Starts a client that works, and returns how to stop it.
func work(workers int, cooldown time.Duration) func() {
	if os.Getenv("PEERS_DEFAULTS") != "" {
		workers, cooldown = 100, 0
	}
	pool := connect()
	known := river.NewWorkers()
	river.AddWorker(known, &countWorker{})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		FetchCooldown: cooldown,
		Logger:        quiet(),
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:       known,
	})
	check(err)
	check(client.Start(ctx))
	return func() {
		check(client.Stop(ctx))
		pool.Close()
	}
}

// Returns a client that only inserts.
func inserter() (*river.Client[pgx.Tx], *pgxpool.Pool) {
	config := &river.Config{Logger: quiet()}
	if os.Getenv("PEERS_DEFAULTS") == "" {
		config.FetchCooldown = time.Millisecond
	}
	pool := connect()
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	check(err)
	return client, pool
}

func insertMany(client *river.Client[pgx.Tx], jobs int, due time.Time) {
	params := make([]river.InsertManyParams, jobs)
	for number := range params {
		params[number] = river.InsertManyParams{
			Args: countArgs{number}, InsertOpts: &river.InsertOpts{ScheduledAt: due},
		}
	}
	_, err := client.InsertManyFast(ctx, params)
	check(err)
}

func connect() *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	check(err)
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(ctx, config)
	check(err)
	return pool
}

func waitFor(jobs int) {
	for begin := time.Now(); total.Load() < int64(jobs) && time.Since(begin) < giveUp; {
		time.Sleep(500 * time.Microsecond)
	}
}

func mistakes(jobs int) (lost, twice int) {
	for number := range jobs {
		switch ran := runs[number].Load(); {
		case ran == 0:
			lost++
		case ran > 1:
			twice++
		}
	}
	return lost, twice
}

func printLine(row string, value float64, unit string, lost, twice int) {
	line, err := json.Marshal(map[string]any{"row": row, "value": value, "unit": unit, "lost": lost, "twice": twice})
	check(err)
	fmt.Println(string(line))
}

func nextWeek() time.Time {
	return time.Now().Add(7 * 24 * time.Hour)
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
