package main

import "strings"

// rules are the baseline: a letter with its neighbours is spoken as it is most often in the training words whose letters
// and phonemes are equally many, so that the n-th letter is the n-th phoneme.
type rules map[string]map[string]int

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

func learnRules(w words) rules {
	r := rules{}
	for n, letters := range w.letters {
		if len(letters) != len(w.phonemes[n]) {
			continue
		}
		for i, p := range w.phonemes[n] {
			for _, c := range contexts(letters, i) {
				if r[c] == nil {
					r[c] = map[string]int{}
				}
				r[c][p]++
			}
		}
	}
	return r
}

func (r rules) speak(letters []string) []string {
	var out []string
	for i := range letters {
		for _, c := range contexts(letters, i) {
			if p := likeliest(r[c]); p != "" {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

func likeliest(counts map[string]int) string {
	best := ""
	for p, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && p < best {
			best = p
		}
	}
	return best
}
