package serve

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// mostLanes is how many texts are read side by side at most.
const mostLanes = 256

// turn is how many tokens a text reads before another one that waits takes its place.
const turn = 256

// stepModel is a model that goes token by token.
type stepModel interface {
	// Next is a function of ids [1, B] and a state to logits [1, B, V] and the next state.
	Next() *graph.Func
	State(batch int) ([]*tensor.Dense, error)
}

// lane is a text that is being read, or written.
type lane struct {
	feed  []int     // tokens to read
	state []float32 // what was read before: the entries of the state one after the other; nil for nothing
	// after is called with the logits after each token. What it appends to feed is read next; when nothing is, the lane has ended.
	after func(l *lane, logits []float32) error

	gone <-chan struct{}
	done chan error
	read int // tokens since it took its place
}

// stepper reads and writes texts side by side: each step reads one token of every lane, as rows of one batch. Lanes come and go
// between steps. What a lane computes does not depend on those beside it.
type stepper struct {
	model   stepModel
	widths  []int // of the entries of the state
	total   int
	first   []float32
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
	first, err := m.State(1)
	if err != nil {
		return nil, err
	}
	for _, t := range first {
		if t.Dtype() != tensor.Float32 {
			return nil, errors.Errorf("serve: a state of %v; want float32", t.Dtype())
		}
		s.widths = append(s.widths, t.DataSize())
		s.total += t.DataSize()
		s.first = append(s.first, t.Float32s()...)
	}
	if _, err := s.bench(1); err != nil {
		return nil, err
	}
	go s.work()
	return s, nil
}

// run reads what a lane has to read, and returns when it has ended.
func (s *stepper) run(ctx context.Context, l *lane) error {
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
			l.state = rowOf(state, s.widths, i, l.state[:0])
		}
	}
}

// rowOf appends row i of every entry of a state.
func rowOf(state []*tensor.Dense, widths []int, i int, out []float32) []float32 {
	for e, w := range widths {
		out = append(out, state[e].Float32s()[i*w:(i+1)*w]...)
	}
	return out
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
		for e, w := range s.widths {
			copy(b.state[e].Float32s()[i*w:(i+1)*w], row[:w])
			row = row[w:]
		}
	}
	return b, b.stream.Reset(b.state...)
}

// bench is a program for at least n lanes.
func (s *stepper) bench(n int) (*bench, error) {
	rows := 1
	for rows < n {
		rows *= 4
	}
	if b := s.streams[rows]; b != nil {
		return b, nil
	}
	b := &bench{ids: make([]int, rows)}
	b.in = graph.Ints(b.ids, 1, rows)
	first, err := s.model.State(rows)
	if err != nil {
		return nil, err
	}
	b.state = first
	if b.stream, err = s.model.Next().Stream(first, b.in); err != nil {
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
		for _, l := range lanes {
			l.done <- err
		}
		return make([]*lane, len(lanes))
	}
	logits := out[0].Float32s()
	width := len(logits) / len(b.ids)
	next := slices.Clone(lanes)
	var state []*tensor.Dense
	for i, l := range lanes {
		l.feed = l.feed[1:]
		l.read++
		err := l.after(l, logits[i*width:(i+1)*width])
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
		l.state = rowOf(state, s.widths, i, l.state[:0])
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

// stateBytes are the numbers of a state, little-endian.
func stateBytes(state []float32) []byte {
	out := make([]byte, 0, 4*len(state))
	for _, v := range state {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// stateOfBytes reads what stateBytes wrote.
func stateOfBytes(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
