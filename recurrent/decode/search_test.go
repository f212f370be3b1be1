package decode_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
)

// oracle is a model whose logits are random numbers that depend on all tokens of a row so far.
type oracle struct {
	seeds []uint64 // of each row
	size  int
	pasts [][]int
}

// newOracle has the given number of rows for each source, which differ by their seeds.
func newOracle(size, rows int, seeds ...uint64) *oracle {
	m := &oracle{size: size}
	for _, s := range seeds {
		m.seeds = append(m.seeds, slices.Repeat([]uint64{s}, rows)...)
	}
	m.pasts = make([][]int, len(m.seeds))
	return m
}

func (m *oracle) Rows() int { return len(m.seeds) }

func (m *oracle) Next(tokens, parents []int) (decode.Prediction, error) {
	pasts := make([][]int, len(m.pasts))
	var p decode.Prediction
	for i, t := range tokens {
		from := i
		if parents != nil {
			from = parents[i]
		}
		pasts[i] = append(slices.Clone(m.pasts[from]), t)
		p.Logits = append(p.Logits, logitsOf(m.seeds[i], pasts[i], m.size)...)
		p.Attention = append(p.Attention, softmax(logitsOf(m.seeds[i]+99, pasts[i], 3)))
	}
	m.pasts = pasts
	return p, nil
}

func logitsOf(seed uint64, past []int, size int) []float32 {
	h := seed*0x9e3779b97f4a7c15 + 1
	step := func(v uint64) {
		h = (h ^ v) * 0xbf58476d1ce4e5b9
		h ^= h >> 29
	}
	for _, t := range past {
		step(uint64(t) + 1)
	}
	out := make([]float32, size)
	for i := range out {
		step(uint64(i))
		out[i] = 4*float32(h>>40)/(1<<24) - 2
	}
	return out
}

func softmax(x []float32) []float32 {
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v))
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(math.Exp(float64(v)) / sum)
	}
	return out
}

const start, end = 0, 1

// exhaustive ranks all sequences of an oracle by the definition of the score: those of at most Max tokens with their
// end, and those of Max tokens that the model would rather go on with than end.
func exhaustive(s decode.Search, seed uint64, size int) (best []int, finished bool, score float64) {
	score = math.Inf(-1)
	var try func(past []int, logProb float64, sums [3]float64)
	try = func(past []int, logProb float64, sums [3]float64) {
		rank := func(n int, logProb float64, sums [3]float64) float64 {
			v := logProb / math.Pow(float64(5+n)/6, s.LengthPenalty)
			for _, a := range sums {
				v += s.CoveragePenalty * math.Log(min(a, 1))
			}
			return v
		}
		n, before := len(past)-1, sums
		probs := softmax(logitsOf(seed, past, size))
		for j, a := range softmax(logitsOf(seed+99, past, 3)) {
			sums[j] += float64(a)
		}
		consider := func(v float64, ended bool) {
			if v > score+1e-9 {
				score, best, finished = v, slices.Clone(past[1:]), ended
			}
		}
		if n == s.Max && slices.Index(probs, slices.Max(probs)) != end {
			consider(rank(n, logProb, before), false)
		}
		for t, p := range probs {
			next := logProb + math.Log(float64(p))
			switch {
			case t == end && n >= s.Min:
				consider(rank(n+1, next, sums), true)
			case t != end && n < s.Max:
				try(append(slices.Clone(past), t), next, sums)
			}
		}
	}
	try([]int{start}, 0, [3]float64{})
	return best, finished, score
}

