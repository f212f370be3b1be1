package main

import (
	"math/rand/v2"
	"strings"
	"unicode"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"golang.org/x/text/unicode/norm"
)

// plain is a text without its marks, in small letters: what somebody types without a Vietnamese keyboard.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ':
			b.WriteByte('d')
		case r == 'Đ':
			b.WriteByte('D')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// load reads the lines of a text, in small letters, and cuts them, in an order that is always the same, into a part to
// train on, a twentieth to stop by, and a tenth to test.
func load(path string) (fit, check, test []string, err error) {
	corpus, err := datasets.ReadFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	var lines []string
	for line := range strings.SplitSeq(corpus.Text, "\n") {
		line = strings.Join(strings.Fields(strings.ToLower(line)), " ")
		if len([]rune(line)) != len([]rune(plain(line))) {
			return nil, nil, nil, errors.Errorf("%s: %q does not have one letter for each plain one", path, line)
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) < 100 {
		return nil, nil, nil, errors.Errorf("%s: %d lines; want 100 at least", path, len(lines))
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	n := len(lines)
	return lines[n/10+n/20:], lines[n/10 : n/10+n/20], lines[:n/10], nil
}

// habits are the baseline: how often each plain syllable stood for each marked one.
type habits map[string]map[string]int

func habitsOf(lines []string) habits {
	h := habits{}
	for _, line := range lines {
		for s := range strings.FieldsSeq(line) {
			p := plain(s)
			if h[p] == nil {
				h[p] = map[string]int{}
			}
			h[p][s]++
		}
	}
	return h
}

func (h habits) restore(line string) string {
	words := strings.Fields(line)
	for i, w := range words {
		most := 0
		for form, n := range h[w] {
			if n > most || n == most && form < words[i] {
				words[i], most = form, n
			}
		}
	}
	return strings.Join(words, " ")
}
