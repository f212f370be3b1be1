package decode

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// TransducerStream is a search that goes on: the state of the prediction network is carried from piece to piece, so the labels do
// not depend on how the frames are cut.
type TransducerStream struct {
	d      *Transducer
	search TransducerSearch
	beam   []*heard // the best first
	tree   tree[predicted]
	frames int
	failed error
}

// Add reads more frames, the encoder's outputs [T, F]. After an error the stream is of no use: every other call returns it again.
func (s *TransducerStream) Add(encoded *tensor.Dense) error {
	if s == nil || s.d == nil {
		return errors.New("decode: an empty TransducerStream; Stream makes one")
	}
	if err := dense.CheckFloats(encoded); err != nil {
		return errors.Wrap(err, "decode: Transducer: want frames [T, F]")
	}
	shape := encoded.Shape()
	if len(shape) != 2 {
		return errors.Errorf("decode: Transducer: want frames [T, F], found %v", []int(shape))
	}
	for t := range shape[0] {
		if err := s.add(rowOf(encoded, t*shape[1], shape[1]), encoded.Dtype()); err != nil {
			return errors.Wrap(err, "decode: Transducer")
		}
	}
	return nil
}

// Best is the likeliest labels so far. LogProb is of all ways to them that the beam kept; without a beam, of the one that was taken.
func (s *TransducerStream) Best() Labelling {
	if s == nil || len(s.beam) == 0 {
		return Labelling{Labels: []int{}}
	}
	best := s.beam[0]
	return Labelling{s.tree.labels(best), best.of.logProb, best.of.logProb}
}

// Take returns the first labels of Best and forgets them, as CTCStream.Take does: so the memory of a search in sound without an end does
// not grow. LogProb stays that of all frames.
func (s *TransducerStream) Take(behind int) (labels []int) {
	if s == nil || len(s.beam) == 0 {
		return []int{}
	}
	labels, s.beam = s.tree.take(max(behind, 0), s.beam[0], s.beam)
	return labels
}

// heard is a sequence of labels, the blank of none as the last one, with what the prediction network makes of it.
type heard = sequence[predicted]

type predicted struct {
	logProb float64     // of all ways to the sequence that were kept, up to the frame
	output  []float64   // [J]; nil until it is wanted
	state   [][]float64 // the entries of the state
}

// way is a way to a sequence of labels within a frame: to at, or to one label more if there is one.
type way struct {
	at      *heard
	label   int // -1 for none
	logProb float64
}

// bestWays are the n most probable ways; among equals, those that were found first.
func bestWays(ways []way, n int) []way {
	slices.SortStableFunc(ways, func(a, b way) int { return cmp.Compare(b.logProb, a.logProb) })
	return ways[:min(len(ways), n)]
}

// add reads one frame.
func (s *TransducerStream) add(frame []float64, dtype tensor.Dtype) error {
	if s.failed != nil {
		return s.failed
	}
	done, touched, err := s.ways(frame, dtype)
	if err != nil {
		s.failed = errors.Wrapf(err, "frame %d", s.frames)
		return s.failed
	}
	for _, h := range s.beam {
		h.kept = false
	}
	s.beam = s.beam[:0]
	for _, w := range bestWays(done, s.search.Beam) {
		w.at.of.logProb, w.at.kept = w.logProb, true
		s.beam = append(s.beam, w.at)
	}
	for _, h := range touched {
		h.forget()
	}
	s.tree.settle()
	s.frames++
	return nil
}

