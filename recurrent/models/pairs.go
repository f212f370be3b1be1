package models

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Pairs are texts with their translations: Targets[i] is that of Sources[i]. A source with several translations is there
// for each of them.
type Pairs struct {
	Sources, Targets []string
	// Name and Lines, if they are given, say where the pairs come from, for messages: the name of a file, and for each
	// pair its line.
	Name  string
	Lines []int
}

// Len is the number of pairs.
func (p Pairs) Len() int { return len(p.Sources) }

// Swapped are the pairs for the other direction.
func (p Pairs) Swapped() Pairs {
	p.Sources, p.Targets = p.Targets, p.Sources
	return p
}

// Pick is some of the pairs, by their numbers from 0 on; numbers that there are not are passed over.
func (p Pairs) Pick(at []int) Pairs {
	out := Pairs{Name: p.Name}
	for _, i := range at {
		if i < 0 || i >= min(len(p.Sources), len(p.Targets)) {
			continue
		}
		out.Sources, out.Targets = append(out.Sources, p.Sources[i]), append(out.Targets, p.Targets[i])
		if i < len(p.Lines) {
			out.Lines = append(out.Lines, p.Lines[i])
		}
	}
	return out
}

// Place says where a pair comes from.
func (p Pairs) Place(i int) string {
	if i >= 0 && i < len(p.Lines) {
		return fmt.Sprintf("%s, line %d", p.Name, p.Lines[i])
	}
	return fmt.Sprintf("pair %d", i)
}

// Split cuts the pairs into three parts: to train on, to stop by, and to test. Validation and test are the shares of the
// last two: 0.1 is a tenth, 0 is nothing, and what is more than nothing is one source at least. Sources that are the same
// but for their case and their blanks come into the same part, with all of their translations: nothing is tested that was
// trained on. The seed decides which they are.
func (p Pairs) Split(validation, test float64, seed uint64) (fit, valid, exam Pairs, err error) {
	if err := p.check(); err != nil {
		return fit, valid, exam, err
	}
	if !(validation >= 0 && test >= 0 && validation+test < 1) {
		return fit, valid, exam, errors.Errorf("models: Split: validation %g, test %g; want 0 or more, and below 1 together", validation, test)
	}
	groups := p.groups()
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	share := func(part float64) int {
		if part == 0 || len(groups) == 0 {
			return 0
		}
		return max(int(part*float64(len(groups))), 1)
	}
	a := min(share(test), len(groups))
	b := min(a+share(validation), len(groups))
	return p.pickAll(groups[b:]), p.pickAll(groups[a:b]), p.pickAll(groups[:a]), nil
}

// groups are the numbers of the pairs that have one source, in the order in which the sources first come up.
func (p Pairs) groups() [][]int {
	var out [][]int
	at := map[string]int{}
	for i, source := range p.Sources {
		key := strings.ToLower(strings.Join(strings.Fields(datasets.Normalize(source)), " "))
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key], out = n, append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

func (p Pairs) pickAll(groups [][]int) Pairs {
	var at []int
	for _, g := range groups {
		at = append(at, g...)
	}
	return p.Pick(at)
}

// check refuses lists of different lengths.
func (p Pairs) check() error {
	if len(p.Targets) != len(p.Sources) {
		return errors.Errorf("models: Pairs: %d sources, %d targets; want as many", len(p.Sources), len(p.Targets))
	}
	if p.Lines != nil && len(p.Lines) != len(p.Sources) {
		return errors.Errorf("models: Pairs: %d sources, %d lines; want as many", len(p.Sources), len(p.Lines))
	}
	return nil
}
