package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/pkg/errors"
)

// events writes server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A client that does not read
// gets a deadline: it holds up nobody but itself.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	begun   bool

	mu    sync.Mutex
	parts []func() error
	wake  chan struct{}
}

func newEvents(w http.ResponseWriter, timeout time.Duration) *events {
	return &events{w: w, control: http.NewResponseController(w), timeout: timeout, wake: make(chan struct{}, 1)}
}

// data writes a value as an event.
func (e *events) data(v any) error { return e.send("", "", v) }

// text writes an event of one line.
func (e *events) text(line string) error { return e.write("data: " + line + "\n\n") }

// send writes a value as an event with a name and an id, unless they are empty.
func (e *events) send(name, id string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	head := ""
	if name != "" {
		head = "event: " + name + "\n"
	}
	if id != "" {
		head += "id: " + id + "\n"
	}
	return e.write(head + "data: " + string(body) + "\n\n")
}

// comment writes what clients pass over.
func (e *events) comment() error { return e.write(":\n\n") }

func (e *events) write(text string) error {
	if !e.begun {
		e.begun = true
		h := e.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // nginx hands events on at once
	}
	_ = e.control.SetWriteDeadline(time.Now().Add(e.timeout)) // a writer that has no deadlines has no slow client
	if _, err := e.w.Write([]byte(text)); err != nil {
		return errGone
	}
	if err := e.control.Flush(); err != nil {
		return errGone
	}
	return nil
}

// errGone is a client that does not read any more.
var errGone = context.Canceled

// later has something written by run. It never waits: who computes is not held up by a client that reads slowly. What is to be
// written is bounded by the length of the texts.
func (e *events) later(write func() error) {
	e.mu.Lock()
	e.parts = append(e.parts, write)
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run computes, and meanwhile writes what comes.
func (e *events) run(ctx context.Context, compute func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failure error // of the computation, once done is closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		failure = compute(ctx)
	}()
	for {
		select {
		case <-e.wake:
			if err := e.drain(); err != nil {
				cancel()
				<-done
				return err
			}
		case <-done:
			if failed := e.drain(); failure == nil {
				return failed
			}
			return failure
		}
	}
}

// drain writes all that is there.
func (e *events) drain() error {
	for {
		e.mu.Lock()
		parts := e.parts
		e.parts = nil
		e.mu.Unlock()
		if len(parts) == 0 {
			return nil
		}
		for _, write := range parts {
			if err := write(); err != nil {
				return err
			}
		}
	}
}

// fail tells an error as an event, if something has been written: the status has gone. It returns errTold then, else the error.
func (e *events) fail(style errorStyle, err error) error {
	if !e.begun {
		return err
	}
	status, text := statusOf(err)
	_ = e.data(style(status, text)) // there is nobody else to tell
	return errTold
}

// errTold is an error that the client has been told.
var errTold = errors.New("the client has been told")
