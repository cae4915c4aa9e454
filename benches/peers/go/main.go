// franz-go: Produce, whose promise is called with every outcome; PollFetches of partitions.
//
// It takes the same command line as the Rust programs beside it and reports in the same way.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// At full speed the latency of one record in so many is measured.
const sample = 100

type job struct {
	api, bootstrap, topic, pace string
	partitions                  int32
	records, warmup, rate       int
	values                      [][]byte
	settings                    map[string]string
}

func main() {
	report, err := run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run() (map[string]any, error) {
	job, err := parse(os.Args[1:])
	if err != nil {
		return nil, err
	}
	switch job.api {
	case "produce":
		return produce(job)
	case "consume":
		return consume(job)
	}
	return nil, fmt.Errorf("no interface %q", job.api)
}

func parse(args []string) (*job, error) {
	words := map[string]string{}
	settings := map[string]string{}
	for len(args) > 1 {
		name, value := strings.TrimLeft(args[0], "-"), args[1]
		args = args[2:]
		if name != "set" {
			words[name] = value
			continue
		}
		key, value, found := strings.Cut(value, "=")
		if !found {
			return nil, fmt.Errorf("--set wants key=value")
		}
		settings[key] = value
	}
	var failed error
	number := func(name string) int {
		if words[name] == "" {
			return 0
		}
		n, err := strconv.Atoi(words[name])
		if err != nil {
			failed = err
		}
		return n
	}
	j := &job{
		api: words["api"], bootstrap: words["bootstrap"], topic: words["topic"], pace: words["pace"],
		partitions: int32(number("partitions")), records: number("records"),
		warmup: number("warmup"), rate: number("rate"), settings: settings,
	}
	size := number("size")
	if failed != nil || j.records == 0 {
		return nil, fmt.Errorf("--records is missing, or a number is none: %v", failed)
	}
	if file := words["payload"]; file != "" {
		all, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, line := range bytes.Split(bytes.TrimSpace(all), []byte("\n")) {
			if len(line) != size {
				return nil, fmt.Errorf("%s has a line that is not %d bytes", file, size)
			}
			j.values = append(j.values, line)
		}
	}
	return j, nil
}

// options turns settings, in Java's names, into franz-go's.
func options(j *job) ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(strings.Split(j.bootstrap, ",")...)}
	for key, value := range j.settings {
		n, err := strconv.Atoi(value)
		isNumber := err == nil
		switch {
		case key == "linger.ms" && isNumber:
			opts = append(opts, kgo.ProducerLinger(time.Duration(n)*time.Millisecond))
		case key == "batch.size" && isNumber:
			opts = append(opts, kgo.ProducerBatchMaxBytes(int32(n)))
		case key == "max.buffered.records" && isNumber:
			opts = append(opts, kgo.MaxBufferedRecords(n))
		case key == "enable.idempotence" && value == "true":
		case key == "enable.idempotence" && value == "false":
			opts = append(opts, kgo.DisableIdempotentWrite())
		case key == "acks" && value == "all":
			opts = append(opts, kgo.RequiredAcks(kgo.AllISRAcks()))
		case key == "max.in.flight.requests.per.connection" && isNumber:
			opts = append(opts, kgo.MaxProduceRequestsInflightPerBroker(n))
		case key == "compression.type" && value == "lz4":
			opts = append(opts, kgo.ProducerBatchCompression(kgo.Lz4Compression()))
		case key == "compression.type" && value == "zstd":
			opts = append(opts, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
		case key == "compression.type" && value == "none":
			opts = append(opts, kgo.ProducerBatchCompression(kgo.NoCompression()))
		default:
			return nil, fmt.Errorf("this program does not know the setting %s=%s", key, value)
		}
	}
	return opts, nil
}

func produce(j *job) (map[string]any, error) {
	opts, err := options(j)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.DefaultProduceTopic(j.topic))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx := context.Background()
	start := time.Now()
	var written, end atomic.Int64
	var failure atomic.Pointer[error]
	// Promises are called one at a time.
	var latencies []int
	acknowledged := make(chan struct{}, 1)
	outcome := func(stamp time.Duration, err error) {
		if err != nil {
			failure.CompareAndSwap(nil, &err)
		} else if written.Add(1) == int64(j.records) {
			end.Store(int64(time.Since(start)))
		}
		if stamp > 0 {
			latencies = append(latencies, int((time.Since(start) - stamp).Microseconds()))
		}
		if j.pace == "one-by-one" {
			acknowledged <- struct{}{}
		}
	}
	unmeasured := func(_ *kgo.Record, err error) { outcome(0, err) }
	for n := 0; n < j.records; n++ {
		stamp := j.due(n, start)
		promise := unmeasured
		if stamp > 0 {
			promise = func(_ *kgo.Record, err error) { outcome(stamp, err) }
		}
		client.Produce(ctx, &kgo.Record{Value: j.values[n%len(j.values)]}, promise)
		if j.pace == "one-by-one" {
			<-acknowledged
		}
	}
	if err := client.Flush(ctx); err != nil {
		return nil, err
	}
	if failed := failure.Load(); failed != nil {
		return nil, fmt.Errorf("%d of %d records: %w", int64(j.records)-written.Load(), j.records, *failed)
	}
	sort.Ints(latencies)
	bytes := j.records * len(j.values[0])
	return report(j.records, bytes, time.Duration(end.Load()), latencies), nil
}

// due sleeps until the nth record is due. It returns the time its latency runs from, since the
// start; 0 if it is not measured.
func (j *job) due(n int, start time.Time) time.Duration {
	if j.pace == "full" || j.pace == "" {
		if n%sample != 0 {
			return 0
		}
		return max(time.Since(start), 1)
	}
	due := time.Duration(int64(n) * int64(time.Second) / int64(j.rate))
	if wait := due - time.Since(start); wait > 0 {
		time.Sleep(wait)
	}
	if n < j.warmup {
		return 0
	}
	if j.pace == "open" {
		// From the intended start: a stall counts for all that it held up.
		return max(due, 1)
	}
	return max(time.Since(start), 1)
}

func consume(j *job) (map[string]any, error) {
	opts, err := options(j)
	if err != nil {
		return nil, err
	}
	partitions := map[int32]kgo.Offset{}
	for partition := range j.partitions {
		partitions[partition] = kgo.NewOffset().AtStart()
	}
	all := map[string]map[int32]kgo.Offset{j.topic: partitions}
	client, err := kgo.NewClient(append(opts, kgo.ConsumePartitions(all))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var first time.Time
	records, bytes := 0, 0
	for records < j.records {
		fetches := client.PollFetches(context.Background())
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, errs[0].Err
		}
		if first.IsZero() {
			first = time.Now()
		}
		fetches.EachRecord(func(record *kgo.Record) {
			records++
			bytes += len(record.Value)
		})
	}
	return report(records, bytes, time.Since(first), nil), nil
}

func report(records, bytes int, elapsed time.Duration, sorted []int) map[string]any {
	quantile := func(share float64) any {
		if len(sorted) == 0 {
			return nil
		}
		return sorted[int(share*float64(len(sorted)-1)+0.5)]
	}
	return map[string]any{
		"records": records, "bytes": bytes, "elapsed_s": elapsed.Seconds(),
		"latency_us":      map[string]any{"p50": quantile(0.5), "p99": quantile(0.99)},
		"latency_samples": len(sorted),
	}
}
