// Package peft reads and writes adapters as PEFT has them, Hugging Face's library for parameter-efficient fine-tuning: a folder
// with adapter_model.safetensors and adapter_config.json.
//
//	err := peft.Save("shakespeare-lora", lora, params, "kjv.safetensors")
//	lora, err := peft.Load("shakespeare-lora", params)
//
// A weight called "weight" is its module's: PEFT's target_modules has "head" for head.weight. All others are target_parameters,
// such as "lstm.weight_hh_l0"; PEFT wraps a module once for each of them, the first one innermost, and so are the names in a
// file: base_model.model.lstm.base_layer.lora_A.weight.
package peft

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn"
)

// Names of the files in a folder, and parts of the names of tensors.
const (
	WeightsFile = "adapter_model.safetensors"
	ConfigFile  = "adapter_config.json"

	prefix  = "base_model.model."
	wrapped = ".base_layer" // a module once more
	moduleA = ".lora_A.weight"
	moduleB = ".lora_B.weight"
	tableA  = ".lora_embedding_A"
	tableB  = ".lora_embedding_B"
	weight  = ".weight"
	ownA    = ".lora_A" // in a store, after the name of the weight
	ownB    = ".lora_B"

	noBias    = "none" // of the entry bias
	allBiases = "all"
	ownBiases = "lora_only" // of adapted modules
)

// config is what of adapter_config.json says something about numbers.
type config struct {
	Type       string         `json:"peft_type"`
	Base       string         `json:"base_model_name_or_path"`
	Rank       int            `json:"r"`
	Alpha      float64        `json:"lora_alpha"`
	Dropout    float64        `json:"lora_dropout"`
	Modules    any            `json:"target_modules"`
	Parameters []string       `json:"target_parameters"`
	Stabilized bool           `json:"use_rslora"`
	Bias       string         `json:"bias"`
	Inference  bool           `json:"inference_mode"`
	FanInOut   bool           `json:"fan_in_fan_out"`
	DoRA       bool           `json:"use_dora"`
	LoRABias   bool           `json:"lora_bias"`
	Save       []string       `json:"modules_to_save"`
	Ranks      map[string]any `json:"rank_pattern"`
	Alphas     map[string]any `json:"alpha_pattern"`
	Init       any            `json:"init_lora_weights"`
	Task       any            `json:"task_type"`
}

// check refuses adapters that are more than s·B·A beside weights, and weights that are trained whole.
func (c config) check() error {
	switch {
	case c.Type != "LORA":
		return errors.Errorf("peft_type %q; want \"LORA\"", c.Type)
	case c.Rank < 1:
		return errors.Errorf("r %d; want at least 1", c.Rank)
	case !(c.Alpha > 0) || math.IsInf(c.Alpha, 1):
		return errors.Errorf("lora_alpha %g; want a number above 0", c.Alpha)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return errors.Errorf("lora_dropout %g; want at least 0 and below 1", c.Dropout)
	case !slices.Contains([]string{noBias, allBiases, ownBiases}, c.Bias):
		return errors.Errorf("bias %q; want %q, %q or %q", c.Bias, noBias, allBiases, ownBiases)
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"use_dora", c.DoRA}, {"lora_bias", c.LoRABias}, {"fan_in_fan_out", c.FanInOut},
		{"rank_pattern", len(c.Ranks) > 0}, {"alpha_pattern", len(c.Alphas) > 0},
	} {
		if f.set {
			return errors.Errorf("%s is set, which this library does not have", f.name)
		}
	}
	return nil
}

// Load reads the adapter of a folder for the model whose weights are in a store, and adds its matrices to the store, or sets
// them where they are. The LoRA that it returns names the adapted weights one by one. After an error nothing has changed.
func Load(folder string, p *graph.Params) (nn.LoRA, error) {
	l, list, err := read(folder, p)
	if err != nil {
		return nn.LoRA{}, errors.Wrapf(err, "peft: read %s", folder)
	}
	return l, errors.Wrapf(p.SetAll(list), "peft: read %s", folder)
}

func read(folder string, p *graph.Params) (nn.LoRA, []graph.Named, error) {
	if p == nil {
		return nn.LoRA{}, nil, errors.New("there is no store of parameters")
	}
	var c config
	data, err := inputfile.Read(filepath.Join(folder, ConfigFile))
	if err != nil {
		return nn.LoRA{}, nil, err
	}
	c.Bias = noBias // unless it says otherwise
	if err := json.Unmarshal(data, &c); err != nil {
		return nn.LoRA{}, nil, errors.Wrap(err, ConfigFile)
	}
	if err := c.check(); err != nil {
		return nn.LoRA{}, nil, errors.Wrap(err, ConfigFile)
	}
	tensors, _, err := graph.ReadSafetensors(filepath.Join(folder, WeightsFile))
	if err != nil {
		return nn.LoRA{}, nil, err
	}
	l := nn.LoRA{Rank: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout, RankStabilized: c.Stabilized}
	var list []graph.Named
	for _, t := range tensors {
		if repeated(t.Name) {
			continue
		}
		if name, ok := c.whole(t.Name, p); ok {
			own, err := difference(t, name, p)
			if err != nil {
				return l, nil, err
			}
			list, l.Whole = append(list, own), append(l.Whole, name)
			continue
		}
		w, err := c.place(t.Name, p)
		if err != nil {
			return l, nil, err
		}
		own, err := w.from(t, c.Rank, p)
		if err != nil {
			return l, nil, err
		}
		list = append(list, own)
		if !slices.Contains(l.Targets, w.name) {
			l.Targets = append(l.Targets, w.name)
			if w.table {
				l.Tables = append(l.Tables, w.name)
			}
		}
	}
	if len(l.Targets) == 0 {
		return l, nil, errors.Errorf("%s has no tensors of LoRA", WeightsFile)
	}
	return l, list, paired(list)
}

