package decode_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
)

// plain is a hypothesis of plainBeam.
type plain struct {
	tokens  []int // with the start, and the end if there is one
	logProb float64
}

// plainBeam is a beam as one would write it down: all candidates are sorted, and it never stops early.
func plainBeam(s decode.Search, width int, logits func(past []int) []float32) []plain {
	ends := func(token int) bool { return token == s.End || slices.Contains(s.Stops, token) }
	score := func(p plain) float64 { return p.logProb / math.Pow(float64(5+len(p.tokens)-1)/6, s.LengthPenalty) }
	live, done := []plain{{tokens: []int{s.Start}}}, []plain(nil)
	for len(live) > 0 {
		var all, next []plain
		for _, p := range live {
			row, sum := logits(p.tokens), 0.0
			top := float64(slices.Max(row))
			for _, v := range row {
				sum += math.Exp(float64(v) - top)
			}
			full, likeliest := len(p.tokens)-1 == s.Max, slices.Index(row, slices.Max(row))
			if full && !ends(likeliest) {
				done = append(done, p) // cut off
			}
			for t, v := range row {
				q := plain{append(slices.Clone(p.tokens), t), p.logProb + (float64(v) - (top + math.Log(sum)))}
				switch {
				case ends(t) && len(p.tokens)-1 < s.Min:
				case !full:
					all = append(all, q)
				case ends(t) && (width > 1 || t == likeliest):
					done = append(done, q)
				}
			}
		}
		slices.SortStableFunc(all, func(a, b plain) int { return cmp.Compare(b.logProb, a.logProb) })
		if width == 1 {
			all = all[:min(len(all), 1)]
		}
		taken := 0
		for _, p := range all[:min(len(all), width*(2+len(s.Stops)))] {
			end := ends(p.tokens[len(p.tokens)-1])
			if !end {
				if taken++; taken > width {
					continue
				}
			}
			if end {
				done = append(done, p)
			} else {
				next = append(next, p)
			}
		}
		live = next
	}
	slices.SortStableFunc(done, func(a, b plain) int { return cmp.Compare(score(b), score(a)) })
	return done
}

// Stopping early never changes the best: a beam finds what one that goes on to the end finds, with or without ties.
func TestBeamStopsOnlyWhenCertain(t *testing.T) {
	compared := 0
	for seed := range uint64(600) {
		grain := []float32{0, 0.5, 1}[seed%3] // logits on a grid tie often
		logits := func(past []int) []float32 {
			row := logitsOf(seed, past, 6)
			for i, v := range row {
				if grain > 0 {
					row[i] = grain * float32(math.Round(float64(v/grain)))
				}
			}
			row[end] += float32(seed % 4) // ends come early, or not
			return row
		}
		s := decode.Search{Start: start, End: end, Max: 9, Min: int(seed % 3), Beam: 2 + int(seed%4), LengthPenalty: float64(seed%5) * 0.5}
		if seed%2 > 0 {
			s.Stops = []int{4, 5}
		}
		s.Best = 1 + int(seed)%s.Beam
		got := search(t, s, table(logits, s.Rows()))[0]
		want := plainBeam(s, s.Beam, logits)
		greedy := plainBeam(s, 1, logits)[0]
		if !slices.ContainsFunc(want, func(p plain) bool { return slices.Equal(p.tokens, greedy.tokens) }) {
			continue // TestBeamIsNoWorseThanGreedy looks at these
		}
		compared++
		for i, h := range got {
			tokens := append([]int{start}, h.Tokens...)
			if h.Finished {
				tokens = append(tokens, h.End)
			}
			if !slices.Equal(tokens, want[i].tokens) || math.Abs(h.LogProb-want[i].logProb) > 1e-12 {
				t.Errorf("seed %d: hypothesis %d is %v with %g, want %v with %g", seed, i, tokens, h.LogProb, want[i].tokens, want[i].logProb)
			}
		}
		if len(got) != min(s.Best, len(want)) {
			t.Errorf("seed %d: %d hypotheses, want %d", seed, len(got), min(s.Best, len(want)))
		}
	}
	if compared < 400 {
		t.Errorf("only %d searches were compared", compared)
	}
}