func search(t *testing.T, s decode.Search, m decode.Model) [][]decode.Hypothesis {
	t.Helper()
	out, err := s.Run(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A beam that holds everything finds the best of all sequences.
func TestWideBeamIsExhaustive(t *testing.T) {
	const size = 4
	full, cut := 0, 0
	for seed := range uint64(240) {
		s := decode.Search{Start: start, End: end, Max: 4, Beam: 100, LengthPenalty: []float64{0, 0.6, 1, 2}[seed%4], CoveragePenalty: float64(seed%3) * 0.25, Min: int(seed % 5)}
		got := search(t, s, newOracle(size, s.Rows(), seed))[0][0]
		want, finished, score := exhaustive(s, seed, size)
		if !slices.Equal(got.Tokens, want) || got.Finished != finished || math.Abs(got.Score-score) > 1e-6 {
			t.Errorf("seed %d: %v finished=%v with %g, want %v finished=%v with %g", seed, got.Tokens, got.Finished, got.Score, want, finished, score)
		}
		if len(want) == s.Max && finished {
			full++
		} else if !finished {
			cut++
		}
	}
	if full < 20 || cut < 20 {
		t.Errorf("%d sequences of Max tokens ended and %d were cut off; the test wants to see both", full, cut)
	}
}

// Max counts tokens without End: a sequence of just so many ends, with the probability of its end, whatever the search.
// One token less, and it is cut off.
func TestMaxDoesNotCountEnd(t *testing.T) {
	chain := func(past []int) []float32 { // 2, 3, 4, end
		row := make([]float32, 5)
		row[[]int{2, 3, 4, end, end}[len(past)-1]] = 20
		return row
	}
	for name, s := range map[string]decode.Search{
		"greedy": {}, "beam": {Beam: 4}, "greedy draws": {Sampler: &decode.Sampler{Greedy: true}}, "draws": {Best: 3, Sampler: &decode.Sampler{}},
	} {
		s.Start, s.End = start, end
		for _, s.Max = range []int{2, 3, 4} {
			for _, h := range search(t, s, table(chain, s.Rows()))[0] {
				ends := s.Max >= 3
				terms := min(s.Max, 3)
				if ends {
					terms++
				}
				if !slices.Equal(h.Tokens, []int{2, 3, 4}[:min(s.Max, 3)]) || h.Finished != ends || len(h.LogProbs) != terms || ends && h.End != end {
					t.Errorf("%s, Max %d: %+v; want finished=%v and %d log-probabilities", name, s.Max, h, ends, terms)
				}
			}
		}
	}
	// Where no token may follow Max of them, not even the end, the sequence is cut off and that is no error.
	for _, sampler := range []*decode.Sampler{nil, {}} {
		s := decode.Search{Start: start, End: end, Max: 2, Sampler: sampler, Constraints: decode.Constraints{Allow: func(tokens []int) []int {
			if len(tokens) == 2 {
				return []int{}
			}
			return nil
		}}}
		if h := search(t, s, table(chain, s.Rows()))[0][0]; !slices.Equal(h.Tokens, []int{2, 3}) || h.Finished {
			t.Errorf("%+v; want 2 3, cut off", h)
		}
	}
}

// Greedy search takes the likeliest token each time.
func TestGreedy(t *testing.T) {
	for seed := range uint64(100) {
		s := decode.Search{Start: start, End: end, Max: 8}
		got := search(t, s, newOracle(6, 1, seed))[0][0]
		past := []int{start}
		finished := false
		for len(past) <= 9 {
			logits := logitsOf(seed, past, 6)
			token := slices.Index(logits, slices.Max(logits))
			if finished = token == end; finished || len(past) == 9 {
				break
			}
			past = append(past, token)
		}
		if !slices.Equal(got.Tokens, past[1:]) || got.Finished != finished {
			t.Errorf("seed %d: %v, want %v, finished=%v", seed, got, past[1:], finished)
		}
		s.Beam = 1
		if one := search(t, s, newOracle(6, s.Rows(), seed))[0][0]; fmt.Sprint(one) != fmt.Sprint(got) {
			t.Errorf("seed %d: a beam of one wrote %v, greedy search %v", seed, one, got)
		}
	}
}

// The best of a beam is never worse than what greedy search finds.
func TestBeamIsNoWorseThanGreedy(t *testing.T) {
	better := 0
	for seed := range uint64(1000) {
		s := decode.Search{Start: start, End: end, Max: 12, Beam: 2 + int(seed%3), LengthPenalty: float64(seed%4) * 0.4, CoveragePenalty: float64(seed%2) * 0.3}
		s.Best = s.Beam
		all := search(t, s, newOracle(7, s.Rows(), seed))[0]
		greedy := s
		greedy.Beam, greedy.Best = 0, 0
		g := search(t, greedy, newOracle(7, 1, seed))[0][0]
		if all[0].Score < g.Score {
			t.Errorf("seed %d: beam %g, greedy %g", seed, all[0].Score, g.Score)
		}
		if all[0].Score > g.Score {
			better++
		}
		seen := map[string]bool{}
		for i, h := range all {
			sum := 0.0
			for _, p := range h.LogProbs {
				sum += p
			}
			if key := fmt.Sprint(h.Tokens, h.Finished); seen[key] || i > 0 && h.Score > all[i-1].Score || math.Abs(sum-h.LogProb) > 1e-9 || len(h.Attention) != len(h.Tokens) {
				t.Errorf("seed %d: hypothesis %d is %+v", seed, i, h)
			} else {
				seen[key] = true
			}
		}
	}
	if better < 500 {
		t.Errorf("the beam was better for %d of 1000 models only", better)
	}
}

// A source's results do not depend on its neighbours.
func TestBatchedIsAlone(t *testing.T) {
	seeds := []uint64{5, 6, 7, 8, 9}
	for name, s := range map[string]decode.Search{
		"greedy":   {Max: 9},
		"beam":     {Max: 9, Beam: 4, Best: 3, LengthPenalty: 0.6},
		"sampling": {Max: 9, Best: 3, Sampler: &decode.Sampler{TopK: 4}, Seed: 11},
	} {
		s.Start, s.End = start, end
		all := search(t, s, newOracle(8, s.Rows(), seeds...))
		for i, seed := range seeds {
			alone := s
			alone.FirstSource = i
			if got := search(t, alone, newOracle(8, s.Rows(), seed))[0]; fmt.Sprint(got) != fmt.Sprint(all[i]) {
				t.Errorf("%s: source %d alone: %v, in a batch: %v", name, i, got, all[i])
			}
		}
	}
}

func TestConstraints(t *testing.T) {
	base := decode.Search{Start: start, End: end, Max: 10, Beam: 3, Best: 3}
	for seed := range uint64(50) {
		run := func(edit func(*decode.Search)) []decode.Hypothesis {
			s := base
			edit(&s)
			return search(t, s, newOracle(6, s.Rows(), seed))[0]
		}
		for _, h := range run(func(s *decode.Search) { s.Min, s.Forbidden = 4, []int{2, 5} }) {
			if len(h.Tokens) < 4 || slices.Contains(h.Tokens, 2) || slices.Contains(h.Tokens, 5) {
				t.Errorf("seed %d: %v has less than 4 tokens, or a forbidden one", seed, h.Tokens)
			}
		}
		for _, h := range run(func(s *decode.Search) { s.Prefix = []int{3, 3, 4} }) {
			if !slices.Equal(h.Tokens[:3], []int{3, 3, 4}) {
				t.Errorf("seed %d: %v does not begin with the prefix", seed, h.Tokens)
			}
		}
		for _, h := range run(func(s *decode.Search) { s.NoRepeat, s.Min = 2, 8 }) {
			seen := map[[2]int]bool{}
			for i := range len(h.Tokens) - 1 {
				pair := [2]int{h.Tokens[i], h.Tokens[i+1]}
				if seen[pair] {
					t.Errorf("seed %d: %v repeats %v", seed, h.Tokens, pair)
				}
				seen[pair] = true
			}
		}
		for _, h := range run(func(s *decode.Search) {
			s.Min = 5
			s.Allow = func(tokens []int) []int { return []int{2 + len(tokens)%2, end} }
		}) {
			for i, token := range h.Tokens {
				if token != 2+i%2 {
					t.Errorf("seed %d: %v does not alternate", seed, h.Tokens)
				}
			}
		}
	}
	// The penalty divides positive logits and multiplies negative ones of tokens that came before.
	h := search(t, decode.Search{Start: start, End: end, Max: 2, Constraints: decode.Constraints{RepetitionPenalty: 2, Prefix: []int{2}}}, newOracle(4, 1, 3))[0][0]
	logits := logitsOf(3, []int{start, 2}, 4)
	if logits[2] > 0 {
		logits[2] /= 2
	} else {
		logits[2] *= 2
	}
	want := math.Log(float64(slices.Max(softmax(logits))))
	if math.Abs(h.LogProbs[1]-want) > 1e-6 {
		t.Errorf("log-probability %g with a repetition penalty, want %g", h.LogProbs[1], want)
	}
}

func TestSearchRefuses(t *testing.T) {
	fine := decode.Search{Start: start, End: end, Max: 3}
	for want, c := range map[string]struct {
		edit func(*decode.Search)
		rows int
	}{
		"Max 0; want 1 to ":                      {func(s *decode.Search) { s.Max = 0 }, 1},
		"Min 4; want 0 to Max, which is 3":       {func(s *decode.Search) { s.Min = 4 }, 1},
		"Beam -1":                                {func(s *decode.Search) { s.Beam = -1 }, 1},
		"LengthPenalty NaN":                      {func(s *decode.Search) { s.LengthPenalty = math.NaN() }, 1},
		"a Sampler and a Beam of 2":              {func(s *decode.Search) { s.Sampler, s.Beam = &decode.Sampler{}, 2 }, 1},
		"Best 3 of a Beam of 2":                  {func(s *decode.Search) { s.Beam, s.Best = 2, 3 }, 3},
		"min-p 2":                                {func(s *decode.Search) { s.Sampler = &decode.Sampler{MinP: 2} }, 1},
		"typical share -1":                       {func(s *decode.Search) { s.Sampler = &decode.Sampler{Typical: -1} }, 1},
		"a Prefix of 4 tokens, but Max is 3":     {func(s *decode.Search) { s.Prefix = []int{2, 2, 2, 2} }, 1},
		"NoRepeat -1":                            {func(s *decode.Search) { s.NoRepeat = -1 }, 1},
		"RepetitionPenalty -1":                   {func(s *decode.Search) { s.RepetitionPenalty = -1 }, 1},
		"4 rows; want a multiple of the 3":       {func(s *decode.Search) { s.Beam = 2 }, 4},
		"end 9 of a vocabulary of 5":             {func(s *decode.Search) { s.End = 9 }, 1},
		"source 0: after 0 tokens: no token is":  {func(s *decode.Search) { s.Forbidden = []int{0, 1, 2, 3, 4} }, 1},
		"token 7 is forbidden; want 0 to 4":      {func(s *decode.Search) { s.Forbidden = []int{7} }, 1},
		"token 8 is asked for; want 0 to 4":      {func(s *decode.Search) { s.Allow = func([]int) []int { return []int{8} } }, 1},
		"after 1 tokens: no token is allowed":    {func(s *decode.Search) { s.Min, s.Allow = 2, func(t []int) []int { return [][]int{{2}, {end}}[len(t)] } }, 1},
		"draw 0 after 0 tokens: no token is":     {func(s *decode.Search) { s.Sampler, s.Forbidden = &decode.Sampler{}, []int{0, 1, 2, 3, 4} }, 1},
		"source 0: after 0 tokens: logit 0 is N": {nil, 1},
	} {
		s, m := fine, decode.Model(newOracle(5, c.rows, 1))
		if c.edit != nil {
			c.edit(&s)
		} else {
			m = broken{}
		}
		if _, err := s.Run(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// broken gives NaN.
type broken struct{}

func (broken) Rows() int { return 1 }
func (broken) Next(_, _ []int) (decode.Prediction, error) {
	nan := float32(math.NaN())
	return decode.Prediction{Logits: []float32{nan, nan, nan}}, nil
}

// Draws follow the model's distribution: Pearson's χ² over the 22 outcomes of at most 2 tokens of 4.
func TestSamplesFollowTheModel(t *testing.T) {
	const n = 20000
	s := decode.Search{Start: start, End: end, Max: 2, Best: n, Sampler: &decode.Sampler{}, Seed: 5}
	counts := map[string]float64{}
	for _, h := range search(t, s, newOracle(4, n, 3))[0] {
		counts[fmt.Sprint(h.Tokens, h.Finished)]++
	}
	chi, cells := 0.0, 0
	expect := func(tokens []int, finished bool, p float64) {
		d := counts[fmt.Sprint(tokens, finished)] - n*p
		chi += d * d / (n * p)
		cells++
	}
	for a, p := range softmax(logitsOf(3, []int{start}, 4)) {
		if a == end {
			expect([]int{}, true, float64(p))
			continue
		}
		for b, q := range softmax(logitsOf(3, []int{start, a}, 4)) {
			if b == end {
				expect([]int{a}, true, float64(p)*float64(q))
				continue
			}
			last := float64(softmax(logitsOf(3, []int{start, a, b}, 4))[end])
			expect([]int{a, b}, true, float64(p)*float64(q)*last)
			expect([]int{a, b}, false, float64(p)*float64(q)*(1-last))
		}
	}
	if cells != 22 || chi > 46.8 { // the 0.1 % point with 21 degrees of freedom
		t.Errorf("χ² is %g over %d cells, want at most 46.8 over 22", chi, cells)
	}
}
