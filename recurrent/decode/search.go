package decode

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Search generates sequences with a Model: the likeliest ones that a beam finds, or random draws. The zero value, with a Max,
// is greedy search. The results for a source do not depend on the other sources of the batch.
type Search struct {
	Start int // the token that a sequence begins with; it is not part of the result
	End   int // the token that ends a sequence; it is not part of the result, but of its probability
	// Max is the largest number of tokens of a sequence, without End. A sequence of Max tokens still ends if an end comes
	// next, with the end's probability; otherwise it is cut off.
	Max   int
	Min   int   // the smallest number of tokens before an end
	Stops []int // more tokens that end a sequence as End does; Hypothesis.End is the one that came

	// Beam is how many hypotheses are followed at a time: 1, or 0, for greedy search. A wider beam also ranks the greedy
	// sequence, so that its result is never worse.
	Beam int
	// Best is how many sequences are returned for each source, 0 for one: the best of the beam, at most Beam of them, or
	// so many draws.
	Best int
	// LengthPenalty α ranks sequences by log-probability / ((5+n)/6)^α, where n counts the tokens and End (Wu et al.,
	// 2016, equation 14). 0 ranks by probability, which favours short ones.
	LengthPenalty float64
	// CoveragePenalty β adds β·Σ_j log min(attention to source position j, 1) to that, which favours sequences that leave
	// nothing of the source out (same equation).
	CoveragePenalty float64

	// Sampler, if not nil, draws each token; Beam must then be 0 or 1. Each source has random numbers of its own, from Seed
	// and its number; FirstSource is the number of the first source.
	Sampler     *Sampler
	Seed        uint64
	FirstSource int

	Constraints
}

// Hypothesis is a sequence that a search generated.
type Hypothesis struct {
	Tokens    []int       // without Start and End
	Finished  bool        // it ended by itself; otherwise it was cut off after Max tokens
	End       int         // the token that ended it, if finished: Search.End, or one of Search.Stops
	LogProb   float64     // of all tokens and, when finished, of End, in nats
	Score     float64     // by which it was ranked
	LogProbs  []float64   // of each token and, when finished, of End
	Attention [][]float64 // of each token: the weights of the source's positions; nil without attention
}

// most is more tokens, or rows, than any search could take.
const most = 1 << 24

// Check reports settings that make no sense.
func (s Search) Check() error {
	switch {
	case s.Max < 1 || s.Max > most:
		return errors.Errorf("decode: Max %d; want 1 to %d", s.Max, most)
	case s.Min < 0 || s.Min > s.Max:
		return errors.Errorf("decode: Min %d; want 0 to Max, which is %d", s.Min, s.Max)
	case s.Beam < 0 || s.Best < 0 || s.Beam > most || s.Best > most:
		return errors.Errorf("decode: Beam %d and Best %d; want 0 to %d", s.Beam, s.Best, most)
	case !(s.LengthPenalty >= 0) || !(s.CoveragePenalty >= 0) || math.IsInf(s.LengthPenalty, 1) || math.IsInf(s.CoveragePenalty, 1):
		return errors.Errorf("decode: LengthPenalty %g and CoveragePenalty %g; want numbers, 0 or more", s.LengthPenalty, s.CoveragePenalty)
	case s.Sampler != nil && s.Beam > 1:
		return errors.Errorf("decode: a Sampler and a Beam of %d; want one of them", s.Beam)
	case s.Sampler == nil && s.Best > max(s.Beam, 1):
		return errors.Errorf("decode: Best %d of a Beam of %d; want at most the beam", s.Best, max(s.Beam, 1))
	case s.Sampler != nil:
		if err := s.Sampler.Check(); err != nil {
			return err
		}
	}
	if len(s.Prefix) > s.Max {
		return errors.Errorf("decode: a Prefix of %d tokens, but Max is %d", len(s.Prefix), s.Max)
	}
	if slices.ContainsFunc(s.Prefix, s.ends) {
		return errors.Errorf("decode: Prefix %v ends the sequence; want no End or Stops in it", s.Prefix)
	}
	return s.Constraints.check()
}

// ends tells whether a token ends a sequence.
func (s Search) ends(token int) bool { return token == s.End || slices.Contains(s.Stops, token) }

// Rows is how many of the model's rows the search takes for each source.
func (s Search) Rows() int {
	switch {
	case s.Sampler != nil:
		return max(s.Best, 1)
	case s.Beam > 1:
		return s.Beam + 1 // the greedy sequence
	}
	return 1
}

