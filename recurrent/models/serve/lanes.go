package serve

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// mostLanes is how many texts are read side by side at most.
const mostLanes = 256

// turn is how many tokens a text reads before another one that waits takes its place.
const turn = 256

// stepModel is a model that goes token by token.
type stepModel interface {
	// step is a new function of ids [T, B] and a state to logits, those of the last step [B, V] the last of them, and the next state.
	step() *graph.Func
	// first is the state before the first token of a batch of texts.
	first(batch int) ([]*tensor.Dense, error)
}

// lane is a text that is being read, or written.
type lane struct {
	feed  []int     // tokens to read
	quiet int       // of which the first so many are nothing to after
	state []float32 // what was read before: the entries of the state one after the other; nil for nothing
	// after is called with the logits after each token. What it appends to feed is read next; when nothing is, the lane has ended.
	after func(l *lane, logits []float32) error

	gone <-chan struct{}
	done chan error
	read int // tokens since it took its place
}

// tell calls after. A fault ends this lane alone.
func (l *lane) tell(logits []float32) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault(p)
		}
	}()
	return l.after(l, logits)
}

// stepper reads and writes texts side by side: each step reads one token of every lane, as rows of one batch. Lanes come and go
// between steps. What a lane computes does not depend on those beside it.
type stepper struct {
	model   stepModel
	entries []entry // of the state
	first   []float32
	reading chan *graph.Func // functions that read many tokens at once
	most    int
	streams map[int]*bench // by the number of rows
	observe func(rows int)

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []*lane
	closed bool
	ended  chan struct{}
}

// bench is a program for a number of lanes.
type bench struct {
	stream *graph.Stream
	ids    []int
	in     *tensor.Dense
	state  []*tensor.Dense
}

func newStepper(m stepModel, o Options, observe func(int)) (*stepper, error) {
	s := &stepper{model: m, most: o.BatchRows, streams: map[int]*bench{}, observe: observe, ended: make(chan struct{})}
	s.wake = sync.NewCond(&s.mu)
	if err := s.measure(); err != nil {
		return nil, err
	}
	if _, err := s.bench(1); err != nil {
		return nil, err
	}
	s.reading = make(chan *graph.Func, workers())
	for range workers() {
		s.reading <- m.step()
	}
	go s.work()
	return s, nil
}

// manyTokens are how many tokens are read at once, of those that are only read.
var manyTokens = []int{128, 16}

// ahead reads the quiet tokens of a lane, many at once, so that the weights are read once for all of them.
func (s *stepper) ahead(ctx context.Context, l *lane) error {
	if l.quiet < manyTokens[len(manyTokens)-1] {
		return nil
	}
	var f *graph.Func
	select {
	case f = <-s.reading:
		defer func() { s.reading <- f }()
	case <-ctx.Done():
		return ctx.Err()
	}
	state, err := s.model.first(1)
	if err != nil {
		return err
	}
	if l.state != nil {
		setRow(state, s.entries, 0, l.state)
	}
	for _, n := range manyTokens {
		for l.quiet >= n && ctx.Err() == nil {
			out, err := f.Run(append([]*tensor.Dense{graph.Ints(l.feed[:n], n, 1)}, state...)...)
			if err != nil {
				return err
			}
			setRow(state, s.entries, 0, rowOf(out[1:], s.entries, 0, nil))
			l.feed, l.quiet = l.feed[n:], l.quiet-n
		}
	}
	l.state = rowOf(state, s.entries, 0, nil)
	return ctx.Err()
}

// run reads what a lane has to read, and returns when it has ended.
func (s *stepper) run(ctx context.Context, l *lane) error {
	if len(l.feed) == 0 {
		return nil
	}
	if err := s.ahead(ctx, l); err != nil {
		return err
	}
	if len(l.feed) == 0 {
		return nil
	}
	l.gone, l.done = ctx.Done(), make(chan error, 1)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.queue = append(s.queue, l)
	s.mu.Unlock()
	s.wake.Signal()
	return <-l.done // the loop looks whether the client has gone
}

// work steps until the stepper is closed.
func (s *stepper) work() {
	defer close(s.ended)
	var now []*lane
	var at *bench
	for {
		next, changed := s.seat(now)
		if next == nil && !changed {
			return
		}
		if changed {
			s.keep(at, now)
			var err error
			if at, err = s.settle(next); err != nil {
				fail := next
				next, at = nil, nil
				for _, l := range fail {
					l.done <- err
				}
			}
		}
		now = next
		if len(now) > 0 {
			now = s.step(at, now)
		}
	}
}

