package models

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// hearing is the network of a model that hears sound as it comes. A look-ahead cuts it in two: the layers before it make a step of some
// frames, and those behind it read windows of such steps, each of which begins a step later; or, in both directions, a chunk later.
type hearing struct {
	stages []*stage
	err    error
}

func (m *Recogniser) newHearing() *hearing {
	h := &hearing{}
	h.stages, h.err = m.stages()
	return h
}

func (m *Recogniser) stages() ([]*stage, error) {
	s := m.config.Speech
	at := slices.IndexFunc(m.net, func(l layer) bool { _, ok := l.(lookAhead); return ok })
	ahead := m.net[at].(lookAhead)
	if s.LookAhead == 0 && s.Chunk == 0 {
		one, err := m.stage(m.net, s.Mels, s.Subsample, s.Subsample, false)
		return []*stage{one}, err
	}
	part, rows := m.net[at+1:], s.Chunk+s.LookAhead
	if s.Chunk == 0 {
		part, rows = append(network{window{ahead}}, part...), s.LookAhead+1
	}
	behind, err := m.stage(part, ahead.width, rows, max(s.Chunk, 1), s.Chunk > 0)
	if err != nil || at == 0 {
		return []*stage{behind}, err
	}
	before, err := m.stage(m.net[:at], s.Mels, s.Subsample, s.Subsample, false)
	return []*stage{before, behind}, err
}

func (h *hearing) begin() error {
	if h.err != nil {
		return h.err
	}
	for _, s := range h.stages {
		if err := s.begin(); err != nil {
			return err
		}
	}
	return nil
}

func (h *hearing) add(frames []float32, use func(row []float32) error) error {
	return h.feed(0, frames, use)
}

// feed gives rows to a stage, and what comes out of it to the next one.
func (h *hearing) feed(at int, rows []float32, use func(row []float32) error) error {
	if at == len(h.stages) {
		return use(rows)
	}
	return h.stages[at].add(rows, func(row []float32) error { return h.feed(at+1, row, use) })
}

// flush fills up with zeros what each stage waits for: with frames of the mean, as batches are, and with steps behind the end. What
// comes of these alone is no step of the recording.
func (h *hearing) flush(use func(row []float32) error) error {
	for at, s := range h.stages {
		due := s.due()
		err := s.add(make([]float32, s.missing()), func(row []float32) error {
			if due--; due < 0 {
				return nil
			}
			return h.feed(at+1, row, use)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stage runs a part of a network on windows of rows, [rows, 1, width], each of which begins so many rows after the one before it. A
// window gives one step, a chunk one for each of its rows but for those ahead.
type stage struct {
	stream             *graph.Stream
	first              []*tensor.Dense // the state before a recording
	width, rows, every int
	chunk              bool
	rest               []float32 // rows of which no window has begun yet
}

func (m *Recogniser) stage(part network, width, rows, every int, chunk bool) (*stage, error) {
	first, n, err := m.begun(part)
	if err != nil {
		return nil, err
	}
	f := m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		f := part.build(g, flow{x: in[0], heard: in[1 : 1+n], state: in[1+n:]})
		return append(append([]graph.Node{f.x}, f.heard...), f.state...)
	})
	stream, err := f.Stream(first, graph.Floats(make([]float32, rows*width), rows, 1, width))
	return &stage{stream: stream, first: first, width: width, rows: rows, every: every, chunk: chunk}, err
}

// begun is the state of a part of the network before a recording: of its n convolutions, and of its recurrent layers.
func (m *Recogniser) begun(part network) (state []*tensor.Dense, n int, err error) {
	for _, l := range part {
		switch l := l.(type) {
		case convolutions:
			for _, width := range l.inputs() {
				state = append(state, graph.Floats(make([]float32, width), 1, 1, width))
				n++
			}
		case recurrence:
			f := graph.NewFunc(m.params, func(g *graph.Graph, _ []graph.Node) []graph.Node { return l.layer().Begin(g, 1) })
			first, err := f.Run()
			if err != nil {
				return nil, 0, err
			}
			state = append(state, clones(first)...)
		}
	}
	return state, n, nil
}

func (s *stage) begin() error {
	s.rest = s.rest[:0]
	return s.stream.Reset(s.first...)
}

func (s *stage) add(rows []float32, use func(row []float32) error) error {
	s.rest = append(s.rest, rows...)
	size, done := s.rows*s.width, 0
	for ; len(s.rest)-done >= size; done += s.every * s.width {
		out, err := s.stream.Step(graph.Floats(s.rest[done:done+size], s.rows, 1, s.width))
		if err != nil {
			return err
		}
		for row := range slices.Chunk(out[0].Float32s(), out[0].Shape()[2]) {
			if err := use(row); err != nil {
				return err
			}
		}
	}
	s.rest = s.rest[:copy(s.rest, s.rest[done:])]
	return nil
}

// left is how many rows are left of which no window has begun, and windows how many begin in them.
func (s *stage) left() int { return len(s.rest) / s.width }

func (s *stage) windows() int { return (s.left() + s.every - 1) / s.every }

// missing is how many numbers these windows lack.
func (s *stage) missing() int {
	if s.left() == 0 {
		return 0
	}
	return ((s.windows()-1)*s.every + s.rows - s.left()) * s.width
}

// due is how many steps the rows that are left make: one for each row of a chunk, and for each window otherwise.
func (s *stage) due() int {
	if s.chunk {
		return s.left()
	}
	return s.windows()
}

// window is a look-ahead whose input has the steps that follow.
type window struct{ lookAhead }

func (w window) build(g *graph.Graph, f flow) flow {
	f.x = w.over(g, f.x)
	return f
}
