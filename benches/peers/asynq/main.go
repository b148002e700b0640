// asynq's rows of `scripts/bench peers`; see bench.go.
//
// Settings: 50 jobs at the same time; looks for jobs, and for those that have become due, every 50 ms. It deletes jobs that
// are done, unless they have a retention. PEERS_DEFAULTS=1 uses its defaults: a job for each processor, and checks every
// second and every 5 s.
package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/hibiken/asynq"
)

func main() {
	measure(peer{drain: "drain-deleted", client: enqueuer, work: work, jobs: jobs})
}

func redis() asynq.RedisConnOpt {
	options, err := asynq.ParseRedisURI(os.Getenv("DATABASE_URL"))
	check(err)
	return options
}

// Starts a server that works, and returns how to stop it.
func work(purpose) func() {
	config := asynq.Config{LogLevel: asynq.ErrorLevel}
	if os.Getenv("PEERS_DEFAULTS") == "" {
		config.Concurrency = 50
		config.TaskCheckInterval = 50 * time.Millisecond
		config.DelayedTaskCheckInterval = 50 * time.Millisecond
	}
	server := asynq.NewServer(redis(), config)
	check(server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		var args countArgs
		if err := json.Unmarshal(task.Payload(), &args); err != nil {
			return err
		}
		handle(args)
		return nil
	})))
	return server.Shutdown
}

type asynqClient struct {
	*asynq.Client
	retention time.Duration
}

func enqueuer(kept bool) client {
	retention := time.Duration(0)
	if kept {
		retention = 24 * time.Hour
	}
	return asynqClient{asynq.NewClient(redis()), retention}
}

func (client asynqClient) add(number int, due time.Time) {
	payload, err := json.Marshal(countArgs{number})
	check(err)
	options := []asynq.Option{asynq.Retention(client.retention)}
	if !due.IsZero() {
		options = append(options, asynq.ProcessAt(due))
	}
	_, err = client.Enqueue(asynq.NewTask("count", payload), options...)
	check(err)
}

// It has no call that adds many.
func (client asynqClient) addMany(jobs int, due time.Time) {
	for number := range jobs {
		client.add(number, due)
	}
}

func (client asynqClient) close() { check(client.Close()) }

func jobs() (func() bool, func()) {
	inspector := asynq.NewInspector(redis())
	open := func() bool {
		queue, err := inspector.GetQueueInfo("default")
		check(err)
		return queue.Pending+queue.Active+queue.Scheduled+queue.Retry > 0
	}
	return open, func() { check(inspector.Close()) }
}
