package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// opinions are texts with what they are: positive, negative, neutral, or whatever a file calls it.
type opinions struct {
	texts   []string
	labels  []int
	classes []string
}

// read reads lines of a label or a rating, a tab and a text; columns before these are passed over. Ratings from 0.5 are
// positive, up to -0.5 negative, others neutral.
func read(path string) (*opinions, error) {
	lines, err := datasets.PlainText{}.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lines.Close() }()
	o, names := &opinions{}, []string{}
	for lines.Next() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) < 2 {
			return nil, errors.Errorf("%s: line %d has no tab; want a label, a tab and a text", path, lines.Line())
		}
		o.texts = append(o.texts, fields[len(fields)-1])
		names = append(names, label(fields[len(fields)-2]))
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	o.classes = slices.Compact(slices.SortedFunc(slices.Values(names), cmp.Compare[string]))
	if len(o.classes) < 2 {
		return nil, errors.Errorf("%s: %d texts of %d classes; want two classes at least", path, len(o.texts), len(o.classes))
	}
	for _, name := range names {
		at, _ := slices.BinarySearch(o.classes, name)
		o.labels = append(o.labels, at)
	}
	return o, nil
}

func label(s string) string {
	rating, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return s
	case rating >= 0.5:
		return "positive"
	case rating <= -0.5:
		return "negative"
	}
	return "neutral"
}

// shuffle puts the texts into an order that the seed decides.
func (o *opinions) shuffle(seed uint64) {
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(o.texts), func(i, j int) {
		o.texts[i], o.texts[j] = o.texts[j], o.texts[i]
		o.labels[i], o.labels[j] = o.labels[j], o.labels[i]
	})
}
