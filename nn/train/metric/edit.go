package metric

import "math"

// EditDistance is the smallest number of tokens to insert, delete and replace that turns a into b (Levenshtein, 1966).
func EditDistance(a, b []string) int {
	row := make([]int, len(b)+1) // distances of a's first i tokens to every beginning of b
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// ErrorRate is the edit distance of hypotheses to references over the references' length: WER for words, CER for
// characters, the phoneme error rate for phonemes. It is a rate of the whole test set, not a mean over sentences, and can
// exceed 1. Add the sentences, then ask.
type ErrorRate struct {
	Edits, Length int
	// What the edits are: tokens that the references lack, that the hypotheses lack, and others in the place of the right ones.
	Insertions, Deletions, Substitutions int

	Sentences int
	Wrong     int // sentences with a mistake
}

// Add counts tokens; of several references that are all right, the one with the fewest mistakes counts.
func (m *ErrorRate) Add(hypothesis []string, references ...[]string) {
	edits := len(hypothesis)
	var nearest []string
	for i, r := range references {
		d := EditDistance(hypothesis, r)
		if i == 0 || errorRate(d, len(r)) < errorRate(edits, len(nearest)) {
			edits, nearest = d, r
		}
	}
	for _, e := range Edits(hypothesis, nearest) {
		switch e.Kind {
		case EditInsert:
			m.Insertions++
		case EditDelete:
			m.Deletions++
		case EditReplace:
			m.Substitutions++
		}
	}
	m.Edits += edits
	m.Length += len(nearest)
	m.Sentences++
	if edits > 0 {
		m.Wrong++
	}
}

// AddWords counts the words of sentences, cut at blanks.
func (m *ErrorRate) AddWords(hypothesis, reference string) {
	m.Add(words(hypothesis), words(reference))
}

// AddCharacters counts the characters of sentences, as a reader sees them: a letter with its accents is one.
func (m *ErrorRate) AddCharacters(hypothesis, reference string) {
	m.Add(characters(hypothesis), characters(reference))
}

// Rate is edits over the references' length: 0 of nothing, +Inf if all references are empty and the hypotheses are not.
func (m *ErrorRate) Rate() float64 { return errorRate(m.Edits, m.Length) }

func errorRate(edits, length int) float64 {
	if edits > 0 && length == 0 {
		return math.Inf(1)
	}
	return ratio(edits, length)
}

// SentenceRate is the share of sentences with a mistake.
func (m *ErrorRate) SentenceRate() float64 { return ratio(m.Wrong, m.Sentences) }