// Among equals the smaller id comes first, whatever the search.
func TestTies(t *testing.T) {
	flat := func([]int) []float32 { return make([]float32, 5) }
	for want, s := range map[string]decode.Search{
		"[[0 0 0]]":                 {},
		"[[0 0 0] [0 0 1] [0 0 2]]": {Beam: 3, Best: 3, Min: 3},
		"[[1 1 1]]":                 {Constraints: decode.Constraints{Forbidden: []int{0}}},
		"[[2 2 2]]":                 {Sampler: &decode.Sampler{Greedy: true}, Constraints: decode.Constraints{Forbidden: []int{0, 1}}},
		"[[3 3 3]]":                 {Sampler: &decode.Sampler{TopK: 1}, Constraints: decode.Constraints{Forbidden: []int{0, 1, 2}}},
	} {
		s.End, s.Max = 4, 3
		var got [][]int
		for _, h := range search(t, s, table(flat, s.Rows()))[0] {
			got = append(got, h.Tokens)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%+v: %v, want %s", s, got, want)
		}
	}
}

// Greedy draws are greedy search, also where float32 log-probabilities would be equal and the logits are not.
func TestGreedySamplerIsGreedySearch(t *testing.T) {
	near := func([]int) []float32 { return []float32{0, -9, 1e-9, 1e-8, 0} }
	s := decode.Search{Start: start, End: end, Max: 2}
	drawn := s
	drawn.Sampler = &decode.Sampler{Greedy: true}
	a, b := search(t, s, table(near, 1))[0][0], search(t, drawn, table(near, 1))[0][0]
	if fmt.Sprint(a) != fmt.Sprint(b) || !slices.Equal(a.Tokens, []int{3, 3}) {
		t.Errorf("greedy search %v, greedy draws %v; want [3 3]", a.Tokens, b.Tokens)
	}
}

// Where constraints leave a path nowhere to go, others go on: the beam without the greedy path, what was done before.
func TestDeadEnds(t *testing.T) {
	likes2 := func([]int) []float32 { return []float32{0, 0, 3, 1, 2} }
	only := func(next map[string][]int) func([]int) []int {
		return func(tokens []int) []int { return append([]int{}, next[fmt.Sprint(tokens)]...) }
	}
	run := func(beam int, next map[string][]int) ([][]decode.Hypothesis, error) {
		s := decode.Search{Start: start, End: end, Max: 5, Beam: beam, Constraints: decode.Constraints{Allow: only(next)}}
		return s.Run(table(likes2, s.Rows()))
	}
	greedyDies := map[string][]int{"[]": {2, 3}, "[3]": {end}}
	if out, err := run(2, greedyDies); err != nil || !slices.Equal(out[0][0].Tokens, []int{3}) {
		t.Errorf("greedy path dead: %v, error %v; want [3]", out, err)
	}
	if _, err := run(1, greedyDies); err == nil || !strings.Contains(err.Error(), "after 1 tokens: no token is allowed") {
		t.Errorf("greedy search in a dead end: error %v", err)
	}
	if out, err := run(2, map[string][]int{"[]": {2, end}}); err != nil || len(out[0][0].Tokens) != 0 || !out[0][0].Finished {
		t.Errorf("one path done, the other dead: %v, error %v; want the empty sequence", out, err)
	}
	if _, err := run(3, map[string][]int{"[]": {2, 3, 4}}); err == nil || !strings.Contains(err.Error(), "source 0: after 1 tokens: no token is allowed") {
		t.Errorf("all paths dead: error %v", err)
	}
}

// tabled is a model by a function of a row's tokens.
type tabled struct {
	logits func(past []int) []float32
	pasts  [][]int
}

func table(logits func(past []int) []float32, rows int) *tabled {
	return &tabled{logits, make([][]int, rows)}
}

func (m *tabled) Rows() int { return len(m.pasts) }

func (m *tabled) Next(tokens, parents []int) (decode.Prediction, error) {
	var p decode.Prediction
	pasts := make([][]int, len(m.pasts))
	for i, token := range tokens {
		from := i
		if parents != nil {
			from = parents[i]
		}
		pasts[i] = append(slices.Clone(m.pasts[from]), token)
		p.Logits = append(p.Logits, m.logits(pasts[i])...)
	}
	m.pasts = pasts
	return p, nil
}
