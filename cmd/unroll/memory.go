package main

import (
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
)

// size is what a configuration does not tell of a network.
type size struct {
	tokens, classes int
	directions      int
	everyStep       bool // a prediction at every step, not one a sequence
}

// demand is what training takes, in numbers that may be beyond every whole one.
type demand struct {
	weights float64
	least   float64 // bytes of the weights, their gradients and the optimiser's state
	likely  float64 // bytes with what a batch takes, roughly
}

// demand estimates what training a network of this configuration takes.
func (c config) demand(s size) demand {
	gates := map[string]float64{"rnn": 1, "gru": 3, "lstm": 4}[c.Cell]
	hidden, ways, layers := float64(c.Hidden), float64(s.directions), float64(c.Layers)
	layer := func(input float64) float64 { return ways * gates * hidden * (input + hidden + 2) }
	weights := float64(s.tokens)*float64(c.Embed) + layer(float64(c.Embed)) + (layers-1)*layer(ways*hidden) + (ways*hidden+1)*float64(s.classes)
	copies := 2 + map[string]float64{"momentum": 1, "rmsprop": 1, "adagrad": 1, "adam": 2, "adamw": 2}[c.Optimizer]
	// A step keeps each gate, the state and the gradient of the pre-activations; the logits come with their gradient.
	step := float64(c.Embed) + layers*ways*hidden*(2*gates+2)
	if s.everyStep {
		step += 2 * float64(s.classes)
	}
	least := 4 * copies * weights
	return demand{weights, least, least + 4*step*float64(c.Seq)*float64(c.Batch)}
}

// memory is what this machine, or the part of it that the process may use, has; 0 where nobody tells.
type memory struct {
	all  float64 // bytes, with the swap space
	free float64
}

// enough refuses a network whose weights alone cannot be trained in the memory that there is, in place of dying of it,
// and warns of one that may not fit.
func (c config) enough(w io.Writer, s size, m memory) error {
	d := c.demand(s)
	sizes := fmt.Sprintf("--hidden %d, --layers %d, --embed %d, %s tokens", c.Hidden, c.Layers, c.Embed, thousands(s.tokens))
	switch {
	case d.weights > dense.MaxElements:
		return errors.Errorf("a network of %s weights is more than any machine can hold (%s)", rough(d.weights), sizes)
	case m.all > 0 && d.least > m.all:
		return errors.Errorf("a network of %s weights takes at least %sB to train with %s, and there are %sB in all (%s)",
			rough(d.weights), rough(d.least), c.Optimizer, rough(m.all), sizes)
	case m.free > 0 && d.likely > m.free:
		fmt.Fprintf(w, "Memory  training may take %sB; %sB are free\n", rough(d.likely), rough(m.free))
	}
	return nil
}

// rough writes a large number with a prefix of the SI: 1.6 G.
func rough(v float64) string {
	i := 0
	for v >= 999.5 && i < 6 {
		v /= 1000
		i++
	}
	digits := max(0, 2-int(math.Log10(max(v, 1))))
	return fmt.Sprintf("%.*f %s", digits, v, []string{"", "k", "M", "G", "T", "P", "E"}[i])
}
