package keras

import (
	"encoding/json"
	"slices"

	"github.com/pkg/errors"
)

// reference is a tensor of a functional model: result number tensor of a call of a layer.
type reference struct {
	layer        string
	call, tensor int
}

// invocation is a call of a layer, before it has its place in the order.
type invocation struct {
	layer   int
	call    int
	in      []reference
	named   map[string]reference
	numbers []float64 // among the arguments
	set     []string  // arguments by keyword that are no tensors
}

// maxResults is how many values of a call there is room for: an LSTM of two directions gives five with its states.
const maxResults = 8

// maxLayers is how many layers a functional model may have, and calls of them: putting them in order takes the square.
const maxLayers = 4096

// sequential reads a model whose layers follow each other.
func (r *parser) sequential(o object) (*body, error) {
	var config struct {
		Layers []object `json:"layers"`
		Shape  []any    `json:"build_input_shape"`
	}
	if json.Unmarshal(o.Config, &config.Layers) != nil { // a list, before Keras 2.2.3
		if err := json.Unmarshal(o.Config, &config); err != nil {
			return nil, errors.Wrap(err, "the configuration of a Sequential model")
		}
	}
	b := &body{}
	at := -1
	for i, item := range config.Layers {
		l, err := r.layer(item)
		if err != nil {
			return nil, err
		}
		b.layers = append(b.layers, l)
		if i == 0 {
			port := Port{Name: "input", Shape: shapeOf(l.config, config.Shape, o.Build.Shape)}
			if l.class == "InputLayer" {
				port.Name = l.name
			}
			if l.operation.inner != nil && len(l.operation.inner.inputs) == 1 {
				port.Shape = l.operation.inner.inputs[0].Shape
			}
			b.inputs, b.values, at = []Port{port}, 1, 0
		}
		if l.class == "InputLayer" {
			continue
		}
		b.steps = append(b.steps, step{layer: i, in: []int{at}, first: b.values})
		at = b.values
		b.values += maxResults
	}
	if at < 1 {
		return nil, errors.New("a Sequential model without layers")
	}
	b.outputs, b.names = []int{at}, []string{b.layers[len(b.layers)-1].name}
	return b, nil
}

// shapeOf is the first of some shapes that is there: batch_shape of an InputLayer, batch_input_shape of any first layer in
// Keras 2, and what the model was built with. The size of the batch is open.
func shapeOf(config map[string]any, others ...[]any) []int {
	list, ok := config["batch_shape"].([]any)
	if !ok {
		list, _ = config["batch_input_shape"].([]any)
	}
	for _, o := range others {
		if list == nil {
			list = o
		}
	}
	if len(list) == 0 {
		return nil
	}
	shape := make([]int, len(list))
	for i, e := range list {
		v, ok := e.(float64)
		if shape[i] = int(v); !ok || i == 0 || v < 1 || v > most {
			shape[i] = -1
		}
	}
	return shape
}

// functional reads a model whose layers say where their inputs come from.
func (r *parser) functional(o object) (*body, error) {
	var config struct {
		Layers  []object        `json:"layers"`
		Inputs  json.RawMessage `json:"input_layers"`
		Outputs json.RawMessage `json:"output_layers"`
	}
	if err := json.Unmarshal(o.Config, &config); err != nil {
		return nil, errors.Wrap(err, "the configuration of a Functional model")
	}
	if len(config.Layers) > maxLayers {
		return nil, errors.Errorf("%d layers; want at most %d", len(config.Layers), maxLayers)
	}
	b := &body{}
	var calls []invocation
	index := map[string]int{}
	for i, item := range config.Layers {
		l, err := r.layer(item)
		if err != nil {
			return nil, err
		}
		if _, ok := index[l.name]; ok {
			return nil, errors.Errorf("two layers are called %q", l.name)
		}
		index[l.name] = i
		b.layers = append(b.layers, l)
		more, err := invocations(i, item.Inbound)
		if err != nil {
			return nil, errors.Wrapf(err, "layer %s", l.name)
		}
		for _, c := range more {
			for _, k := range c.set {
				l.settings(r).problem("it is called with %s, which is not supported", k)
			}
		}
		calls = append(calls, more...)
	}
	inputs, err := references(config.Inputs)
	if err != nil || len(inputs) == 0 {
		return nil, errors.Errorf("the model's input_layers are %s", brief(string(config.Inputs)))
	}
	outputs, err := references(config.Outputs)
	if err != nil || len(outputs) == 0 {
		return nil, errors.Errorf("the model's output_layers are %s", brief(string(config.Outputs)))
	}
	b.countFromZero(calls, append(slices.Clone(outputs), inputs...))
	for i := range outputs {
		outputs[i] = b.counted(outputs[i])
	}
	for i := range calls {
		for k := range calls[i].in {
			calls[i].in[k] = b.counted(calls[i].in[k])
		}
		for k, r := range calls[i].named {
			calls[i].named[k] = b.counted(r)
		}
	}
	places := map[reference]int{} // of the first value of each call
	for _, in := range inputs {
		i, ok := index[in.layer]
		if !ok || b.layers[i].class != "InputLayer" {
			return nil, errors.Errorf("the model's input %q is no InputLayer", in.layer)
		}
		places[reference{in.layer, in.call, 0}] = b.values
		b.values++
		b.inputs = append(b.inputs, Port{Name: in.layer, Shape: shapeOf(b.layers[i].config)})
	}
	if err := b.order(calls, places); err != nil {
		return nil, err
	}
	for _, out := range outputs {
		v, err := locate(places, out)
		if err != nil {
			return nil, err
		}
		b.outputs, b.names = append(b.outputs, v), append(b.names, out.layer)
	}
	return b, nil
}

