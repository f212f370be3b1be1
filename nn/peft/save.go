package peft

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// Save writes the adapter of a model into a folder, which is made if need be. base says which model it belongs to: a name or a
// path, or nothing. With LoRA.Blocks, which PEFT does not have, it is written as one of the rank of all blocks together, whose
// B is zero between them: the same numbers are added to the weights. A dropout beside target_parameters, which PEFT refuses,
// is left out.
func Save(folder string, l nn.LoRA, p *graph.Params, base string) error {
	c, tensors, err := describe(l, p, base)
	if err != nil {
		return errors.Wrapf(err, "peft: write %s", folder)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return errors.Wrapf(err, "peft: write %s", folder)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return errors.Wrap(err, "peft")
	}
	if err := graph.WriteSafetensors(filepath.Join(folder, WeightsFile), tensors, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(folder, ConfigFile), append(text, '\n'))
}

// describe is what the two files hold.
func describe(l nn.LoRA, p *graph.Params, base string) (config, []graph.Named, error) {
	own, err := l.Parameters(p)
	if err != nil {
		return config{}, nil, err
	}
	var names, whole []string
	for _, parameter := range own {
		if name, ok := strings.CutSuffix(parameter, ownWhole); ok {
			whole = append(whole, name)
		} else if name, ok := strings.CutSuffix(parameter, ownA); ok {
			names = append(names, name)
		}
	}
	rank := l.Rank
	if l.Blocks != nil {
		on := slices.DeleteFunc(slices.Clone(l.Blocks), func(on bool) bool { return !on })
		rank *= len(on)
	}
	alpha := l.Scale() * float64(rank)
	if l.RankStabilized {
		alpha = l.Scale() * math.Sqrt(float64(rank))
	}
	c := config{
		Type: "LORA", Base: base, Rank: rank, Alpha: alpha, Dropout: l.Dropout, Stabilized: l.RankStabilized, Bias: noBias,
		Inference: true, Save: nil, Ranks: map[string]any{}, Alphas: map[string]any{}, Init: true, Parameters: []string{},
	}
	modules := []string{}
	for _, name := range names {
		if module, ok := strings.CutSuffix(name, weight); ok {
			modules = append(modules, module)
		} else if shape := p.Get(name).Shape(); len(shape) == 2 && strings.Contains(name, ".") {
			c.Parameters = append(c.Parameters, name)
		} else {
			return c, nil, errors.Errorf("%s, of shape %v, cannot be adapted in PEFT, which takes modules, and matrices that belong to one",
				name, shape)
		}
	}
	c.Modules = modules
	if err := c.saveWhole(whole, p); err != nil {
		return c, nil, err
	}
	if len(c.Parameters) > 0 {
		c.Dropout = 0
	}
	var out []graph.Named
	for _, name := range names {
		a, b := p.Get(name+ownA), p.Get(name+ownB)
		if a == nil || b == nil {
			return c, nil, errors.Errorf("%s has no adapter in the store", name)
		}
		pair, err := c.written(name, l, p)
		if err != nil {
			return c, nil, err
		}
		out = append(out, pair...)
	}
	for _, name := range whole {
		sum, err := c.sum(name, p)
		if err != nil {
			return c, nil, err
		}
		out = append(out, sum)
	}
	return c, out, nil
}

// written are the two matrices beside a weight, as PEFT has them.
func (c config) written(name string, l nn.LoRA, p *graph.Params) ([]graph.Named, error) {
	shape := p.Get(name).Shape()
	a := p.Get(name + ownA).Value()
	b := spread(p.Get(name+ownB).Value(), l, shape[0], c.Rank)
	module, ok := strings.CutSuffix(name, weight)
	if !ok {
		module = name[:strings.LastIndexByte(name, '.')]
		list := c.parameters(module, p)
		module += strings.Repeat(wrapped, len(list)-1-slices.Index(list, name))
		return []graph.Named{{Name: prefix + module + moduleA, Value: a}, {Name: prefix + module + moduleB, Value: b}}, nil
	}
	if slices.ContainsFunc(l.Tables, func(t string) bool { return nn.MatchWeight(t, name) }) {
		return []graph.Named{{Name: prefix + module + tableA, Value: turned(b)}, {Name: prefix + module + tableB, Value: turned(a)}}, nil
	}
	if len(shape) == 3 {
		a, b = a.Clone().(*tensor.Dense), b.Clone().(*tensor.Dense)
		if err := a.Reshape(c.Rank, shape[1], shape[2]); err != nil {
			return nil, err
		}
		if err := b.Reshape(shape[0], c.Rank, 1); err != nil {
			return nil, err
		}
	}
	return []graph.Named{{Name: prefix + module + moduleA, Value: a}, {Name: prefix + module + moduleB, Value: b}}, nil
}

// spread puts the blocks of B side by side, each in the rows of the weight that it changes, with zeros elsewhere: [out, rank].
func spread(b *tensor.Dense, l nn.LoRA, out, rank int) *tensor.Dense {
	if l.Blocks == nil {
		return b
	}
	values, rows := dense.Float64s(b), out/len(l.Blocks)
	wide := make([]float64, out*rank)
	next := 0
	for k, on := range l.Blocks {
		if !on {
			continue
		}
		for i := range rows {
			copy(wide[(k*rows+i)*rank+next*l.Rank:], values[(next*rows+i)*l.Rank:(next*rows+i+1)*l.Rank])
		}
		next++
	}
	v := dense.New(b.Dtype(), []int{out, rank})
	dense.Fill(v, func(i int) float64 { return wide[i] })
	return v
}

// turned is a matrix with rows and columns exchanged.
func turned(m *tensor.Dense) *tensor.Dense {
	values, rows, columns := dense.Float64s(m), m.Shape()[0], m.Shape()[1]
	v := dense.New(m.Dtype(), []int{columns, rows})
	dense.Fill(v, func(i int) float64 { return values[i%rows*columns+i/rows] })
	return v
}
