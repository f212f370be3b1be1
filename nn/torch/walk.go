package torch

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/torch/internal/pickle"
)

const (
	// maxDepth is how deep values may stand in one another.
	maxDepth = 200
	// maxSteps is the most values that a file may have, each counted as often as it is found, with the lengths of their
	// names: pickles can make values that stand in one another a number of times that doubles with every level.
	maxSteps = 64 << 20
)

// walker goes through a file's values, and gives every tensor the name that its keys make.
type walker struct {
	names    []string
	arrays   []*array
	plain    map[string]string // values that are no tensors, as JSON
	states   []string          // where the state dicts are
	strange  []string          // what cannot be read
	seen     map[string]bool
	above    map[any]bool // the values that the one being walked stands in
	steps    int
	maxSteps int
}

// place is where a value stands.
type place struct {
	name    string
	depth   int
	inside  bool // a state dict
	counted bool // below a list, or keys that are numbers, as in the state of an optimiser
}

func (p place) below(key string) place {
	if p.name != "" {
		key = p.name + "." + key
	}
	p.name = strings.ToValidUTF8(key, "\ufffd")
	p.depth++
	return p
}

// walk collects the tensors in a value. If it has none, it returns the value as JSON would have it.
func (w *walker) walk(at place, v any) (plain any, tensors bool, err error) {
	if w.steps += 64 + len(at.name); at.depth > maxDepth || w.steps > w.maxSteps {
		return nil, false, errors.Errorf("values stand in one another too deeply or too often, at %.80q", at.name)
	}
	switch v := v.(type) {
	case *array:
		if w.seen[at.name] {
			return nil, false, errors.Errorf("two tensors are called %.80q", at.name)
		}
		w.seen[at.name] = true
		if v.foreign != "" {
			w.strange = append(w.strange, fmt.Sprintf("%s is %s", at.name, v.foreign))
		}
		w.names, w.arrays = append(w.names, at.name), append(w.arrays, v)
		return nil, true, nil
	case *storage:
		w.strange = append(w.strange, fmt.Sprintf("%s is a storage without a shape", at.name))
		return nil, true, nil
	case *pickle.Dict, *pickle.Object, *pickle.List:
		if w.above[v] { // it stands in itself, as settings do that know what they are part of
			return "...", false, nil
		}
		w.above[v] = true
		defer delete(w.above, v)
		return w.holder(at, v)
	case pickle.Tuple:
		return w.list(at, v)
	}
	return w.value(v), false, nil
}

// holder walks a value that holds others and may be one of those.
func (w *walker) holder(at place, v any) (plain any, tensors bool, err error) {
	switch v := v.(type) {
	case *pickle.Dict:
		return w.dict(at, v.Pairs)
	case *pickle.Object:
		return w.object(at, v)
	case *pickle.List:
		return w.list(at, v.Items)
	}
	return nil, false, nil
}

// value is a value that holds no others, as JSON has it.
func (w *walker) value(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return v
	case nil, bool, int64:
		return v
	case string:
		w.steps += len(v)
		return v
	case []byte:
		w.steps += len(v)
		return v
	case *big.Int:
		w.steps += v.BitLen()
		return v
	case pickle.Global:
		return v.String()
	}
	return nil
}

// dict walks the values of a dict.
func (w *walker) dict(at place, pairs []pickle.Pair) (plain any, tensors bool, err error) {
	if !at.inside && !at.counted && holdsTensors(pairs) {
		at.inside = true
		w.states = append(w.states, at.name)
	}
	last := map[string]any{}
	var order []string
	for _, p := range pairs {
		key, text := p.Name()
		if !text {
			key = "\x00" + key // a number is another key than its digits
		}
		if w.steps += len(key); w.steps > w.maxSteps {
			break // walk says so
		}
		if _, twice := last[key]; !twice {
			order = append(order, key)
		}
		last[key] = p.Value
	}
	all := map[string]any{}
	for _, key := range order {
		name, number := strings.CutPrefix(key, "\x00")
		to := at.below(name)
		to.counted = at.counted || number
		if err := w.child(to, name, last[key], all, &tensors); err != nil {
			return nil, false, err
		}
	}
	if tensors {
		return nil, true, w.keep(at, all)
	}
	return all, false, nil
}

