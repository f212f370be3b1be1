package models

import (
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// freeze has training leave the weights alone that Config.Freeze names.
func (c *core) freeze() error {
	if c.config.Tune.Rank > 0 {
		return c.config.Tune.lora().Freeze(c.params)
	}
	if len(c.config.Freeze) == 0 {
		return nil
	}
	var names []string
	for i := range c.params.Len() {
		names = append(names, c.params.At(i).Name())
	}
	left := len(names)
	for _, name := range names {
		frozen := slices.ContainsFunc(c.config.Freeze, func(pattern string) bool { return nn.MatchWeight(pattern, name) })
		if frozen {
			left--
		}
		if err := c.params.Get(name).Freeze(frozen); err != nil {
			return err
		}
	}
	for _, pattern := range c.config.Freeze {
		if !slices.ContainsFunc(names, func(name string) bool { return nn.MatchWeight(pattern, name) }) {
			return wrong("Freeze", "%q is the name of no weight; the model has %s", pattern, listed(names))
		}
	}
	if left == 0 {
		return wrong("Freeze", "%s; want something left to train: the model has %s", strings.Join(c.config.Freeze, ","), listed(names))
	}
	return nil
}

// checkFreeze refuses patterns that are none.
func (c Config) checkFreeze() error {
	for _, pattern := range c.Freeze {
		if err := nn.CheckPattern(pattern); err != nil {
			return wrong("Freeze", "%v", err)
		}
	}
	return nil
}

// Trains counts the weights of a store that training changes, and all of them; nil has none.
func Trains(p *graph.Params) (trained, all int) {
	if p == nil {
		return 0, 0
	}
	for i := range p.Len() {
		q := p.At(i)
		all += q.Len()
		if !q.Frozen() {
			trained += q.Len()
		}
	}
	return trained, all
}
