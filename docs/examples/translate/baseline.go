package main

// nearest is the baseline, a memory: the translation of the training sentence that shares the most words, by the Dice
// coefficient 2·|A ∩ B| / (|A| + |B|) of the sets of tokens; of several, the first.
func nearest(train []*sentence, tokens []string) *sentence {
	var best *sentence
	most := -1.0
	wanted := set(tokens)
	for _, s := range train {
		have := set(s.tokens)
		both := 0
		for w := range have {
			if wanted[w] {
				both++
			}
		}
		if d := 2 * float64(both) / float64(len(have)+len(wanted)); d > most {
			best, most = s, d
		}
	}
	return best
}

func set(tokens []string) map[string]bool {
	s := map[string]bool{}
	for _, t := range tokens {
		s[t] = true
	}
	return s
}
