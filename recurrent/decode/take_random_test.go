package decode

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// listed is a prefix beam search that knows its prefixes as lists of labels, and drops those that do not begin with what was taken.
type listed struct {
	blank, beam  int
	prefixes     []string
	blanks, ends map[string]float64 // log-probabilities of the ways that end in a blank, and in a label
	taken        int
}

func newListed(blank, beam int) *listed {
	return &listed{blank: blank, beam: beam, prefixes: []string{""}, blanks: map[string]float64{"": 0}, ends: map[string]float64{"": logZero}}
}

func (s *listed) add(row []float64) {
	logSoftmax(row)
	blanks, ends, order := map[string]float64{}, map[string]float64{}, []string{}
	touch := func(p string) {
		if _, ok := blanks[p]; !ok {
			blanks[p], ends[p], order = logZero, logZero, append(order, p)
		}
	}
	for _, p := range s.prefixes {
		touch(p)
		total := logAdd(s.blanks[p], s.ends[p])
		blanks[p] = logAdd(blanks[p], total+row[s.blank])
		for label, v := range row {
			if label == s.blank {
				continue
			}
			longer := p + string(rune('a'+label))
			touch(longer)
			if p != "" && rune(p[len(p)-1]) == rune('a'+label) {
				ends[p] = logAdd(ends[p], s.ends[p]+v)
				ends[longer] = logAdd(ends[longer], s.blanks[p]+v)
			} else {
				ends[longer] = logAdd(ends[longer], total+v)
			}
		}
	}
	score := func(p string) float64 { return logAdd(blanks[p], ends[p]) }
	slices.SortStableFunc(order, func(a, b string) int {
		if score(a) > score(b) {
			return -1
		}
		if score(a) < score(b) {
			return 1
		}
		return 0
	})
	s.prefixes, s.blanks, s.ends = order[:min(len(order), s.beam)], blanks, ends
}

// common is what all begin with.
func (s *listed) common() int {
	n := len(s.prefixes[0])
	for _, p := range s.prefixes {
		for n > 0 && (len(p) < n || p[:n] != s.prefixes[0][:n]) {
			n--
		}
	}
	return n
}

func (s *listed) take(behind int) {
	best := s.prefixes[0]
	keep := max(s.common(), len(best)-behind)
	s.prefixes = slices.DeleteFunc(s.prefixes, func(p string) bool { return len(p) < keep || p[:keep] != best[:keep] })
	s.taken = max(s.taken, keep)
}

func (s *listed) best() (labels []int, logProb float64) {
	labels = []int{}
	for _, r := range s.prefixes[0] {
		labels = append(labels, int(r-'a'))
	}
	return labels, logAdd(s.blanks[s.prefixes[0]], s.ends[s.prefixes[0]])
}

// A search that takes now and then finds what a search finds that keeps all labels and drops the same labellings, whatever the beam.
func TestTakeAgainstLists(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		classes, beam := 2+r.IntN(4), 2+r.IntN(15)
		blank := r.IntN(classes)
		want := newListed(blank, beam)
		s, err := CTC{Beam: beam, Blank: blank}.Stream(classes)
		if err != nil {
			t.Fatal(err)
		}
		taken := []int{}
		for f := range 1 + r.IntN(40) {
			row := make([]float64, classes)
			for i := range row {
				row[i] = 2 * r.NormFloat64()
			}
			if err := s.Add(graph.Floats64(slices.Clone(row), 1, classes)); err != nil {
				t.Fatal(err)
			}
			want.add(row)
			if r.IntN(4) == 0 {
				behind := r.IntN(6)
				taken = append(taken, s.Take(behind)...)
				want.take(behind)
				if len(taken) != want.taken {
					t.Fatalf("seed %d, frame %d: %d labels were taken; want %d", seed, f, len(taken), want.taken)
				}
			}
			got := s.Best()
			labels, p := want.best()
			if all := append(slices.Clone(taken), got.Labels...); !reflect.DeepEqual(all, labels) || math.Abs(got.LogProb-p) > 1e-9 {
				t.Fatalf("seed %d, beam %d, frame %d: %v, %g; want %v, %g", seed, beam, f, all, got.LogProb, labels, p)
			}
		}
	}
}

// A transducer's labels that are settled are those of a search that never takes, for beams of all sizes.
func TestTransducerTakesWhatIsSettled(t *testing.T) {
	const features = 3
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 2))
		classes, beam := 2+r.IntN(4), 1+int(seed)
		m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: classes, Size: 3}, Blank: r.IntN(classes), Cell: recurrent.GRU{Hidden: 3}, Units: 4}
		p := loudWeights(t, m, seed, features, 4)
		d := NewTransducer(m, p)
		search := TransducerSearch{Beam: beam, Max: 1 + r.IntN(3)}
		keeps, err := d.Stream(search)
		if err != nil {
			t.Fatal(err)
		}
		takes, err := d.Stream(search)
		if err != nil {
			t.Fatal(err)
		}
		taken := []int{}
		for frame := range 60 {
			row := graphtest.Random(seed<<8+uint64(frame), 1, features)
			for _, s := range []*TransducerStream{keeps, takes} {
				if err := s.Add(row); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(3) == 0 {
				taken = append(taken, takes.Take(math.MaxInt)...)
			}
			got, want := takes.Best(), keeps.Best()
			if got.Labels = append(slices.Clone(taken), got.Labels...); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, frame %d: %+v; want %+v", seed, frame, got, want)
			}
		}
	}
}
