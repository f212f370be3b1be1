package decode

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// size is the number of prefixes of a search's tree.
func (p *prefix) size() int {
	n := 1
	for _, q := range p.next {
		n += q.size()
	}
	return n
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
				most = max(most, s.root.size()+len(s.settled))
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
