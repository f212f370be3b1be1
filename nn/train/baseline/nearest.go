package baseline

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Nearest is a memory of sentences: the translation of a sentence is that of the training sentence which shares the most
// words, by the Dice coefficient 2·|A ∩ B| / (|A| + |B|) of the sets of words; of several, that of the first. Upper and
// lower case are the same.
type Nearest struct {
	targets []string
	words   []int            // of each source: how many different ones
	with    map[string][]int // the sources that have a word, in order
}

// NewNearest remembers pairs of sentences. Sources and targets must be as many, and one at least.
func NewNearest(sources, targets []string) (*Nearest, error) {
	if err := asMany(sources, targets); err != nil {
		return nil, err
	}
	n := &Nearest{targets: targets, words: make([]int, len(sources)), with: map[string][]int{}}
	for i, s := range sources {
		for w := range wordSet(s) {
			n.words[i]++
			n.with[w] = append(n.with[w], i)
		}
	}
	return n, nil
}

// Translate is the translation of the nearest sentence; that of the first one if none shares a word.
func (n *Nearest) Translate(source string) string {
	if n == nil || len(n.targets) == 0 {
		return ""
	}
	wanted := wordSet(source)
	shared := map[int]int{}
	for w := range wanted {
		for _, i := range n.with[w] {
			shared[i]++
		}
	}
	best, most := 0, 0.0
	for i, both := range shared {
		d := 2 * float64(both) / float64(n.words[i]+len(wanted))
		if d > most || d == most && i < best {
			best, most = i, d
		}
	}
	return n.targets[best]
}

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range datasets.CutWords(strings.ToLower(text)) {
		set[w] = true
	}
	return set
}

// asMany refuses lists that are no pairs.
func asMany(sources, targets []string) error {
	if len(sources) == 0 || len(sources) != len(targets) {
		return errors.Errorf("baseline: %d sources and %d targets; want as many, and one at least", len(sources), len(targets))
	}
	return nil
}
