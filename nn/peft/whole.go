package peft

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// ownWhole ends the name of a weight that is trained whole, in a store: what is added to it. PEFT's files have the sum.
const ownWhole = ".lora_delta"

// split cuts the name of a weight into its module and what is left.
func split(name string) (module, own string) {
	dot := strings.LastIndexByte(name, '.')
	return name[:max(dot, 0)], name[dot+1:]
}

// isBias tells what PEFT takes for a bias.
func isBias(name string) bool {
	_, own := split(name)
	return strings.Contains(own, "bias")
}

// repeated tells whether a tensor is in a file a second time: PEFT writes the biases of modules_to_save under three names.
func repeated(name string) bool {
	return strings.Contains(name, ".original_module.") || strings.Contains(name, ".modules_to_save.")
}

// whole is the weight that a tensor takes the place of, if it does: a bias, or a weight of modules_to_save.
func (c config) whole(tensor string, p *graph.Params) (string, bool) {
	rest, ok := strings.CutPrefix(tensor, prefix)
	name := strings.ReplaceAll(rest, wrapped, "")
	if !ok || p.Get(name) == nil || nn.IsAdapter(name) {
		return "", false
	}
	return name, c.saves(name) || c.Bias != noBias && isBias(name)
}

// saves tells whether a weight is of modules_to_save.
func (c config) saves(name string) bool {
	module, _ := split(name)
	return slices.ContainsFunc(c.Save, func(m string) bool { return module == m || strings.HasSuffix(module, "."+m) })
}

// difference is what a tensor adds to the weight that it takes the place of.
func difference(t graph.Named, name string, p *graph.Params) (graph.Named, error) {
	q := p.Get(name)
	if found := []int(t.Value.Shape()); !slices.Equal(found, q.Shape()) {
		return graph.Named{}, errors.Errorf("the tensor %s has the shape %v; want %v, that of %s", t.Name, found, q.Shape(), name)
	}
	return graph.Named{Name: name + ownWhole, Value: combined(q.Value(), t.Value, -1)}, nil
}

// combined is b + s·a, for s = ±1, of a's type.
func combined(a, b *tensor.Dense, s float64) *tensor.Dense {
	x, y := dense.Float64s(a), dense.Float64s(b)
	v := dense.New(a.Dtype(), a.Shape())
	dense.Fill(v, func(i int) float64 { return y[i] + float64(s*x[i]) })
	return v
}

// saveWhole says in the configuration which weights are trained whole. Biases may be alone; other weights bring their module.
func (c *config) saveWhole(names []string, p *graph.Params) error {
	for _, name := range names {
		module, _ := split(name)
		switch {
		case module == "":
			return errors.Errorf("%s is trained whole; PEFT takes weights that belong to a module", name)
		case isBias(name) || slices.Contains(c.Save, module):
			continue
		}
		for i := range p.Len() {
			other := p.At(i).Name()
			if m, _ := split(other); m == module && !nn.IsAdapter(other) && !slices.Contains(names, other) {
				return errors.Errorf("%s is trained whole, and %s is not; PEFT has all weights of a module, or its biases alone", name, other)
			}
		}
		c.Save = append(c.Save, module)
	}
	if slices.ContainsFunc(names, func(name string) bool { return !c.saves(name) }) {
		c.Bias = allBiases
	}
	return nil
}

// sum is a weight that is trained whole, as PEFT has it.
func (c config) sum(name string, p *graph.Params) (graph.Named, error) {
	delta := p.Get(name + ownWhole)
	if delta == nil {
		return graph.Named{}, errors.Errorf("%s has no adapter in the store", name)
	}
	module, own := split(name)
	depth := 0
	if modules, ok := c.Modules.([]string); ok && slices.Contains(modules, module) {
		depth = 1
	}
	depth += len(c.parameters(module, p))
	return graph.Named{
		Name:  prefix + module + strings.Repeat(wrapped, depth) + "." + own,
		Value: combined(p.Get(name).Value(), delta.Value(), 1),
	}, nil
}
