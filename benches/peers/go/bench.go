// What the programs of peers in Go that are on a server share: the rows, and the tally of runs.
//
//	program <row> <jobs>     with the URL of an empty database in DATABASE_URL

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
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

// How a worker is set.
type purpose int

const (
	forThroughput purpose = iota
	forLatency
)

// A connection of its own that only adds jobs. No due time means at once.
type client interface {
	add(number int, due time.Time)
	addMany(jobs int, due time.Time)
	close()
}

type peer struct {
	// The name of the row `drain`, by whether the peer keeps jobs that are done.
	drain string
	// Opens a client; `kept` says whether jobs that are done are to be kept, if the peer can do both.
	client func(kept bool) client
	// Starts a worker, and returns how to stop it.
	work func(purpose) func()
	// Opens a connection, and returns how to ask whether a job is not done, and how to close it.
	jobs func() (open func() bool, close func())
}

type countArgs struct {
	Number int `json:"number"`
}

// The handler of all jobs.
func handle(job countArgs) {
	started[job.Number].Store(time.Now().UnixMicro())
	runs[job.Number].Add(1)
	total.Add(1)
}

func measure(peer peer) {
	if len(os.Args) != 3 {
		log.Fatal("usage: program <row> <jobs>")
	}
	row := os.Args[1]
	jobs, err := strconv.Atoi(os.Args[2])
	check(err)
	switch {
	case strings.HasPrefix(row, "drain"):
		if row == "drain" {
			row = peer.drain
		}
		drain(peer, min(warmUp, jobs), row == "drain-kept")
		time := drain(peer, jobs, row == "drain-kept")
		lost, twice := mistakes(jobs)
		printLine(row, float64(jobs)/time.Seconds(), "jobs/s", lost, twice)
	case row == "add-one":
		addOneByOne(peer, jobs)
	case row == "add-many":
		addMany(peer, jobs)
	case row == "now":
		latency(peer, row, jobs, 0)
	case row == "second":
		latency(peer, row, jobs, time.Second)
	case row == "idle":
		idle(peer, jobs)
	default:
		log.Fatalf("there is no row %s", row)
	}
}

func drain(peer peer, jobs int, kept bool) time.Duration {
	for number := range most {
		runs[number].Store(0)
	}
	total.Store(0)
	client := peer.client(kept)
	client.addMany(jobs, time.Time{})
	client.close()
	open, close := peer.jobs()
	begin := time.Now()
	stop := peer.work(forThroughput)
	waitFor(jobs)
	for open() && time.Since(begin) < giveUp {
		time.Sleep(2 * time.Millisecond)
	}
	duration := time.Since(begin)
	time.Sleep(settled)
	stop()
	close()
	return duration
}

func addOneByOne(peer peer, jobs int) {
	client := peer.client(true)
	defer client.close()
	for number := range 500 {
		client.add(number, nextWeek())
	}
	begin := time.Now()
	for number := range jobs {
		client.add(number, nextWeek())
	}
	printLine("add-one", float64(jobs)/time.Since(begin).Seconds(), "jobs/s", 0, 0)
}

func addMany(peer peer, jobs int) {
	client := peer.client(true)
	defer client.close()
	client.addMany(500, nextWeek())
	begin := time.Now()
	client.addMany(jobs, nextWeek())
	printLine("add-many", float64(jobs)/time.Since(begin).Seconds(), "jobs/s", 0, 0)
}

// Jobs that are added 20 to 80 ms apart. `delay` 0: from the return of the call to the start; otherwise from the due time.
func latency(peer peer, row string, jobs int, delay time.Duration) {
	stop := peer.work(forLatency)
	client := peer.client(true)
	all := jobs + 20
	from := make([]int64, all)
	for number := range all {
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		var due time.Time
		if delay > 0 {
			due = time.Now().Add(delay)
		}
		client.add(number, due)
		from[number] = time.Now().UnixMicro()
		if delay > 0 {
			from[number] = due.UnixMicro()
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
	client.close()
	stop()
}

// A worker with jobs for next week; the caller measures it, and ends it by closing its standard input.
func idle(peer peer, jobs int) {
	client := peer.client(true)
	client.addMany(jobs, nextWeek())
	client.close()
	stop := peer.work(forLatency)
	time.Sleep(2 * time.Second)
	fmt.Println("ready")
	_, _ = io.ReadAll(os.Stdin)
	stop()
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

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
