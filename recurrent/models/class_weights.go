package models

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Balanced is the value of Config.ClassWeights with which all labels together count alike, however often each comes: that
// of a label which n of N examples have, of K labels, is N/(K·n), as scikit-learn's.
const Balanced = "balanced"

// explicitWeights are those that Config.ClassWeights names: nil for none, and for balanced ones.
func (c Config) explicitWeights() (map[string]float64, error) {
	if c.ClassWeights == "" || c.ClassWeights == Balanced {
		return nil, nil
	}
	out := map[string]float64{}
	for part := range strings.SplitSeq(c.ClassWeights, ",") {
		at := strings.LastIndexByte(part, '=')
		if at < 0 {
			return nil, wrong("ClassWeights", "%q; want none, balanced, or label=weight with commas between, such as spam=5,other=1", c.ClassWeights)
		}
		label, number := strings.TrimSpace(part[:at]), strings.TrimSpace(part[at+1:])
		w, err := strconv.ParseFloat(number, 64)
		if err != nil || !(w > 0) || math.IsInf(w, 0) {
			return nil, wrong("ClassWeights", "%q of the label %q; want a number above 0", number, label)
		}
		if _, twice := out[label]; twice {
			return nil, wrong("ClassWeights", "the label %q twice; want it once", label)
		}
		out[label] = w
	}
	return out, nil
}

// classWeights are the weights of labels in a loss, in their order; nil if all count alike. Count is how often each comes in
// what is trained on, for balanced weights; without it, those are not known yet, and nil.
func (c Config) classWeights(labels []string, count []int) ([]float64, error) {
	explicit, err := c.explicitWeights()
	if err != nil {
		return nil, err
	}
	for label := range explicit {
		if !slices.Contains(labels, label) {
			return nil, wrong("ClassWeights", "the label %q; want some of %s", label, listed(labels))
		}
	}
	if explicit == nil && (c.ClassWeights == "" || count == nil) {
		return nil, nil
	}
	out, all := slices.Repeat([]float64{1}, len(labels)), 0
	for _, n := range count {
		all += n
	}
	for i, label := range labels {
		if w, ok := explicit[label]; ok {
			out[i] = w
		} else if explicit == nil && count[i] > 0 {
			out[i] = float64(all) / float64(len(labels)*count[i])
		}
	}
	return out, nil
}
