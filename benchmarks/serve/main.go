// Command serve loads an HTTP service with requests from some connections at once, and prints how many it answers and how long
// they take. It is for `unroll serve` and for whatever is compared with it.
//
//	go run ./benchmarks/serve --url http://localhost:8080/invocations --body '["a wonderful evening"]' --connections 64 --seconds 60
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// load is what is asked, and by how many at a time.
type load struct {
	url, body, kind string
	connections     int
	time            time.Duration
}

// outcome is what became of the requests.
type outcome struct {
	took   []time.Duration // of those that were answered with status 200
	failed map[string]int  // how many others, by what went wrong
	time   time.Duration
}

func main() {
	var l load
	seconds := flag.Float64("seconds", 10, "how long to ask")
	warm := flag.Float64("warm", 2, "how long to ask before that, uncounted")
	flag.StringVar(&l.url, "url", "http://localhost:8080/invocations", "address")
	flag.StringVar(&l.body, "body", `["a wonderful evening"]`, "what is posted; @FILE for one of the lines of a file in turn")
	flag.StringVar(&l.kind, "type", "application/json", "its Content-Type")
	flag.IntVar(&l.connections, "connections", 64, "requests at a time")
	flag.Parse()
	bodies := []string{l.body}
	if path, ok := strings.CutPrefix(l.body, "@"); ok {
		data, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, "serve:", err)
			os.Exit(1)
		}
		bodies = strings.Split(strings.TrimSpace(string(data)), "\n")
	}
	l.time = time.Duration(*warm * float64(time.Second))
	l.run(bodies)
	l.time = time.Duration(*seconds * float64(time.Second))
	l.run(bodies).print(os.Stdout)
}

// run asks from all connections until the time is over.
func (l load) run(bodies []string) *outcome {
	kept := &http.Transport{MaxIdleConnsPerHost: l.connections, MaxConnsPerHost: l.connections}
	client := &http.Client{Transport: kept, Timeout: time.Minute}
	out := &outcome{failed: map[string]int{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for c := range l.connections {
		all.Go(func() {
			var took []time.Duration
			failed := map[string]int{}
			for i := c; time.Since(begin) < l.time; i++ {
				at := time.Now()
				if err := l.ask(client, bodies[i%len(bodies)]); err != nil {
					failed[err.Error()]++
					continue
				}
				took = append(took, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			out.took = append(out.took, took...)
			for k, n := range failed {
				out.failed[k] += n
			}
		})
	}
	all.Wait()
	out.time = time.Since(begin)
	return out
}

func (l load) ask(client *http.Client, body string) error {
	a, err := client.Post(l.url, l.kind, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }() // it has been read
	text, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %.200s", a.StatusCode, text)
	}
	return err
}

func (o *outcome) print(w io.Writer) {
	slices.Sort(o.took)
	n := len(o.took)
	at := func(share float64) float64 {
		if n == 0 {
			return 0
		}
		return o.took[min(n-1, int(share*float64(n)))].Seconds() * 1000
	}
	errors := 0
	for what, times := range o.failed {
		errors += times
		fmt.Fprintf(os.Stderr, "%d times: %s\n", times, what)
	}
	fmt.Fprintf(w, "%.0f requests/s, p50 %.2f ms, p99 %.2f ms, %d answered, %d errors\n",
		float64(n)/o.time.Seconds(), at(0.5), at(0.99), n, errors)
}
