package keras

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	rnn "github.com/unroll-go/unroll/recurrent"
)

// Recurrent writes recurrent layers whose weights are in a scope: RNN, LSTM and GRU cells, alone, in a Stack, a Bidirectional or a
// Deep, with residual connections. It gives the outputs of all steps, [batch, time, H], or, with last, the last hidden
// state of the last layer, [batch, H], as recurrent.LastHidden.
func (b *Builder) Recurrent(x Value, scope string, l rnn.Layer, last bool) Value {
	what := strings.TrimSpace("Recurrent " + scope)
	if !b.usable(what, x) {
		return Value{}
	}
	if len(x.shape) != 3 {
		return b.problem("%s: an input of shape %v; want [batch, time, width]", what, x.shape)
	}
	w := &stack{Builder: b, what: what, scope: scope}
	return w.layer(x, l, last)
}

// mergeModes are what Keras calls the ways to merge two directions.
var mergeModes = map[rnn.Merge]string{
	rnn.MergeConcat: "concat", rnn.MergeSum: "sum", rnn.MergeAverage: "ave", rnn.MergeMultiply: "mul",
}

// stack writes layers that are numbered.
type stack struct {
	*Builder
	what, scope string
	index       int
}

func (w *stack) layer(x Value, l rnn.Layer, last bool) Value {
	switch l := l.(type) {
	case rnn.Unidirectional:
		return w.cells(x, l.Cell, last)
	case rnn.Bidirectional:
		mode, ok := mergeModes[l.Merge]
		if !ok || last && mode != "concat" {
			return w.problem("%s: the last states of two directions that are merged; Keras merges both alike", w.what)
		}
		return w.cell(x, l.Cell, last, mode)
	case rnn.Deep:
		if l.Highway {
			return w.problem("%s: highway connections; Keras has no layer like it", w.what)
		}
		for i, inner := range l.Layers {
			end := last && i == len(l.Layers)-1
			y := w.layer(x, inner, end)
			if l.Residual && !end && y.layer > 0 && y.shape[2] == x.shape[2] {
				y = w.Add(y, x)
			}
			if x = y; x.layer == 0 {
				return x
			}
		}
		return x
	}
	return w.problem("%s: %T; Keras has no layer like it", w.what, l)
}

// cells writes a cell, or those of a Stack one after the other.
func (w *stack) cells(x Value, c rnn.Cell, last bool) Value {
	s, ok := c.(rnn.Stack)
	if !ok {
		return w.cell(x, c, last, "")
	}
	for i, inner := range s.Cells {
		if x = w.cells(x, inner, last && i == len(s.Cells)-1); x.layer == 0 {
			return x
		}
	}
	return x
}

// cell writes one layer of one cell, in both directions if these are merged.
func (w *stack) cell(x Value, c rnn.Cell, last bool, merge string) Value {
	kind, config, lacks := kerasCell(c)
	if lacks != "" {
		w.index++
		return w.problem("%s: %s; Keras has no layer like it", w.what, lacks)
	}
	own := &Layer{Kind: kind, Scope: w.scope, Index: w.index, Bidirectional: merge != ""}
	own.ResetBefore = config["reset_after"] == false
	s, ok := w.sizeOf(w.what, w.scope, "weight_hh_l"+itoa(w.index), 2)
	w.index++
	if !ok {
		return Value{}
	}
	config["units"], config["return_sequences"] = s[1], !last
	width, class := s[1], string(kind)
	if merge != "" {
		inner := map[string]any{"name": fmt.Sprint(snake(class), "_", w.index), "dtype": w.dtype()}
		maps.Copy(inner, config)
		config = map[string]any{"merge_mode": merge, "layer": map[string]any{
			"module": "keras.layers", "class_name": class, "config": inner, "registered_name": nil}}
		class = "Bidirectional"
		if merge == "concat" {
			width *= 2
		}
	}
	shape := wide(x, width)
	if last {
		shape = slices.Delete(shape, 1, 2)
	}
	l := w.Builder.layer(class, w.scope, config, shape, x)
	l.known = own
	return w.add(l)
}

// kerasCell is a cell's class in Keras with its settings, or what Keras lacks.
func kerasCell(c rnn.Cell) (kind Kind, config map[string]any, lacks string) {
	config = map[string]any{"activation": "tanh", "use_bias": true}
	switch c := c.(type) {
	case rnn.RNN:
		if c.ReLU {
			config["activation"] = "relu"
		}
		return SimpleRNN, config, ""
	case rnn.LSTM:
		config["recurrent_activation"] = "sigmoid"
		for _, o := range []struct {
			there bool
			name  string
		}{
			{c.Projection != 0, "a projection"}, {c.Peepholes, "peepholes"}, {c.Coupled, "coupled gates"},
			{c.NoForget, "no forget gate"}, {c.LayerNorm, "layer normalisation"},
		} {
			if o.there {
				return "", nil, "an LSTM with " + o.name
			}
		}
		return LSTM, config, ""
	case rnn.GRU:
		config["recurrent_activation"], config["reset_after"] = "sigmoid", !c.ResetBefore
		if c.LayerNorm {
			return "", nil, "a GRU with layer normalisation"
		}
		return GRU, config, ""
	}
	return "", nil, fmt.Sprintf("the cell %T", c)
}
