package baseline

import "strings"

// LetterRules are rules of spelling: a letter stands for the symbol that it is most often in the training words, between
// the same two letters on each side; where no word has these, between one, before one, or alone. They are learned from
// words with as many letters as symbols, whose n-th letter is the n-th symbol.
type LetterRules struct {
	counts map[string]map[string]int // of the symbols in each context
}

// NewLetterRules learns rules from words and what they map to, symbols with blanks between. Sources and targets must be as
// many, and one at least.
func NewLetterRules(sources, targets []string) (*LetterRules, error) {
	if err := asMany(sources, targets); err != nil {
		return nil, err
	}
	r := &LetterRules{counts: map[string]map[string]int{}}
	for n, source := range sources {
		letters, symbols := strings.Split(source, ""), strings.Fields(targets[n])
		if len(letters) != len(symbols) {
			continue
		}
		for i, symbol := range symbols {
			for _, c := range contexts(letters, i) {
				if r.counts[c] == nil {
					r.counts[c] = map[string]int{}
				}
				r.counts[c][symbol]++
			}
		}
	}
	return r, nil
}

// Translate spells a word out, with blanks between the symbols. Letters that no rule knows are left out.
func (r *LetterRules) Translate(source string) string {
	if r == nil {
		return ""
	}
	letters := strings.Split(source, "")
	var out []string
	for i := range letters {
		for _, c := range contexts(letters, i) {
			if symbol := likeliest(r.counts[c]); symbol != "" {
				out = append(out, symbol)
				break
			}
		}
	}
	return strings.Join(out, " ")
}

// contexts of a letter, the widest first.
func contexts(letters []string, i int) []string {
	at := func(j int) string {
		if j < 0 || j >= len(letters) {
			return "#"
		}
		return letters[j]
	}
	return []string{
		strings.Join([]string{at(i - 2), at(i - 1), "<" + at(i) + ">", at(i + 1), at(i + 2)}, ""),
		at(i-1) + "<" + at(i) + ">" + at(i+1),
		"<" + at(i) + ">" + at(i+1),
		"<" + at(i) + ">",
	}
}

// likeliest is the symbol with the largest count; of several, the first in the alphabet.
func likeliest(counts map[string]int) string {
	best := ""
	for s, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && s < best {
			best = s
		}
	}
	return best
}