// paired tells whether each adapted weight has both of its matrices.
func paired(list []graph.Named) error {
	for _, t := range list {
		other := t.Name
		if name, first := strings.CutSuffix(t.Name, ownA); first {
			other = name + ownB
		} else if name, second := strings.CutSuffix(t.Name, ownB); second {
			other = name + ownA
		}
		if !slices.ContainsFunc(list, func(o graph.Named) bool { return o.Name == other }) {
			return errors.Errorf("there is %s, and no %s", t.Name, other)
		}
	}
	return nil
}

// place is the matrix of an adapter that a tensor is.
type place struct {
	name  string // of the weight
	table bool   // of an embedding
	first bool   // it is A
}

// place finds the weight of a tensor.
func (c config) place(name string, p *graph.Params) (place, error) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return place{}, errors.Errorf("the tensor %s; want names that begin with %s", name, prefix)
	}
	for _, end := range []struct {
		text         string
		table, first bool
	}{{moduleA, false, true}, {moduleB, false, false}, {tableA, true, false}, {tableB, true, true}} {
		module, ok := strings.CutSuffix(rest, end.text)
		if !ok {
			continue
		}
		w := place{table: end.table, first: end.first}
		depth := 0
		for strings.HasSuffix(module, wrapped) {
			module, depth = module[:len(module)-len(wrapped)], depth+1
		}
		list := c.parameters(module, p)
		switch {
		case p.Get(module+weight) != nil && len(list) == 0:
			w.name = module + weight
		case depth < len(list):
			w.name = list[len(list)-1-depth]
		default:
			return place{}, errors.Errorf("the tensor %s is of the module %s; the model has %s", name, module, weightsOf(p))
		}
		return w, nil
	}
	return place{}, errors.Errorf("the tensor %s; want matrices of LoRA, whose names end in %s and %s, or %s and %s",
		name, moduleA, moduleB, tableA, tableB)
}

// parameters are the target_parameters of a module, in the order in which PEFT wraps it.
func (c config) parameters(module string, p *graph.Params) (out []string) {
	for i := range p.Len() {
		name := p.At(i).Name()
		if name[:max(strings.LastIndexByte(name, '.'), 0)] != module || nn.IsAdapter(name) {
			continue
		}
		if slices.ContainsFunc(c.Parameters, func(t string) bool { return name == t || strings.HasSuffix(name, "."+t) }) {
			out = append(out, name)
		}
	}
	return out
}

// weightsOf lists the names in a store, for a sentence.
func weightsOf(p *graph.Params) string {
	var names []string
	for i := range p.Len() {
		if name := p.At(i).Name(); !nn.IsAdapter(name) {
			names = append(names, name)
		}
	}
	if more := len(names) - 20; more > 0 {
		return strings.Join(names[:20], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// from is a tensor of PEFT's as the store has it: a matrix, of the store's type.
func (w place) from(t graph.Named, rank int, p *graph.Params) (graph.Named, error) {
	q := p.Get(w.name)
	shape := q.Shape()
	if len(shape) < 2 {
		return graph.Named{}, errors.Errorf("the tensor %s is beside %s, of shape %v; want a weight of two axes or more", t.Name, w.name, shape)
	}
	rows, columns, end := shape[0], rank, ownB
	if w.first {
		rows, columns, end = rank, q.Len()/shape[0], ownA
	}
	found := []int(t.Value.Shape())
	want := []int{rows, columns}
	switch {
	case w.table:
		want = []int{columns, rows}
	case len(shape) == 3 && w.first:
		want = []int{rank, shape[1], shape[2]}
	case len(shape) == 3:
		want = []int{rows, rank, 1}
	}
	if !slices.Equal(found, want) {
		return graph.Named{}, errors.Errorf("the tensor %s has the shape %v; want %v beside %s %v, with r %d",
			t.Name, found, want, w.name, shape, rank)
	}
	values := dense.Float64s(t.Value)
	out := dense.New(p.Dtype(), []int{rows, columns})
	dense.Fill(out, func(i int) float64 {
		if w.table {
			return values[i%columns*rows+i/columns]
		}
		return values[i]
	})
	return graph.Named{Name: w.name + end, Value: out}, nil
}