// countFromZero finds the number of the first call of each model within the model: Keras 2 counts its building as call 0.
func (b *body) countFromZero(calls []invocation, more []reference) {
	b.firstCall = map[string]int{}
	for _, l := range b.layers {
		if l.operation.inner != nil {
			b.firstCall[l.name] = maxLayers
		}
	}
	note := func(r reference) {
		if n, ok := b.firstCall[r.layer]; ok {
			b.firstCall[r.layer] = min(n, r.call)
		}
	}
	for _, r := range more {
		note(r)
	}
	for _, c := range calls {
		for _, r := range c.in {
			note(r)
		}
		for _, r := range c.named {
			note(r)
		}
	}
}

// counted is a reference with calls counted from 0.
func (b *body) counted(r reference) reference {
	r.call -= b.firstCall[r.layer]
	return r
}

// locate is the number of a value.
func locate(places map[reference]int, r reference) (int, error) {
	first, ok := places[reference{r.layer, r.call, 0}]
	if !ok {
		return 0, errors.Errorf("nothing gives result %d of call %d of layer %q", r.tensor, r.call, r.layer)
	}
	if r.tensor < 0 || r.tensor >= maxResults {
		return 0, errors.Errorf("result %d of layer %q; want 0 to %d", r.tensor, r.layer, maxResults-1)
	}
	return first + r.tensor, nil
}

// order puts the calls behind those whose results they take.
func (b *body) order(calls []invocation, places map[reference]int) error {
	if len(calls) > maxLayers {
		return errors.Errorf("%d calls of layers; want at most %d", len(calls), maxLayers)
	}
	called := map[int]bool{}
	for len(calls) > 0 {
		var later []invocation
		for _, c := range calls {
			s := step{layer: c.layer, named: map[string]int{}, numbers: c.numbers, first: b.values, shared: called[c.layer]}
			ready := true
			for _, r := range c.in {
				v, err := locate(places, r)
				ready = ready && err == nil
				s.in = append(s.in, v)
			}
			for k, r := range c.named {
				v, err := locate(places, r)
				ready = ready && err == nil
				s.named[k] = v
			}
			if !ready {
				later = append(later, c)
				continue
			}
			places[reference{b.layers[c.layer].name, c.call, 0}] = b.values
			b.values += maxResults
			b.steps = append(b.steps, s)
			called[c.layer] = true
		}
		if len(later) == len(calls) {
			// A layer may have been called for another model, too: only what leads to an output matters, and that is checked.
			return nil
		}
		calls = later
	}
	return nil
}

// invocations reads inbound_nodes: one entry for each call of the layer.
func invocations(layer int, data json.RawMessage) ([]invocation, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, errors.Wrap(err, "inbound_nodes")
	}
	var out []invocation
	for i, entry := range list {
		c := invocation{layer: layer, call: i, named: map[string]reference{}}
		var node any
		if err := json.Unmarshal(entry, &node); err != nil {
			return nil, err
		}
		switch n := node.(type) {
		case []any:
			c.old(n)
		case map[string]any:
			c.in = append(c.in, tensors(n["args"], 0)...)
			args, _ := n["args"].([]any)
			for _, a := range args {
				if v, ok := a.(float64); ok {
					c.numbers = append(c.numbers, v)
				}
			}
			if m, ok := n["kwargs"].(map[string]any); ok {
				c.keywords(m)
			}
		}
		if len(c.in) == 0 && len(c.named) == 0 {
			return nil, errors.Errorf("call %d has no inputs: %s", i, brief(string(entry)))
		}
		out = append(out, c)
	}
	return out, nil
}

// old reads a call in the form of Keras 2: a list of [layer, call, result, keywords], or a single one of these.
func (c *invocation) old(list []any) {
	if r, ok := referenceOf(list); ok {
		c.in = append(c.in, r)
		if len(list) > 3 {
			if m, ok := list[3].(map[string]any); ok {
				c.keywords(m)
			}
		}
		return
	}
	for _, e := range list {
		if inner, ok := e.([]any); ok {
			c.old(inner)
		}
	}
}

// keywords reads tensors that are given by keyword. Those of initial_state follow the other inputs, as in Keras 2.
func (c *invocation) keywords(m map[string]any) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		found := tensors(m[k], 0)
		switch {
		case k == "initial_state":
			c.in = append(c.in, found...)
		case len(found) == 1:
			c.named[k] = found[0]
		case m[k] != nil && m[k] != false && k != "training":
			c.set = append(c.set, k)
		}
	}
}

// tensors finds the tensors in an argument.
func tensors(v any, depth int) []reference {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case []any:
		if r, ok := referenceOf(v); ok {
			return []reference{r}
		}
		var out []reference
		for _, e := range v {
			out = append(out, tensors(e, depth+1)...)
		}
		return out
	case map[string]any:
		if config, ok := v["config"].(map[string]any); ok && v["class_name"] == "__keras_tensor__" {
			if history, ok := config["keras_history"].([]any); ok {
				if r, ok := referenceOf(history); ok {
					return []reference{r}
				}
			}
		}
	}
	return nil
}

// referenceOf reads [layer, call, result].
func referenceOf(list []any) (reference, bool) {
	if len(list) < 3 {
		return reference{}, false
	}
	name, isName := list[0].(string)
	n := whole(list[1:3], 0)
	if !isName || n == nil {
		return reference{}, false
	}
	return reference{name, n[0], n[1]}, true
}

// references reads input_layers or output_layers: a list, or a single one.
func references(data json.RawMessage) ([]reference, error) {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return tensors(v, 0), nil
}
