package models

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// search finds the labels of a segment in the encoder's outputs, step by step.
type search interface {
	// add reads the outputs of a step, and tells whether a label was heard at it.
	add(row []float32) (heard bool, err error)
	// found are the labels so far, with the first step of each and the one behind its last, from the beginning of the segment.
	found() (l decode.Labelling, from, to []int, err error)
	// begin begins another segment.
	begin() error
}

// newSearch is that of the model's decoder.
func (m *Recogniser) newSearch(o Transcribing) (search, error) {
	if m.config.Speech.Decoder != DecoderTransducer {
		s := &ctcSearch{decoder: decode.CTC{Blank: m.Blank(), Beam: o.Beam}}
		return s, s.begin()
	}
	for _, l := range m.net {
		if t, ok := l.(transducer); ok {
			p, err := m.merged()
			if err != nil {
				return nil, err
			}
			s := &transducerSearch{decoder: decode.NewTransducer(t.model(), p), how: decode.TransducerSearch{Beam: o.Beam}}
			return s, s.begin()
		}
	}
	return nil, errors.New("models: the network has no transducer")
}

// ctcSearch keeps the logits of a segment for its end. Meanwhile it follows the likeliest label of every step.
type ctcSearch struct {
	decoder decode.CTC
	rows    []float32 // [T, V]
	classes int
}

func (s *ctcSearch) begin() error {
	s.rows = s.rows[:0]
	return nil
}

func (s *ctcSearch) add(row []float32) (bool, error) {
	s.rows, s.classes = append(s.rows, row...), len(row)
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best != s.decoder.Blank, nil
}

func (s *ctcSearch) found() (l decode.Labelling, from, to []int, err error) {
	if len(s.rows) == 0 {
		return decode.Labelling{}, nil, nil, nil
	}
	logits := graph.Floats(s.rows, len(s.rows)/s.classes, 1, s.classes)
	all, err := s.decoder.Run(logits, nil)
	if err != nil {
		return decode.Labelling{}, nil, nil, err
	}
	from, to = s.places(all[0].Labels)
	return all[0], from, to, nil
}

// places are the steps of each label on the likeliest way through the frames that gives these labels (Viterbi): states are the
// blanks around the labels, and the labels between them.
func (s *ctcSearch) places(labels []int) (from, to []int) {
	steps, states := len(s.rows)/s.classes, 2*len(labels)+1
	label := func(state int) int {
		if state%2 == 0 {
			return s.decoder.Blank
		}
		return labels[state/2]
	}
	score, next := make([]float64, states), make([]float64, states)
	back := make([]uint8, steps*states) // how many states before each step's
	for i := range score {
		score[i] = math.Inf(-1)
	}
	for t := range steps {
		row := s.rows[t*s.classes:][:s.classes]
		for i := range next {
			best, jump := score[i], 0
			if t == 0 && i < 2 {
				best = 0
			}
			if i > 0 && score[i-1] > best {
				best, jump = score[i-1], 1
			}
			if i > 1 && i%2 == 1 && labels[i/2] != labels[i/2-1] && score[i-2] > best {
				best, jump = score[i-2], 2
			}
			next[i], back[t*states+i] = best+float64(row[label(i)]), uint8(jump)
		}
		score, next = next, score
	}
	at := states - 1
	if states > 1 && score[states-2] > score[at] {
		at = states - 2
	}
	from, to = make([]int, len(labels)), make([]int, len(labels))
	for t := steps - 1; t >= 0; t-- {
		if at%2 == 1 {
			if from[at/2] = t; to[at/2] == 0 {
				to[at/2] = t + 1
			}
		}
		at -= int(back[t*states+at])
	}
	return from, to
}

// transducerSearch follows the labels of a transducer. The step of a label is that at which the best sequence grew by it.
type transducerSearch struct {
	decoder *decode.Transducer
	how     decode.TransducerSearch
	stream  *decode.TransducerStream
	step    int
	at      []int // of each label of the best sequence
}

func (s *transducerSearch) begin() (err error) {
	s.step, s.at = 0, s.at[:0]
	s.stream, err = s.decoder.Stream(s.how)
	return err
}

func (s *transducerSearch) add(row []float32) (bool, error) {
	if err := s.stream.Add(graph.Floats(row, 1, len(row))); err != nil {
		return false, err
	}
	n := len(s.stream.Best().Labels)
	heard := n > len(s.at)
	s.at = s.at[:min(len(s.at), n)]
	for len(s.at) < n {
		s.at = append(s.at, s.step)
	}
	s.step++
	return heard, nil
}

func (s *transducerSearch) found() (l decode.Labelling, from, to []int, err error) {
	l = s.stream.Best()
	for _, at := range s.at {
		from, to = append(from, at), append(to, at+1)
	}
	return l, from, to, nil
}
