package decode

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// size is the number of sequences of a search's tree, and of labels that were not taken.
func (t *tree[V]) size() int {
	var count func(s *sequence[V]) int
	count = func(s *sequence[V]) int {
		n := 1
		for _, q := range s.next {
			n += count(q)
		}
		return n
	}
	return count(t.root) + len(t.settled)
}

// Labels that are taken on the way, and the best ones behind them, are those of a search that keeps all, unless labellings are dropped for
// it. What the search remembers does not grow with the frames, even where early labels stay in doubt.
func TestCTCStreamTake(t *testing.T) {
	const classes = 5
	likes := LanguageFunc(func(_ []int, label int) float64 { return -0.3 * float64(label) })
	for name, c := range map[string]struct {
		CTC
		frames, behind, most int
		drops                bool
	}{
		"best path": {CTC{Blank: 4}, 10000, 20, 20, false}, "beam of 1": {CTC{Beam: 1, Insertion: 0.1}, 5000, 20, 21, false},
		"beam": {CTC{Beam: 8, Blank: 4}, 5000, 40, 8 * 50, true}, "never dropped": {CTC{Beam: 8, Blank: 4}, 500, 1000, 8 * 500, false},
		// a LanguageFunc remembers all that came before
		"language": {CTC{Beam: 4, Blank: 2, Language: likes, Weight: 0.5, Insertion: 0.1}, 400, 30, 4 * 40, true},
	} {
		keeps, err := c.Stream(classes)
		if err != nil {
			t.Fatal(err)
		}
		takes, err := c.Stream(classes)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(3, 4))
		taken, most := []int{}, 0
		for f := range c.frames {
			row := make([]float32, classes)
			for i := range row {
				row[i] = float32(2 * r.NormFloat64())
			}
			for _, s := range []*CTCStream{keeps, takes} {
				if err := s.Add(graph.Floats(row, 1, classes)); err != nil {
					t.Fatal(err)
				}
			}
			if f%7 == 0 {
				taken = append(taken, takes.Take(c.behind)...)
				if n := len(takes.Best().Labels); n > c.behind {
					t.Fatalf("%s: %d labels are left; want %d at most", name, n, c.behind)
				}
			}
			switch s := takes.follower.(type) {
			case *prefixSearch:
				most = max(most, s.tree.size())
			case *bestPath:
				most = max(most, len(s.labels)-7)
			}
		}
		want, got := keeps.Best(), takes.Best()
		got.Labels = append(taken, got.Labels...)
		// The room of what is dropped goes to labellings that are in doubt now: what is found is no less likely for it.
		fine := reflect.DeepEqual(got, want) || c.drops && got.LogProb > want.LogProb
		if !fine || len(taken) < c.frames/4 && c.behind < c.frames {
			t.Errorf("%s: %d labels were taken; with the best, %d of log-probability %g; want %d of %g", name, len(taken), len(got.Labels),
				got.LogProb, len(want.Labels), want.LogProb)
		}
		if most > c.most {
			t.Errorf("%s: up to %d prefixes and labels are remembered; want %d at most", name, most, c.most)
		}
	}
	if got := (*CTCStream)(nil).Take(1); len(got) != 0 {
		t.Error(got)
	}
}

// The same of a transducer, whose prediction network goes on behind labels that were taken.
func TestTransducerStreamTake(t *testing.T) {
	const classes, features = 5, 4
	m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: classes, Size: 3}, Blank: 1, Cell: recurrent.LSTM{Hidden: 4}, Units: 5}
	p := loudWeights(t, m, 5, features, 4)
	d := NewTransducer(m, p)
	for name, c := range map[string]struct {
		TransducerSearch
		frames, behind, most int
		drops                bool
	}{
		"greedy": {TransducerSearch{Max: 2}, 1000, 20, 40, false}, "beam": {TransducerSearch{Beam: 4, Max: 2}, 1000, 10, 80, true},
		"never dropped": {TransducerSearch{Beam: 4, Max: 2}, 300, 1000, 80, false},
	} {
		keeps, err := d.Stream(c.TransducerSearch)
		if err != nil {
			t.Fatal(err)
		}
		takes, err := d.Stream(c.TransducerSearch)
		if err != nil {
			t.Fatal(err)
		}
		taken, most := []int{}, 0
		for f := range c.frames {
			row := graphtest.Random(uint64(f), 1, features)
			for _, s := range []*TransducerStream{keeps, takes} {
				if err := s.Add(row); err != nil {
					t.Fatal(err)
				}
			}
			if f%7 == 0 {
				taken = append(taken, takes.Take(c.behind)...)
				if n := len(takes.Best().Labels); n > c.behind {
					t.Fatalf("%s: %d labels are left; want %d at most", name, n, c.behind)
				}
			}
			most = max(most, takes.tree.size())
		}
		want, got := keeps.Best(), takes.Best()
		got.Labels = append(taken, got.Labels...)
		fine := reflect.DeepEqual(got, want) || c.drops && got.LogProb > want.LogProb
		if !fine || len(want.Labels) < c.frames/4 || len(taken) < len(want.Labels)/2 && c.behind < c.frames {
			t.Errorf("%s: %d labels were taken; with the best, %d of log-probability %g; want %d of %g", name, len(taken), len(got.Labels),
				got.LogProb, len(want.Labels), want.LogProb)
		}
		if most > c.most {
			t.Errorf("%s: up to %d sequences and labels are remembered; want %d at most", name, most, c.most)
		}
	}
	if got := (*TransducerStream)(nil).Take(1); len(got) != 0 {
		t.Error(got)
	}
}

// loudWeights draws the weights of a transducer, and makes them so many times as large, so that it has opinions.
func loudWeights(t *testing.T, m recurrent.Transducer, seed uint64, features int, times float64) *graph.Params {
	t.Helper()
	p := graph.NewParams64(seed)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{m.Apply(g, in[0], in[1])} })
	if _, err := f.Run(graphtest.Random(1, 1, 1, features), graph.Ints([]int{0}, 1, 1)); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		for j, w := range p.At(i).Value().Float64s() {
			p.At(i).Value().Float64s()[j] = times * w
		}
	}
	return p
}
