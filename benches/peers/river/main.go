// River's rows of `scripts/bench peers`; see bench.go.
//
// Settings: for throughput 1,000 workers, a fetch at most every 2 ms and 10 connections; for latency a cooldown of 1 ms,
// also of the inserting client, because it limits notifications. Its completer always works in batches. It keeps jobs
// that are done. PEERS_DEFAULTS=1 uses its default cooldown, 100 ms, and 100 workers.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

func (countArgs) Kind() string { return "count" }

type countWorker struct {
	river.WorkerDefaults[countArgs]
}

func (*countWorker) Work(_ context.Context, job *river.Job[countArgs]) error {
	handle(job.Args)
	return nil
}

func main() {
	pool := connect()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)
	pool.Close()
	measure(peer{drain: "drain-kept", client: inserter, work: work, jobs: jobs})
}

// Starts a client that works, and returns how to stop it.
func work(purpose purpose) func() {
	workers, cooldown := 1_000, 2*time.Millisecond
	if purpose == forLatency {
		workers, cooldown = 100, time.Millisecond
	}
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

// A client that only inserts.
type riverClient struct {
	*river.Client[pgx.Tx]
	pool *pgxpool.Pool
}

func inserter(bool) client {
	config := &river.Config{Logger: quiet()}
	if os.Getenv("PEERS_DEFAULTS") == "" {
		config.FetchCooldown = time.Millisecond
	}
	pool := connect()
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	check(err)
	return riverClient{client, pool}
}

func (client riverClient) add(number int, due time.Time) {
	_, err := client.Insert(ctx, countArgs{number}, &river.InsertOpts{ScheduledAt: due})
	check(err)
}

func (client riverClient) addMany(jobs int, due time.Time) {
	params := make([]river.InsertManyParams, jobs)
	for number := range params {
		params[number] = river.InsertManyParams{
			Args: countArgs{number}, InsertOpts: &river.InsertOpts{ScheduledAt: due},
		}
	}
	_, err := client.InsertManyFast(ctx, params)
	check(err)
}

func (client riverClient) close() { client.pool.Close() }

func jobs() (func() bool, func()) {
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	check(err)
	open := func() (left bool) {
		query := "SELECT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled'))"
		check(db.QueryRow(ctx, query).Scan(&left))
		return left
	}
	return open, func() { check(db.Close(ctx)) }
}

func connect() *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	check(err)
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(ctx, config)
	check(err)
	return pool
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}