// list walks the items of a list.
func (w *walker) list(at place, items []any) (plain any, tensors bool, err error) {
	at.counted = true
	all, list := map[string]any{}, make([]any, len(items))
	for i, item := range items {
		key := strconv.Itoa(i)
		if err := w.child(at.below(key), key, item, all, &tensors); err != nil {
			return nil, false, err
		}
		list[i] = all[key]
	}
	if tensors {
		return nil, true, w.keep(at, all)
	}
	return list, false, nil
}

// child walks a value of a dict or a list: what is plain is put into all, and tensors set if there are any.
func (w *walker) child(to place, key string, v any, all map[string]any, tensors *bool) error {
	plain, has, err := w.walk(to, v)
	if has {
		*tensors = true
	} else if err == nil {
		all[key] = plain
	}
	return err
}

// keep keeps the plain values that stand beside tensors.
func (w *walker) keep(at place, all map[string]any) error {
	for key, v := range all {
		text, ok := v.(string)
		if !ok {
			raw, err := json.Marshal(v)
			if err != nil {
				return errors.Wrap(err, at.below(key).name)
			}
			text = string(raw)
		}
		w.plain[at.below(key).name] = text
	}
	return nil
}

// holdsTensors tells whether a dict has tensors under keys that are strings: a state dict.
func holdsTensors(pairs []pickle.Pair) bool {
	for _, p := range pairs {
		_, tensor := p.Value.(*array)
		if _, text := p.Key.(string); tensor && text {
			return true
		}
	}
	return false
}

// object walks what an object of some class was made of. A module has its parameters where PyTorch keeps them, or, in
// TorchScript, among its fields.
func (w *walker) object(at place, o *pickle.Object) (plain any, tensors bool, err error) {
	fields, _ := o.State.(*pickle.Dict)
	if t, ok := o.State.(pickle.Tuple); ok && len(t) == 2 { // of a class with slots
		fields, _ = t[0].(*pickle.Dict)
	}
	if fields == nil {
		fields = &pickle.Dict{}
	}
	top := !at.inside && !at.counted
	at.inside = true
	if modules, ok := fields.Get("_modules").(*pickle.Dict); ok {
		var parts []pickle.Pair
		for _, kind := range []string{"_parameters", "_buffers"} {
			if d, ok := fields.Get(kind).(*pickle.Dict); ok {
				parts = append(parts, withoutNone(d.Pairs)...)
			}
		}
		_, tensors, err = w.dict(at, append(parts, withoutNone(modules.Pairs)...))
		if top && tensors {
			w.states = append(w.states, at.name)
		}
		return w.class(o), tensors, err
	}
	var pairs []pickle.Pair
	for _, p := range append(slices.Clip(fields.Pairs), o.Dict...) {
		if p.Key != any("_flat_weights") { // a recurrent layer's list of the tensors that it has by name
			pairs = append(pairs, p)
		}
	}
	for kind, items := range map[string][]any{"args": o.Args, "items": o.List} {
		if len(items) > 0 {
			pairs = append(pairs, pickle.Pair{Key: kind, Value: &pickle.List{Items: items}})
		}
	}
	plain, tensors, err = w.dict(at, pairs)
	if all, ok := plain.(map[string]any); ok {
		all["__class__"] = w.class(o)
	}
	if top && tensors {
		w.states = append(w.states, at.name)
	}
	return plain, tensors, err
}

func (w *walker) class(o *pickle.Object) string {
	w.steps += len(o.Class.Name)
	return o.Class.String()
}

func withoutNone(pairs []pickle.Pair) []pickle.Pair {
	var out []pickle.Pair
	for _, p := range pairs {
		if p.Value != nil {
			out = append(out, p)
		}
	}
	return out
}

// describe says what a file's object is that has no tensors.
func describe(v any) string {
	switch v := v.(type) {
	case *pickle.Object:
		return "an object of class " + v.Class.String()
	case *pickle.Dict:
		return fmt.Sprintf("a dict of %d plain values", len(v.Pairs))
	case pickle.Global:
		return v.String()
	}
	return "a plain value"
}
