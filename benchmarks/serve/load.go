package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// load is what is asked, and by how many at a time.
type load struct {
	address, kind string // host and port; Content-Type
	requests      [][]byte
	connections   int
}

// outcome is what became of the requests.
type outcome struct {
	took   []time.Duration // of those that were answered with status 200
	failed map[string]int  // how many others, by what went wrong
	time   time.Duration
}

// prepare writes the requests as they are sent, once: a client that works hard would take from the service's processors.
func (l *load) prepare(address string, bodies []string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Scheme != "http" || u.Port() == "" {
		return fmt.Errorf("--url is %s; want http://HOST:PORT/PATH", address)
	}
	l.address = u.Host
	for _, b := range bodies {
		r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader([]byte(b)))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", l.kind)
		var out bytes.Buffer
		if err := r.Write(&out); err != nil {
			return err
		}
		l.requests = append(l.requests, out.Bytes())
	}
	return nil
}

// run asks from all connections until the time is over.
func (l *load) run(d time.Duration, p *process) *outcome {
	out := &outcome{failed: map[string]int{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	stop := p.watch()
	for c := range l.connections {
		all.Go(func() {
			var took []time.Duration
			failed := map[string]int{}
			var at connection
			for i := c; time.Since(begin) < d; i++ {
				before := time.Now()
				if err := at.ask(l.address, l.requests[i%len(l.requests)]); err != nil {
					failed[err.Error()]++
					continue
				}
				took = append(took, time.Since(before))
			}
			at.close()
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
	stop()
	return out
}

// connection is one to the service, which is made when it is needed.
type connection struct {
	net.Conn
	in *bufio.Reader
}

// ask sends a request and reads the answer. After an error the connection is another.
func (c *connection) ask(address string, request []byte) (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.Conn == nil {
		if c.Conn, err = net.Dial("tcp", address); err != nil {
			return err
		}
		c.in = bufio.NewReader(c.Conn)
	}
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := c.Write(request); err != nil {
		return err
	}
	a, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }() // it has been read
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(a.Body, 200))
		return fmt.Errorf("status %d: %s", a.StatusCode, text)
	}
	if _, err := io.Copy(io.Discard, a.Body); err != nil {
		return err
	}
	if a.Close {
		c.close()
	}
	return nil
}

func (c *connection) close() {
	if c.Conn != nil {
		_ = c.Close() // nothing is on its way
		c.Conn = nil
	}
}

func (o *outcome) print(w io.Writer, p *process) {
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
	fmt.Fprintf(w, "%.0f requests/s, p50 %.2f ms, p99 %.2f ms, %d answered, %d errors%s\n",
		float64(n)/o.time.Seconds(), at(0.5), at(0.99), n, errors, p.text(n))
}
