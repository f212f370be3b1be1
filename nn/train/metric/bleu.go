package metric

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
)

// Ways to cut a sentence into the tokens of BLEU, by sacreBLEU's names.
const (
	Tokenize13a  = "13a"  // mteval-v13a's, for languages with blanks between words
	TokenizeNone = "none" // at blanks
	TokenizeChar = "char" // every character
)

// BLEU is the corpus BLEU of Papineni et al. (2002) as sacreBLEU 2 computes it (Post, 2018): n-grams up to 4, the 13a
// tokeniser, exponential smoothing. Add the sentences of a test set, then ask for the Score.
type BLEU struct {
	Tokenize  string // Tokenize13a if empty
	Lowercase bool

	matches, totals [bleuOrder]int
	length, wanted  int // tokens of the hypotheses, and of the references closest in length
}

const bleuOrder = 4

// BLEUScore is what BLEU found. Score and precisions are percentages.
type BLEUScore struct {
	Score          float64
	Precisions     [bleuOrder]float64
	BrevityPenalty float64
	HypothesisLen  int
	ReferenceLen   int
}

// Add counts the n-grams of a hypothesis that its references have.
func (m *BLEU) Add(hypothesis string, references ...string) error {
	if len(references) == 0 {
		return errors.New("metric: BLEU needs a reference")
	}
	h, err := m.tokens(hypothesis)
	if err != nil {
		return err
	}
	closest, best := 0, math.MaxInt
	most := [bleuOrder]map[string]int{} // of each n-gram: how often it comes in the reference that has most of it
	for n := range most {
		most[n] = map[string]int{}
	}
	for _, r := range references {
		tokens, err := m.tokens(r)
		if err != nil {
			return err
		}
		if d := abs(len(tokens) - len(h)); d < best || d == best && len(tokens) < closest {
			closest, best = len(tokens), d
		}
		for n := range most {
			for gram, count := range ngrams(tokens, n+1) {
				most[n][gram] = max(most[n][gram], count)
			}
		}
	}
	m.length += len(h)
	m.wanted += closest
	for n := range most {
		for gram, count := range ngrams(h, n+1) {
			m.totals[n] += count
			m.matches[n] += min(count, most[n][gram])
		}
	}
	return nil
}

func abs(n int) int { return max(n, -n) }

// ngrams counts the runs of n tokens, which have no blanks in them.
func ngrams(tokens []string, n int) map[string]int {
	out := map[string]int{}
	for i := 0; i+n <= len(tokens); i++ {
		out[strings.Join(tokens[i:i+n], " ")]++
	}
	return out
}

// Score is BLEU over all sentences so far.
func (m *BLEU) Score() BLEUScore {
	s := BLEUScore{BrevityPenalty: 1, HypothesisLen: m.length, ReferenceLen: m.wanted}
	if m.length < m.wanted {
		s.BrevityPenalty = 0
		if m.length > 0 {
			s.BrevityPenalty = math.Exp(1 - float64(m.wanted)/float64(m.length))
		}
	}
	if m.matches == [bleuOrder]int{} {
		return s
	}
	smooth, logs := 1.0, 0.0
	for n, total := range m.totals {
		switch {
		case total == 0: // no sentence is so long: the score is 0
		case m.matches[n] == 0:
			smooth *= 2
			s.Precisions[n] = 100 / (smooth * float64(total))
		default:
			s.Precisions[n] = 100 * float64(m.matches[n]) / float64(total)
		}
		logs += math.Log(s.Precisions[n]) / bleuOrder
	}
	s.Score = s.BrevityPenalty * math.Exp(logs)
	return s
}

// String is the line that sacreBLEU prints.
func (s BLEUScore) String() string {
	p := s.Precisions
	r := 0.0
	if s.ReferenceLen > 0 {
		r = float64(s.HypothesisLen) / float64(s.ReferenceLen)
	}
	return fmt.Sprintf("BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %d ref_len = %d)",
		s.Score, p[0], p[1], p[2], p[3], s.BrevityPenalty, r, s.HypothesisLen, s.ReferenceLen)
}

// tokens cuts a sentence.
func (m *BLEU) tokens(s string) ([]string, error) {
	s = strings.TrimRightFunc(s, blank)
	if m.Lowercase {
		s = lower(s)
	}
	switch m.Tokenize {
	case "", Tokenize13a:
		return tokens13a(s), nil
	case TokenizeNone:
		return words(s), nil
	case TokenizeChar:
		return runes(s), nil
	}
	return nil, errors.Errorf("metric: BLEU cannot tokenise by %q; want %s, %s or %s", m.Tokenize, Tokenize13a, TokenizeNone, TokenizeChar)
}

// rules13a are the substitutions of mteval-v13a.pl, for Western languages: marks stand alone, full stops and commas do
// unless they are part of a number, hyphens do behind a digit.
var rules13a = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`([{-~[-` + "`" + ` -&(-+:-@/])`), " $1 "},
	{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},
	{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},
	{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},
}

// marks13a are replaced one after the other: &amp;lt; is <.
var marks13a = [][2]string{{"<skipped>", ""}, {"-\n", ""}, {"\n", " "}, {"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}

func tokens13a(s string) []string {
	for _, m := range marks13a {
		s = strings.ReplaceAll(s, m[0], m[1])
	}
	s = " " + s + " "
	for _, r := range rules13a {
		s = r.find.ReplaceAllString(s, r.put)
	}
	return words(s)
}

// runes are the code points of a sentence that are no blanks.
func runes(s string) []string {
	var out []string
	for _, r := range s {
		if !blank(r) {
			out = append(out, string(r))
		}
	}
	return out
}

// characters are what a reader sees as such: a letter with its accents is one (grapheme clusters).
func characters(s string) []string {
	var out []string
	for g := uniseg.NewGraphemes(s); g.Next(); {
		out = append(out, g.Str())
	}
	return out
}
