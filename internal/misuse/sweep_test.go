// Package misuse calls every exported function and method of the library with wrong arguments. It holds what
// CONTRIBUTING promises: bad input is an error, and nothing panics, hangs, or takes memory without bound.
package misuse

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	calls  = flag.Int("calls", 2000, "how many calls to make")
	seed   = flag.Uint64("seed", 1, "what the arguments are drawn from")
	only   = flag.Int("only", -1, "make this call alone, and show it")
	each   = flag.Bool("each", false, "list what came of the calls of each member")
	worker = flag.String("worker", "", "set by the sweep for its own processes: first,step,folder for all")
)

const (
	callLimit = 30 * time.Second // the longest that a call may take, on a machine with much else to do
	heapLimit = 2 << 30          // the most memory that it may hold
)

// TestSweep calls every member of the registry, in turn, until there were enough calls. Call number n has random numbers
// of its own: -seed S -only N makes it again, alone.
//
// The calls are made in processes of their own, which may die of what cannot be recovered from.
func TestSweep(t *testing.T) {
	work := workFolder(t)
	fixtures := makeFolder(t, work, "fixtures")
	writeFixtures(t, fixtures)
	if *only >= 0 {
		s := setting{seed: *seed, fixtures: fixtures, folder: makeFolder(t, work, "only"), verbose: true, begin: func(report) {}}
		prepare(t, s)
		watch(*only, nil)
		r := s.call(t, *only)
		if r.Fault != "" {
			t.Errorf("%s (%s)", r.Fault, r.Place)
		}
		return
	}
	processes := max(1, min(runtime.GOMAXPROCS(0), *calls/1000))
	results := make([][]report, processes)
	var group sync.WaitGroup
	for i := range processes {
		group.Go(func() { results[i] = sweep(t, i, processes, work) })
	}
	group.Wait()
	count := map[outcome]int{}
	faults := map[string][]report{} // by place
	for _, r := range slices.Concat(results...) {
		count[r.Outcome]++
		if r.Fault != "" {
			faults[kind(r)] = append(faults[kind(r)], r)
		}
	}
	t.Logf("%d targets, %d calls: %v", len(targets()), *calls, count)
	if *each {
		for name, o := range outcomes(slices.Concat(results...)) {
			t.Logf("%s: %v", name, o)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(faults)) {
		r := slices.MinFunc(faults[at], func(a, b report) int { return cmp.Compare(len(a.Call), len(b.Call)) })
		t.Errorf("%s: %s: %s\n\t%s\n\t-seed %d -only %d (%d such calls)", r.Place, r.Name, short(r.Fault, 400), short(r.Call, 600), *seed, r.N, len(faults[at]))
	}
}

// kind is what equal faults have in common: the place, or what is said without numbers.
func kind(r report) string {
	if r.Place != "" && r.Place != "?" {
		return r.Place
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '-' {
			return -1
		}
		return r
	}, r.Name+short(r.Fault, 60))
}

func outcomes(all []report) map[string]map[outcome]int {
	o := map[string]map[outcome]int{}
	for _, r := range all {
		name := targets()[r.N%len(targets())].name
		if o[name] == nil {
			o[name] = map[outcome]int{}
		}
		o[name][r.Outcome]++
	}
	return o
}

// sweep makes every step-th call, in one process after the other until all are made.
func sweep(t *testing.T, first, step int, work string) (all []report) {
	for first < *calls {
		list, died := process(t, first, step, work)
		all = append(all, list...)
		if died == nil {
			return all
		}
		if died.N < first {
			t.Errorf("a process came to nothing: %s", died.Fault)
			return all
		}
		all = append(all, *died)
		first = died.N + step
	}
	return all
}

// mark begins the lines that a worker sends.
const mark = "report "

