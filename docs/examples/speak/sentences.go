package main

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// clause ends where a reader takes a breath.
var (
	clause = regexp.MustCompile(`[.,;:?!()]|\n\s*\n`)
	letter = regexp.MustCompile(`[^a-z' ]`)
)

// linesOf are the clauses of a text in small letters, blanks and apostrophes.
func linesOf(text string) []string {
	var out []string
	for _, part := range clause.Split(strings.ToLower(text), -1) {
		part = strings.ReplaceAll(part, "\n", " ")
		if line := strings.Join(strings.Fields(letter.ReplaceAllString(part, " ")), " "); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// Words of a sentence to say, so that it takes two to four seconds.
const fewest, most = 5, 9

// choose draws n different lines of the most frequent words.
func choose(lines []string, words, n int, seed uint64) ([]string, error) {
	counts := map[string]int{}
	for _, line := range lines {
		for w := range strings.FieldsSeq(line) {
			counts[w]++
		}
	}
	frequent := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	known := map[string]bool{}
	for _, w := range frequent[:min(words, len(frequent))] {
		known[w] = true
	}
	seen := map[string]bool{}
	var fit []string
	for _, line := range lines {
		w := strings.Fields(line)
		unknown := slices.ContainsFunc(w, func(w string) bool { return !known[w] })
		if len(w) >= fewest && len(w) <= most && !unknown && !seen[line] {
			seen[line] = true
			fit = append(fit, line)
		}
	}
	if len(fit) < n {
		return nil, errors.Errorf("%d sentences of %d words; want %d: take more -words, or fewer sentences", len(fit), words, n)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	rng.Shuffle(len(fit), func(i, j int) { fit[i], fit[j] = fit[j], fit[i] })
	return fit[:n], nil
}

// without are the lines that are not among others.
func without(lines, others []string) []string {
	held := map[string]bool{}
	for _, line := range others {
		held[line] = true
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return held[line] })
}
