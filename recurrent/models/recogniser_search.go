package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// search finds the labels of a segment in the encoder's outputs, step by step.
type search interface {
	// add reads the outputs of a step, and tells which label was heard at it; none is below 0.
	add(row []float32) (label int, err error)
	// found are the labels so far, with the steps of each, counted from the beginning of the segment.
	found() (decode.Labelling, []decode.Span, error)
	// begin begins another segment.
	begin() error
}

// newSearch is that of the model's decoder.
func (m *Recogniser) newSearch(o Transcribing) (search, error) {
	if m.config.Speech.Decoder != DecoderTransducer {
		return m.newCTCSearch(o)
	}
	if o.Language != nil || o.Insertion != 0 {
		return nil, errors.New("models: Transcribing.Language and Insertion go with the decoder ctc; " +
			"a transducer has a language model of its own")
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

// ctcSearch follows a segment, and keeps its logits, in which the labels are found again. Where there is something to hear, the likeliest
// label of every step says.
type ctcSearch struct {
	decoder decode.CTC
	classes int
	stream  *decode.CTCStream
	rows    []float32 // [T, V]
}

// newCTCSearch is that of a model's labels.
func (m *Recogniser) newCTCSearch(o Transcribing) (*ctcSearch, error) {
	d := decode.CTC{Blank: m.Blank(), Beam: o.Beam, Weight: o.LanguageWeight, Insertion: o.Insertion}
	s := &ctcSearch{decoder: d, classes: m.own.count() + 1}
	if o.Language != nil {
		pieces := make([]string, s.classes) // of the blank, none
		for id := range s.decoder.Blank {
			var err error
			if pieces[id], err = m.own.tokens.Decode([]int{id}); err != nil {
				return nil, err
			}
			if pieces[id] == datasets.Unknown || pieces[id] == "\n" { // nobody says it
				pieces[id] = ""
			}
		}
		var err error
		if s.decoder.Language, err = o.Language.Language(pieces); err != nil {
			return nil, err
		}
	}
	return s, s.begin()
}

func (s *ctcSearch) begin() (err error) {
	s.rows = s.rows[:0]
	s.stream, err = s.decoder.Stream(s.classes)
	return err
}

func (s *ctcSearch) add(row []float32) (int, error) {
	s.rows = append(s.rows, row...)
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	if best == s.decoder.Blank {
		best = -1
	}
	return best, s.stream.Add(graph.Floats(row, 1, s.classes))
}

func (s *ctcSearch) found() (decode.Labelling, []decode.Span, error) {
	l := s.stream.Best()
	if len(l.Labels) == 0 {
		return l, nil, nil
	}
	all, err := s.decoder.Align(graph.Floats(s.rows, len(s.rows)/s.classes, 1, s.classes), nil, [][]int{l.Labels})
	if err != nil {
		return decode.Labelling{}, nil, err
	}
	return l, all[0].Spans, nil
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

func (s *transducerSearch) add(row []float32) (int, error) {
	if err := s.stream.Add(graph.Floats(row, 1, len(row))); err != nil {
		return -1, err
	}
	labels := s.stream.Best().Labels
	n, label := len(labels), -1
	if n > len(s.at) {
		label = labels[n-1]
	}
	s.at = s.at[:min(len(s.at), n)]
	for len(s.at) < n {
		s.at = append(s.at, s.step)
	}
	s.step++
	return label, nil
}

func (s *transducerSearch) found() (decode.Labelling, []decode.Span, error) {
	var spans []decode.Span
	for _, at := range s.at {
		spans = append(spans, decode.Span{Begin: at, End: at + 1})
	}
	return s.stream.Best(), spans, nil
}