// process makes calls in a process; died is the call that it died of.
func process(t *testing.T, first, step int, work string) (list []report, died *report) {
	var stderr bytes.Buffer
	cmd := exec.Command(os.Args[0], "-test.run=^TestWorker$", "-test.timeout=0", fmt.Sprintf("-calls=%d", *calls), fmt.Sprintf("-seed=%d", *seed),
		fmt.Sprintf("-worker=%d,%d,%s", first, step, work))
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, &report{N: -1, Fault: err.Error()}
	}
	finished := false
	died = &report{N: -1}
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte(mark))
		var line report
		if !ok || json.Unmarshal(data, &line) != nil {
			continue // what a test prints
		}
		switch {
		case line.Begun:
			died = &line
		case line.Outcome == "":
			finished = true
		default:
			list = append(list, line)
		}
	}
	_ = cmd.Wait()
	if finished {
		return list, nil
	}
	if n := len(list); n > 0 && list[n-1].N == died.N { // it died of what the call left behind
		list = list[:n-1]
	}
	died.Outcome, died.Fault, died.Place = faulty, "the process died: "+firstLines(stderr.String()), place(stderr.Bytes())
	return list, died
}

func firstLines(s string) string {
	if at := strings.Index(s, "goroutine "); at >= 0 {
		s = s[:at]
	}
	return short(strings.TrimSpace(s), 400)
}

// TestWorker is the sweep's other end.
func TestWorker(t *testing.T) {
	if *worker == "" {
		t.Skip("only the sweep calls it")
	}
	var first, step int
	var work string
	if _, err := fmt.Sscanf(strings.Replace(*worker, ",", " ", 2), "%d %d %s", &first, &step, &work); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGPIPE) // of a sweep that was killed: there is something to do first
	var write sync.Mutex
	send := func(r report) {
		write.Lock()
		defer write.Unlock()
		line, err := json.Marshal(r)
		if err == nil {
			_, err = fmt.Printf("\n%s%s\n", mark, line)
		}
		if err != nil { // nobody listens, and nobody else tidies up
			removeWork(work)
			os.Exit(1)
		}
	}
	// A worker may die of a call: the sweep, which does not, removes the folder.
	s := setting{seed: *seed, fixtures: filepath.Join(work, "fixtures"), folder: makeFolder(t, work, fmt.Sprint("worker", first)), begin: send}
	prepare(t, s)
	for n := first; n < *calls; n += step {
		send(report{N: n, Name: targets()[n%len(targets())].name, Begun: true})
		stop := watch(n, send)
		done := make(chan report)
		go func() { // one of its own: the call may end it
			r := report{N: n, Outcome: refused}
			defer func() { done <- r }()
			r = s.call(t, n)
		}()
		r := <-done
		stop()
		send(r)
		os.RemoveAll(filepath.Join(s.folder, fmt.Sprint(n)))
	}
	send(report{})
}

// prepare puts the process where it can do no harm: away from the network and from the user's files.
func prepare(t *testing.T, s setting) {
	targets() // reads the sources, by a path from here
	http.DefaultTransport, http.DefaultClient.Transport = noNetwork{}, noNetwork{}
	t.Setenv("UNROLL_DATA", filepath.Join(s.folder, "data"))
	t.Chdir(s.folder)
}

// watch ends the process if a call takes too long or too much memory.
func watch(n int, send func(report)) (stop func()) {
	ended := make(chan struct{})
	limit := time.After(callLimit)
	end := func(why string) {
		stack := make([]byte, 1<<20)
		stack = stack[:runtime.Stack(stack, true)]
		if send == nil {
			fmt.Fprintf(os.Stderr, "%s\n%s\n", why, stack)
		} else {
			fmt.Fprintf(os.Stderr, "%s\n%s", why, busy(stack))
		}
		os.Exit(1)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	go func() {
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-limit:
				end(fmt.Sprintf("no end after %v", callLimit))
			case <-tick.C:
				if held() > heapLimit {
					end(fmt.Sprintf("more than %d MB of memory", heapLimit>>20))
				}
			}
		}
	}()
	return func() { close(ended) }
}

// busy is the stack of the goroutine that makes the call.
func busy(stacks []byte) string {
	for s := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(s, "misuse.setting.call") {
			return s
		}
	}
	return string(stacks)
}

func held() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