// seat says which lanes read the next token: those that have not ended, then those that wait. It waits while there is none, and
// returns nil, false once the stepper is closed. A nil among now is one that has ended.
func (s *stepper) seat(now []*lane) (next []*lane, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range now {
		if l != nil {
			next = append(next, l)
		}
	}
	if s.closed {
		return s.refuse(next)
	}
	changed = len(next) != len(now)
	if changed && len(next) == 0 && len(s.queue) == 0 {
		return []*lane{}, true // so that what has ended is let go of
	}
	for len(next) == 0 && len(s.queue) == 0 {
		if s.closed {
			return nil, false
		}
		s.wake.Wait()
	}
	if s.closed {
		return s.refuse(next)
	}
	if len(s.queue) > 0 && len(next) == s.most { // who has been reading for long makes room
		if i := slices.IndexFunc(next, func(l *lane) bool { return l.read >= turn }); i >= 0 {
			l := next[i]
			l.read = 0
			next, s.queue, changed = slices.Delete(next, i, i+1), append(s.queue, l), true
		}
	}
	for len(next) < s.most && len(s.queue) > 0 {
		next, s.queue, changed = append(next, s.queue[0]), s.queue[1:], true
	}
	return next, changed
}

// refuse ends all lanes.
func (s *stepper) refuse(next []*lane) ([]*lane, bool) {
	for _, l := range append(next, s.queue...) {
		l.done <- errClosed
	}
	s.queue = nil
	return nil, false
}

// keep writes the states of lanes out of a program, into those that go on.
func (s *stepper) keep(b *bench, lanes []*lane) {
	if b == nil {
		return
	}
	state := b.stream.State()
	for i, l := range lanes {
		if l != nil {
			l.state = rowOf(state, s.entries, i, l.state[:0])
		}
	}
}

// settle puts lanes into a program.
func (s *stepper) settle(lanes []*lane) (*bench, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	b, err := s.bench(len(lanes))
	if err != nil {
		return nil, err
	}
	for i, l := range lanes {
		row := l.state
		if row == nil {
			row = s.first
		}
		setRow(b.state, s.entries, i, row)
	}
	for i := len(lanes); i < len(b.ids); i++ { // rows that nobody has begin anew: what was there before may be no state to go on from
		setRow(b.state, s.entries, i, s.first)
	}
	return b, b.stream.Reset(b.state...)
}

// bench is a program for at least n lanes.
func (s *stepper) bench(n int) (*bench, error) {
	rows := rowsFor(n)
	if b := s.streams[rows]; b != nil {
		return b, nil
	}
	b := &bench{ids: make([]int, rows)}
	b.in = graph.Ints(b.ids, 1, rows)
	first, err := s.model.first(rows)
	if err != nil {
		return nil, err
	}
	b.state = first
	if b.stream, err = s.model.step().Stream(first, b.in); err != nil {
		return nil, err
	}
	s.streams[rows] = b
	return b, nil
}

// step reads a token of every lane, and tells those that have ended. In what it returns, nil stands for them.
func (s *stepper) step(b *bench, lanes []*lane) []*lane {
	for i := range b.ids {
		b.ids[i] = 0
		if i < len(lanes) {
			b.ids[i] = lanes[i].feed[0]
		}
	}
	s.observe(len(lanes))
	out, err := b.stream.Step(b.in)
	if err != nil {
		s.apart(b, lanes, err)
		return make([]*lane, len(lanes))
	}
	logits := out[0].Float32s()
	width := len(logits) / len(b.ids)
	next := slices.Clone(lanes)
	var state []*tensor.Dense
	for i, l := range lanes {
		l.feed = l.feed[1:]
		l.read++
		var err error
		if l.quiet > 0 {
			l.quiet--
		} else {
			err = l.tell(logits[i*width : (i+1)*width])
		}
		select {
		case <-l.gone:
			err = context.Canceled
		default:
		}
		if err == nil && len(l.feed) > 0 {
			continue
		}
		if state == nil {
			state = b.stream.State()
		}
		l.state = rowOf(state, s.entries, i, l.state[:0])
		next[i] = nil
		l.done <- err
	}
	return next
}

// close ends the loop, and with an error the lanes that have not ended.
func (s *stepper) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake.Broadcast()
	<-s.ended
}

// apart reads a token of every lane by itself, after a step that failed: a state that leads to numbers that are not finite is no
// fault of the lanes beside it. Those that go on wait for their next turn.
func (s *stepper) apart(b *bench, lanes []*lane, failed error) {
	if len(lanes) == 1 {
		if strings.Contains(failed.Error(), "not finite") {
			failed = refused(409, "the network cannot go on from here: %v", failed)
		}
		lanes[0].done <- failed
		return
	}
	state := b.stream.State() // that of before the step
	for i, l := range lanes {
		l.state = rowOf(state, s.entries, i, l.state[:0])
	}
	for _, l := range lanes {
		alone := []*lane{l}
		one, err := s.settle(alone)
		if err != nil {
			l.done <- err
			continue
		}
		if next := s.step(one, alone); next[0] != nil {
			s.keep(one, next)
			s.mu.Lock()
			s.queue = append(s.queue, l)
			s.mu.Unlock()
		}
	}
}
