// gocron's rows of `scripts/bench peers`: a scheduler in memory, with its default settings.
//
//	gocron <row> <number>
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// The number of seconds in which fires are measured; the first is not counted.
const seconds = 10

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: gocron <row> <number>")
	}
	number, err := strconv.Atoi(os.Args[2])
	check(err)
	switch row := os.Args[1]; row {
	case "add":
		add(number)
	case "bytes":
		bytes(number)
	case "dispatch":
		dispatch(number)
	case "beside":
		beside(number)
	case "idle":
		idle(number)
	case "late":
		lateness(number, false)
	case "full-second":
		lateness(number, true)
	default:
		log.Fatalf("there is no row %s", row)
	}
}

func add(jobs int) {
	scheduler := newScheduler()
	scheduler.Start()
	addLater(scheduler, 1_000)
	begin := time.Now()
	addLater(scheduler, jobs)
	printLine("add", float64(jobs)/time.Since(begin).Seconds(), "jobs/s", 0, 0)
	check(scheduler.Shutdown())
}

func bytes(jobs int) {
	scheduler := newScheduler()
	scheduler.Start()
	addLater(scheduler, 100)
	before := resident()
	addLater(scheduler, jobs)
	printLine("bytes", float64(resident()-before)/float64(jobs), "B/job", 0, 0)
	check(scheduler.Shutdown())
}

func addLater(scheduler gocron.Scheduler, jobs int) {
	due := gocron.OneTimeJob(gocron.OneTimeJobStartDateTime(time.Now().Add(7 * 24 * time.Hour)))
	for range jobs {
		_, err := scheduler.NewJob(due, gocron.NewTask(func() {}))
		check(err)
	}
}

// Jobs that are in the scheduler before it is started.
func dispatch(jobs int) {
	var total atomic.Int64
	runs := make([]atomic.Int32, jobs)
	scheduler := newScheduler()
	for number := range jobs {
		_, err := scheduler.NewJob(
			gocron.OneTimeJob(gocron.OneTimeJobStartImmediately()),
			gocron.NewTask(func() {
				runs[number].Add(1)
				total.Add(1)
			}),
		)
		check(err)
	}
	begin := time.Now()
	scheduler.Start()
	for total.Load() < int64(jobs) && time.Since(begin) < time.Minute {
		time.Sleep(100 * time.Microsecond)
	}
	duration := time.Since(begin)
	time.Sleep(500 * time.Millisecond)
	lost, twice := 0, 0
	for number := range runs {
		switch ran := runs[number].Load(); {
		case ran == 0:
			lost++
		case ran > 1:
			twice++
		}
	}
	printLine("dispatch", float64(jobs)/duration.Seconds(), "jobs/s", lost, twice)
	check(scheduler.Shutdown())
}

// Adding jobs to a scheduler with many that are not due, and running jobs that are due at the same instant.
func beside(stored int) {
	const jobs = 5_000
	scheduler := newScheduler()
	scheduler.Start()
	addLater(scheduler, stored)
	begin := time.Now()
	addLater(scheduler, jobs)
	printLine(fmt.Sprintf("add-beside-%d", stored), jobs/time.Since(begin).Seconds(), "jobs/s", 0, 0)

	var total atomic.Int64
	due := time.Now().Add(2 * time.Second)
	for range jobs {
		_, err := scheduler.NewJob(
			gocron.OneTimeJob(gocron.OneTimeJobStartDateTime(due)),
			gocron.NewTask(func() { total.Add(1) }),
		)
		check(err)
	}
	time.Sleep(time.Until(due))
	for total.Load() < jobs && time.Since(due) < time.Minute {
		time.Sleep(100 * time.Microsecond)
	}
	duration := time.Since(due)
	time.Sleep(500 * time.Millisecond)
	ran := int(total.Load())
	printLine(fmt.Sprintf("run-beside-%d", stored), jobs/duration.Seconds(), "jobs/s", max(0, jobs-ran), max(0, ran-jobs))
	check(scheduler.Shutdown())
}

// A scheduler with jobs for next week; the caller measures it, and ends it by closing its standard input.
func idle(jobs int) {
	scheduler := newScheduler()
	scheduler.Start()
	addLater(scheduler, jobs)
	time.Sleep(2 * time.Second)
	fmt.Println("ready")
	_, err := io.ReadAll(os.Stdin)
	check(err)
	check(scheduler.Shutdown())
}

// Jobs that fire each second: all at the full second, or evenly spread over it.
func lateness(jobs int, full bool) {
	scheduler := newScheduler()
	// Ends after the fires of the last second.
	first := time.Now().Add(3 * time.Second).Truncate(time.Second)
	end := first.Add(seconds*time.Second + 500*time.Millisecond)
	var lock sync.Mutex
	fires := make([][]int64, jobs) // for each job, in microseconds
	for number := range jobs {
		start := first
		if !full {
			start = start.Add(time.Second * time.Duration(number) / time.Duration(jobs))
		}
		_, err := scheduler.NewJob(
			gocron.DurationJob(time.Second),
			gocron.NewTask(func() {
				now := time.Now()
				lock.Lock()
				fires[number] = append(fires[number], now.Sub(start).Microseconds())
				lock.Unlock()
			}),
			gocron.WithStartAt(gocron.WithStartDateTime(start)),
		)
		check(err)
	}
	scheduler.Start()
	time.Sleep(time.Until(first.Add(time.Second)))
	before := processor()
	time.Sleep(time.Until(first.Add(seconds * time.Second)))
	percent := (processor() - before).Seconds() / (seconds - 1) * 100
	time.Sleep(time.Until(end))
	lock.Lock()
	defer lock.Unlock()
	report(fires, full)
	if !full {
		printLine(fmt.Sprintf("late-%d-processor", jobs), percent, "% of a core", 0, 0)
	}
}

// The processor time of this process.
func processor() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Assigns each fire to the second that it belongs to; a fire may be up to 0.1 s early.
func report(fires [][]int64, full bool) {
	var all []float64
	last := make([]float64, seconds)
	lost, twice := 0, 0
	for _, times := range fires {
		var ran [seconds]int
		for _, micros := range times {
			second := (micros + 100_000) / 1_000_000
			if second < 1 || second >= seconds {
				continue
			}
			ran[second]++
			late := float64(micros-second*1_000_000) / 1e3
			all = append(all, late)
			last[second] = max(last[second], late)
		}
		for second := 1; second < seconds; second++ {
			switch {
			case ran[second] == 0:
				lost++
			case ran[second] > 1:
				twice++
			}
		}
	}
	if full {
		lasts := last[1:]
		sort.Float64s(lasts)
		printLine("full-second-last", lasts[len(lasts)/2], "ms", lost, twice)
		return
	}
	sort.Float64s(all)
	for _, quantile := range []struct {
		name     string
		permille int
	}{{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}, {"max", 1000}} {
		value := all[min(len(all)*quantile.permille/1000, len(all)-1)]
		printLine(fmt.Sprintf("late-%d-%s", len(fires), quantile.name), value, "ms", lost, twice)
	}
}

func newScheduler() gocron.Scheduler {
	scheduler, err := gocron.NewScheduler()
	check(err)
	return scheduler
}

// The resident memory of this process, after a garbage collection.
func resident() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	check(err)
	return kilobytes * 1024
}

func printLine(row string, value float64, unit string, lost, twice int) {
	line, err := json.Marshal(map[string]any{"row": row, "value": value, "unit": unit, "lost": lost, "twice": twice})
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
