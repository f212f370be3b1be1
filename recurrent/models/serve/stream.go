package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/message"
)

// streamSession answers with what the network of a session says after each step, as server-sent events, for as long as the client
// wants. The lines of the body, if there is one, are the steps: a client sends a line when it has one, and is told what the network
// says before it sends the next. Without a body, the client is told what others have the session read.
//
// A step is kept before it is told, and its number is the id of its event. A client that comes back names the last one that it saw
// (Last-Event-ID, which browsers send by themselves, or ?after=N) and is told what it missed. The session is held while lines are
// read, not while the client is silent: a connection that hangs does not keep its own client from coming back by another.
func (s *Server) streamSession(w http.ResponseWriter, r *http.Request) error {
	st := &stream{s: s, id: r.PathValue("id"), events: newEvents(w, s.options.Timeout)}
	var done func()
	st.place, done = s.sessions.watch(st.id)
	defer done()
	now, _, err := s.sessions.look(r.Context(), st.place)
	if err != nil {
		return err
	}
	if st.sent, err = lastSeen(r, now.Tokens); err != nil {
		return err
	}
	// Neither reading nor writing has an end, but every write has a time limit of its own.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a writer without deadlines is a test's
	var lines <-chan line
	if r.Method == http.MethodPost {
		var end func()
		lines, end = s.linesOf(w, r)
		defer end()
	}
	if err := st.events.send("session", "", aboutOf(st.id, now)); err != nil || r.Method == http.MethodHead {
		return err
	}
	s.metrics.streams.Inc()
	defer s.metrics.streams.Dec()
	if err := st.run(r.Context(), lines); err != nil {
		return st.events.fail(openAIError, err)
	}
	return st.events.text("[DONE]")
}

// lastSeen is the last step that a client saw: that which the session is at, unless it says so.
func lastSeen(r *http.Request, now int) (int, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return now, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, bad("the last event is %.40q; want the number of a step", text)
	}
	return min(n, now), nil
}

// stream is a client that is told what a session's network says.
type stream struct {
	s      *Server
	id     string
	place  *place
	events *events
	times  datasets.Times // of rows
	sent   int            // the last step that the client was told
}

// beat is how often a stream without news shows that it is there, so that proxies keep it, and the service notices who has gone.
const beat = 15 * time.Second

// run tells and reads until the lines end.
func (st *stream) run(ctx context.Context, lines <-chan line) error {
	tick := time.NewTicker(min(beat, st.s.options.Timeout/4+1))
	defer tick.Stop()
	for {
		now, changed, err := st.s.sessions.look(ctx, st.place)
		if err == nil {
			err = st.catchUp(now)
		}
		if err != nil {
			return err
		}
		select {
		case first, more := <-lines:
			if !more {
				return nil
			}
			err = st.step(ctx, together(first, lines))
		case <-changed:
		case <-tick.C:
			err = st.events.comment()
		case <-st.s.stopping:
			err = errClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// catchUp tells what was said since the client was told something.
func (st *stream) catchUp(now *session) error {
	since := now.Tokens
	if now.history != nil {
		since = now.history.Since
	}
	if since > st.sent { // it was away for too long, or reads too slowly
		if err := st.events.send("missed", "", map[string]int{"after": st.sent, "since": since}); err != nil {
			return err
		}
		st.sent = since
	}
	return st.tell(now.history.after(st.sent))
}

// tell tells steps.
func (st *stream) tell(list []told) error {
	for _, t := range list {
		if err := st.events.send("", strconv.Itoa(t.Step), t.Data); err != nil {
			return err
		}
		st.sent = t.Step
	}
	return nil
}

// step has the session read lines, keeps what it is then, and tells what the network said. A line that cannot be read is told, and
// passed over: one wrong measurement does not end the stream of a sensor.
func (st *stream) step(ctx context.Context, lines []line) error {
	ctx, cancel := context.WithTimeout(ctx, st.s.options.Timeout)
	defer cancel()
	var before *session
	var said []told
	var problems []problemOfLine
	var fatal error
	err := st.s.withSession(ctx, st.id, func(v *served, now *session) (*session, reply, error) {
		before = now
		next := now
		for _, l := range lines {
			if fatal = l.err; fatal != nil {
				break
			}
			after, err := l.next(ctx, st, v, next)
			if status, text := statusOf(err); err != nil && (status == 400 || status == 413) {
				problems = append(problems, problemOfLine{len(said), openAIError(status, message.WithoutPackages("line "+strconv.Itoa(l.n)+": "+text))})
				continue
			} else if err != nil {
				fatal = err
				break
			}
			said = append(said, after.said...)
			next = after
		}
		if next == now {
			return nil, func() error { return nil }, nil
		}
		next.said = said
		return next, func() error { return nil }, nil
	})
	for _, l := range lines {
		l.done()
	}
	if err != nil {
		return err
	}
	if err := st.catchUp(before); err != nil {
		return err
	}
	told := 0
	for _, p := range problems {
		if err := st.tell(said[told:p.after]); err != nil {
			return err
		}
		told = p.after
		if err := st.events.send("", "", p.text); err != nil {
			return err
		}
	}
	if err := st.tell(said[told:]); err != nil {
		return err
	}
	return fatal
}

// problemOfLine is a line that could not be read, after so many things that the network said.
type problemOfLine struct {
	after int
	text  any
}

// saidOf are things that the network said after step n and the next ones, one each.
func saidOf[T any](n int, list []T) ([]told, error) {
	out := make([]told, len(list))
	for i, one := range list {
		data, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		out[i] = told{n + 1 + i, data}
	}
	return out, nil
}