// Run generates sequences for each source of a model, whose rows are Rows times the number of sources. It returns Best
// hypotheses for each source, the best first, or fewer if the beam found no more.
func (s Search) Run(m Model) ([][]Hypothesis, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("decode: there is no model to search with; it is nil")
	}
	per := s.Rows()
	if m.Rows() < per || m.Rows()%per != 0 || m.Rows() > most {
		return nil, errors.Errorf("decode: the model has %d rows; want a multiple of the %d that each source takes, at most %d",
			m.Rows(), per, most)
	}
	sources := make([]writer, m.Rows()/per)
	for i := range sources {
		sources[i] = s.writer(i)
	}
	tokens, parents := slices.Repeat([]int{s.Start}, m.Rows()), []int(nil)
	for {
		p, err := m.Next(tokens, parents)
		if err != nil {
			return nil, err
		}
		size, err := s.vocabulary(p, m.Rows())
		if err != nil {
			return nil, err
		}
		if parents == nil {
			parents = make([]int, m.Rows())
		}
		for i := range tokens {
			tokens[i] = unused
		}
		busy := false
		for i, w := range sources {
			from, to := i*per, (i+1)*per
			part := rowsOf{prediction: p, from: from, size: size, tokens: tokens[from:to], parents: parents[from:to]}
			more, err := w.advance(part)
			if err != nil {
				return nil, errors.Wrapf(err, "decode: source %d", s.FirstSource+i)
			}
			busy = busy || more
		}
		if !busy {
			break
		}
		follow(tokens, parents)
	}
	out := make([][]Hypothesis, len(sources))
	for i, w := range sources {
		out[i] = w.results()
	}
	return out, nil
}

// vocabulary checks a prediction's shape and returns V.
func (s Search) vocabulary(p Prediction, rows int) (int, error) {
	size := len(p.Logits) / rows
	if len(p.Logits)%rows != 0 || p.Attention != nil && len(p.Attention) != rows {
		return 0, errors.Errorf("decode: the model gives %d logits and attention for %d rows; want those of %d rows",
			len(p.Logits), len(p.Attention), rows)
	}
	for i, row := range p.Attention {
		if slices.ContainsFunc(row, func(a float32) bool { return a != a }) {
			return 0, errors.Errorf("decode: the model's attention of row %d is NaN", i)
		}
	}
	if s.Start < 0 || s.Start >= size || s.End < 0 || s.End >= size {
		return 0, errors.Errorf("decode: start %d and end %d of a vocabulary of %d", s.Start, s.End, size)
	}
	for _, t := range s.Stops {
		if t < 0 || t >= size {
			return 0, errors.Errorf("decode: stop %d of a vocabulary of %d", t, size)
		}
	}
	return size, nil
}

// unused is the token of a row in which no sequence continues.
const unused = -1

// follow gives unused rows the token and the past of a row in use, since a model computes all its rows. Otherwise an unused
// row would be read on for as long as the longest sequence takes, and a state that grows with every step could overflow
// there and fail the whole batch.
func follow(tokens, parents []int) {
	live := 0
	for tokens[live] == unused {
		live++
	}
	for i, t := range tokens {
		if t == unused {
			tokens[i], parents[i] = tokens[live], parents[live]
		} else {
			live = i
		}
	}
}

// writer generates the sequences of one source.
type writer interface {
	// advance takes the predictions for the source's rows and chooses the next tokens and the rows that they follow. It is
	// false when all sequences are complete.
	advance(r rowsOf) (bool, error)
	results() []Hypothesis
}

func (s Search) writer(source int) writer {
	switch {
	case s.Sampler != nil:
		return newSampling(s, source)
	case s.Beam > 1:
		return &guarded{beam: newBeam(s, s.Beam), greedy: newBeam(s, 1)}
	}
	return newBeam(s, 1)
}

// rowsOf has a source's rows of a prediction, and room for the choice of the next tokens.
type rowsOf struct {
	prediction      Prediction
	from, size      int
	tokens, parents []int
}

func (r rowsOf) logits(row int) []float32 {
	return r.prediction.Logits[(r.from+row)*r.size:][:r.size]
}

func (r rowsOf) attention(row int) []float32 {
	if r.prediction.Attention == nil {
		return nil
	}
	return slices.Clone(r.prediction.Attention[r.from+row])
}

// choose sets the next token of a row and the row, of the same source, that it follows.
func (r rowsOf) choose(row, token, parent int) {
	r.tokens[row], r.parents[row] = token, r.from+parent
}
