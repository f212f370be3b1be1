package modules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// parser makes a network of a description, and collects all that is wrong with it.
type parser struct {
	problems []string
	known    map[string]bool // names of values
	tensors  map[string]*tensor.Dense
	order    []string
	used     map[string]bool // names of tensors
	taken    []graph.Named   // by the names that the store has
	added    map[string]bool // those names
}

func newParser(tensors []graph.Named) *parser {
	p := &parser{known: map[string]bool{}, tensors: map[string]*tensor.Dense{}, used: map[string]bool{}, added: map[string]bool{}}
	for _, t := range tensors {
		p.order = append(p.order, t.Name)
		if dense.Empty(t.Value) {
			continue // nothing is computed from it
		}
		if err := checkTensor(t.Value); err != nil {
			p.problem("tensor %s: %v", t.Name, err)
			continue
		}
		p.tensors[t.Name] = t.Value
	}
	return p
}

func checkTensor(t *tensor.Dense) error {
	return dense.Check(t, tensor.Float32, tensor.Float64, tensor.Int)
}

func (p *parser) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// unused are the tensors that no layer took.
func (p *parser) unused() []string {
	var out []string
	for _, name := range p.order {
		if !p.used[name] && !strings.HasSuffix(name, "num_batches_tracked") {
			out = append(out, name)
		}
	}
	return out
}

// settings are what a description says about a layer.
type settings struct {
	*parser
	layer  string
	values map[string]any
	used   map[string]bool
}

func (s *settings) problem(format string, args ...any) {
	s.parser.problem("layer %s: "+format, append([]any{s.layer}, args...)...)
}

// finish refuses settings that the module does not have.
func (s *settings) finish() {
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if !s.used[key] {
			s.problem("%s has no setting %q here", s.values["module"], key)
		}
	}
}

func (s *settings) get(key string) any {
	s.used[key] = true
	return s.values[key]
}

func (s *settings) text(key, otherwise string) string { return typed(s, key, otherwise, "a text") }

func (s *settings) truth(key string, otherwise bool) bool {
	return typed(s, key, otherwise, "true or false")
}

func (s *settings) float(key string, otherwise float64) float64 {
	return typed(s, key, otherwise, "a number")
}

// typed is a setting of a type, which messages call kind.
func typed[T any](s *settings, key string, otherwise T, kind string) T {
	if v, ok := s.get(key).(T); ok {
		return v
	}
	if s.values[key] != nil {
		s.problem("%s is %v; want %s", key, s.values[key], kind)
	}
	return otherwise
}

// farthest is the largest whole number of a setting.
const farthest = 1 << 28

func (s *settings) whole(key string, otherwise int) int {
	return s.toInt(key, s.float(key, float64(otherwise)))
}

// must is whole for a setting that has no default.
func (s *settings) must(key string) int {
	if s.values[key] == nil {
		s.problem("it lacks the setting %q", key)
	}
	return s.whole(key, 0)
}

func (s *settings) toInt(key string, v float64) int {
	if v != math.Trunc(v) || math.Abs(v) > farthest {
		s.problem("%s is %g; want a whole number up to %d", key, v, farthest)
		return 0
	}
	return int(v)
}

// wholes is a list of n numbers, or one for all of them; n is 0 for any number of them.
func (s *settings) wholes(key string, n, otherwise int) []int {
	switch v := s.get(key).(type) {
	case nil:
		return slices.Repeat([]int{otherwise}, n)
	case float64:
		return slices.Repeat([]int{s.toInt(key, v)}, max(n, 1))
	case []any:
		var out []int
		for _, e := range v {
			f, ok := e.(float64)
			if !ok {
				s.problem("%s is %v; want whole numbers", key, v)
				return slices.Repeat([]int{otherwise}, n)
			}
			out = append(out, s.toInt(key, f))
		}
		if n == 0 || len(out) == n {
			return out
		}
	}
	s.problem("%s is %v; want a whole number or %d of them", key, s.values[key], n)
	return slices.Repeat([]int{otherwise}, n)
}

// source hands a layer the tensors below a name.
type source struct {
	*parser
	scope, layer string
	err          bool
}

func (p *parser) below(scope, layer string) *source {
	return &source{parser: p, scope: scope, layer: layer}
}

// full is a tensor's full name.
func (s *source) full(local string) string {
	if s.scope == "" || s.scope == "." {
		return local
	}
	return s.scope + "." + local
}

// find looks a tensor up. Those of single cells have no number of a layer, those of newer weight normalisation are originals
// of a parametrisation.
func (s *source) find(local string) (name string, t *tensor.Dense) {
	names := []string{s.full(local)}
	if cell, ok := strings.CutSuffix(local, "_l0"); ok {
		names = append(names, s.full(cell))
	}
	switch local {
	case "weight_g":
		names = append(names, s.full("parametrizations.weight.original0"))
	case "weight_v":
		names = append(names, s.full("parametrizations.weight.original1"))
	}
	for _, name := range names {
		if t := s.tensors[name]; t != nil {
			return name, t
		}
	}
	return names[0], nil
}

func (s *source) has(local string) bool {
	_, t := s.find(local)
	return t != nil
}

// take gives the layer a weight, whose shape must have so many axes; -1 is any length. It returns the shape.
func (s *source) take(local string, shape ...int) []int {
	name, t := s.find(local)
	if t == nil {
		s.problem("layer %s: the file has no %s", s.layer, name)
		s.err = true
		return slices.Repeat([]int{1}, len(shape))
	}
	found := []int(t.Shape())
	fits := len(found) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = found[i] > 0 && (shape[i] < 0 || shape[i] == found[i])
	}
	if !fits {
		s.problem("layer %s: %s has shape %v; want %v", s.layer, name, found, shape)
		s.err = true
		return slices.Repeat([]int{1}, len(shape))
	}
	s.used[name] = true
	s.add(local, t)
	return slices.Clone(found)
}

// zeros gives the layer a weight of zeros, for a module without biases.
func (s *source) zeros(local string, n int) {
	s.add(local, graph.Floats(make([]float32, n), n))
}

func (s *source) add(local string, t *tensor.Dense) {
	if full := s.full(local); !s.added[full] {
		s.added[full] = true
		s.taken = append(s.taken, graph.Named{Name: full, Value: t})
	}
}