// ways finds the ways through a frame, to the blank that ends it, and all sequences that they passed.
func (s *TransducerStream) ways(frame []float64, dtype tensor.Dtype) (done []way, touched []*heard, err error) {
	blank, place := s.d.model.Blank, map[*heard]int{}
	var now []way
	for _, h := range s.beam {
		now = append(now, way{h, -1, h.of.logProb})
	}
	for emitted := 0; len(now) > 0; emitted++ {
		rows, err := s.join(frame, now, dtype)
		if err != nil {
			return nil, nil, err
		}
		var longer []way
		for i, w := range now {
			row, more := rows[i], emitted < s.search.Max
			touched = append(touched, w.at)
			if s.search.Beam == 1 && more { // greedy: a label or the blank, not both
				if top := first(row); top != blank {
					longer = append(longer, way{w.at, top, w.logProb + row[top]})
					continue
				}
				more = false
			}
			if at, ok := place[w.at]; ok {
				done[at].logProb = logAdd(done[at].logProb, w.logProb+row[blank])
			} else {
				place[w.at] = len(done)
				done = append(done, way{w.at, -1, w.logProb + row[blank]})
			}
			for label, v := range row {
				if more && label != blank && v != logZero {
					longer = append(longer, way{w.at, label, w.logProb + v})
				}
			}
		}
		now = bestWays(longer, s.search.Beam)
		for i, w := range now {
			now[i] = way{w.at.with(w.label), -1, w.logProb}
		}
	}
	return done, touched, nil
}

// join returns the log-probabilities of the next label, or the blank, behind each way.
func (s *TransducerStream) join(frame []float64, ways []way, dtype tensor.Dtype) ([][]float64, error) {
	if err := s.predict(ways, dtype); err != nil {
		return nil, err
	}
	frames, predictions := s.room(), s.room()
	for i := range frames { // rows that are not in use repeat the first
		frames[i], predictions[i] = frame, ways[min(i, len(ways)-1)].at.of.output
	}
	out, err := s.d.joining.Run(matrix(frames, dtype), matrix(predictions, dtype))
	if err != nil {
		return nil, err
	}
	classes := out[0].Shape()[1]
	rows := make([][]float64, len(ways))
	for i := range rows {
		rows[i] = rowOf(out[0], i*classes, classes)
		if err := checkLogits(rows[i]); err != nil {
			return nil, errors.Wrapf(err, "behind the labels %v", s.tree.labels(ways[i].at))
		}
		logSoftmax(rows[i])
	}
	return rows, nil
}

// room is for one row of each sequence that is followed: a function is compiled for one number of rows.
func (s *TransducerStream) room() [][]float64 { return make([][]float64, s.search.Beam) }

// predict runs the prediction network for the sequences that it has not yet seen. Each is one label longer than one that it has.
func (s *TransducerStream) predict(ways []way, dtype tensor.Dtype) error {
	var fresh []*heard
	for _, w := range ways {
		if w.at.of.output == nil {
			fresh = append(fresh, w.at)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	labels := make([]int, s.search.Beam)
	var states [][][]float64 // of each entry: its rows
	for i := range labels {
		h := fresh[min(i, len(fresh)-1)]
		labels[i] = h.label
		if h.before == nil {
			continue
		}
		if states == nil {
			states = make([][][]float64, len(h.before.of.state))
		}
		for j, row := range h.before.of.state {
			states[j] = append(states[j], row)
		}
	}
	in := []*tensor.Dense{graph.Ints(labels)}
	for _, rows := range states {
		in = append(in, matrix(rows, dtype))
	}
	out, err := s.d.predict.Run(in...)
	if err != nil {
		return err
	}
	for i, h := range fresh {
		for j, v := range out {
			n := v.Shape()[1]
			row := rowOf(v, i*n, n)
			if j == 0 {
				h.of.output = row
			} else {
				h.of.state = append(h.of.state, row)
			}
		}
	}
	return nil
}

// matrix is rows as a tensor.
func matrix(rows [][]float64, dtype tensor.Dtype) *tensor.Dense {
	all := slices.Concat(rows...)
	if dtype == tensor.Float64 {
		return graph.Floats64(all, len(rows), len(rows[0]))
	}
	narrow := make([]float32, len(all))
	for i, v := range all {
		narrow[i] = float32(v)
	}
	return graph.Floats(narrow, len(rows), len(rows[0]))
}
