package keras

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/nn"
)

// Module writes a layer of package nn whose weights are in a scope: Embedding, Dense, Head, Conv1D, MaxPool1D, AvgPool1D,
// GlobalMaxPool, GlobalMeanPool, LayerNorm, BatchNorm, MultiHeadAttention, GELU, SiLU, Dropout and Residual.
func (b *Builder) Module(x Value, scope string, m nn.Module) Value {
	what := strings.TrimSpace(fmt.Sprintf("%T %s", m, scope))
	if !b.usable(what, x) {
		return Value{}
	}
	switch m := m.(type) {
	case nn.Embedding:
		return b.embedding(what, x, scope)
	case nn.Dense:
		return b.dense(what, x, scope, m.NoBias)
	case nn.Head:
		return b.dense(what, x, scope, m.NoBias)
	case nn.LayerNorm:
		return b.norm(x, scope, "LayerNormalization", m.NoAffine, m.NoAffine || m.NoBias, cmp.Or(m.Epsilon, 1e-5), 0)
	case nn.BatchNorm:
		return b.norm(x, scope, "BatchNormalization", m.NoAffine, m.NoAffine, cmp.Or(m.Epsilon, 1e-5), 1-cmp.Or(m.Momentum, 0.1))
	case nn.GELU:
		if m.Tanh {
			return b.problem("%s: with tanh; Keras's activation by name is the exact one", what)
		}
		return b.Activation(x, "gelu")
	case nn.SiLU:
		return b.Activation(x, "silu")
	case nn.Dropout:
		return b.dropout(x, scope, m.Rate)
	case nn.Residual:
		return b.Add(x, b.Module(x, scope, m.Module))
	case nn.MultiHeadAttention:
		return b.attention(what, x, scope, m)
	}
	if len(x.shape) != 3 {
		return b.problem("%s: an input of shape %v; want [batch, time, width]", what, x.shape)
	}
	switch m := m.(type) {
	case nn.Conv1D:
		return b.conv(what, x, scope, m)
	case nn.MaxPool1D:
		return b.pool(x, "MaxPooling1D", m.Size, cmp.Or(m.Stride, m.Size))
	case nn.AvgPool1D:
		return b.pool(x, "AveragePooling1D", m.Size, cmp.Or(m.Stride, m.Size))
	case nn.GlobalMaxPool:
		return b.add(b.layer("GlobalMaxPooling1D", "", map[string]any{}, []int{-1, x.shape[2]}, x))
	case nn.GlobalMeanPool:
		return b.add(b.layer("GlobalAveragePooling1D", "", map[string]any{}, []int{-1, x.shape[2]}, x))
	}
	return b.problem("%s: Keras has no layer like it", what)
}

// Activation is an element-wise function by its name in Keras: "tanh", "sigmoid", "relu", "softmax" and so on.
func (b *Builder) Activation(x Value, name string) Value {
	if !b.usable("Activation", x) {
		return Value{}
	}
	if activations[name] == nil && name != "softmax" {
		return b.problem("Activation: Keras has no %q, or it is not known here", name)
	}
	return b.add(b.layer("Activation", name, map[string]any{"activation": name}, x.shape, x))
}

// Add is the sum of values of one shape.
func (b *Builder) Add(x ...Value) Value { return b.join("Add", x, map[string]any{}) }

// Concat puts values next to each other, along the last axis.
func (b *Builder) Concat(x ...Value) Value {
	return b.join("Concatenate", x, map[string]any{"axis": -1})
}

func (b *Builder) join(class string, x []Value, config map[string]any) Value {
	if len(x) < 2 {
		return b.problem("%s: %d values; want two at least", class, len(x))
	}
	width := 0
	for _, v := range x {
		if !b.usable(class, v) {
			return Value{}
		}
		last := len(v.shape) - 1
		if len(v.shape) != len(x[0].shape) || class == "Add" && v.shape[last] != x[0].shape[last] {
			return b.problem("%s: values of shapes %v and %v", class, x[0].shape, v.shape)
		}
		width += v.shape[last]
	}
	shape := slices.Clone(x[0].shape)
	if class != "Add" {
		shape[len(shape)-1] = width
	}
	l := b.layer(class, "", config, shape, x...)
	l.listed = true
	return b.add(l)
}

// sizeOf is the shape of a parameter of a given rank; false with a problem.
func (b *Builder) sizeOf(what, scope, local string, rank int) ([]int, bool) {
	name := Layer{Scope: scope}.name(local)
	p := b.params.Get(name)
	if p == nil || len(p.Shape()) != rank {
		b.problem("%s: the store has no parameter %s of %d dimensions", what, name, rank)
		return nil, false
	}
	return p.Shape(), true
}

// wide is x's shape with another width.
func wide(x Value, width int) []int {
	shape := slices.Clone(x.shape)
	shape[len(shape)-1] = width
	return shape
}

func (b *Builder) embedding(what string, x Value, scope string) Value {
	s, ok := b.sizeOf(what, scope, "weight", 2)
	if !ok {
		return Value{}
	}
	config := map[string]any{"input_dim": s[0], "output_dim": s[1], "mask_zero": false}
	l := b.layer("Embedding", scope, config, append(slices.Clone(x.shape), s[1]), x)
	l.known = &Layer{Kind: Embedding, Scope: scope}
	return b.add(l)
}

func (b *Builder) dense(what string, x Value, scope string, noBias bool) Value {
	s, ok := b.sizeOf(what, scope, "weight", 2)
	if !ok {
		return Value{}
	}
	if width := x.shape[len(x.shape)-1]; width != s[1] {
		return b.problem("%s: a weight %v for an input %d wide", what, s, width)
	}
	config := map[string]any{"units": s[0], "activation": "linear", "use_bias": !noBias}
	l := b.layer("Dense", scope, config, wide(x, s[0]), x)
	l.known = &Layer{Kind: Dense, Scope: scope, NoBias: noBias}
	return b.add(l)
}

func (b *Builder) dropout(x Value, scope string, rate float64) Value {
	if rate == 0 {
		return x
	}
	l := b.layer("Dropout", scope, map[string]any{"rate": rate}, x.shape, x)
	l.arrays = func(w *writer, path string) error {
		return w.numbers(path+"/seed_generator/vars/0", []int{2}, []float64{0, 0})
	}
	return b.add(l)
}

func (b *Builder) pool(x Value, class string, size, stride int) Value {
	config := map[string]any{"pool_size": []int{size}, "strides": []int{stride}, "padding": "valid"}
	return b.add(b.layer(class, "", config, x.shape, x))
}

// norm writes a normalisation of the last axis.
func (b *Builder) norm(x Value, scope, class string, noScale, noCenter bool, epsilon, momentum float64) Value {
	config := map[string]any{"axis": -1, "epsilon": epsilon, "scale": !noScale, "center": !noCenter}
	locals := []string{}
	if !noScale {
		locals = append(locals, "weight")
	}
	if !noCenter {
		locals = append(locals, "bias")
	}
	if class == "BatchNormalization" {
		config["momentum"] = momentum
		locals = append(locals, "running_mean", "running_var")
	}
	for _, local := range locals {
		if _, ok := b.sizeOf(class, scope, local, 1); !ok {
			return Value{}
		}
	}
	l := b.layer(class, scope, config, x.shape, x)
	l.arrays = func(w *writer, path string) error {
		for i, local := range locals {
			t, err := w.param(Layer{Scope: scope}.name(local), 1)
			if err == nil {
				err = w.put(path+"/vars/"+itoa(i), t, same(t.Shape()))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return b.add(l)
}

// conv writes a convolution. Keras's kernel is [K, C, C'], ours [C', C, K].
func (b *Builder) conv(what string, x Value, scope string, m nn.Conv1D) Value {
	if m.WeightNorm {
		return b.problem("%s: weight normalisation; Keras has no layer like it", what)
	}
	s, ok := b.sizeOf(what, scope, "weight", 3)
	if !ok {
		return Value{}
	}
	if m.Pad > 0 && m.Padding == nn.PadNumber {
		x = b.add(b.layer("ZeroPadding1D", "", map[string]any{"padding": []int{m.Pad, m.Pad}}, x.shape, x))
	}
	padding := map[nn.Padding]string{nn.PadNumber: "valid", nn.PadSame: "same", nn.PadCausal: "causal"}[m.Padding]
	config := map[string]any{"filters": s[0], "kernel_size": []int{s[2]}, "strides": []int{max(m.Stride, 1)}, "padding": padding,
		"dilation_rate": []int{max(m.Dilation, 1)}, "activation": "linear", "use_bias": !m.NoBias}
	l := b.layer("Conv1D", scope, config, wide(x, s[0]), x)
	l.arrays = func(w *writer, path string) error {
		t, err := w.param(Layer{Scope: scope}.name("weight"), 3)
		if err != nil {
			return err
		}
		out, in, taps := s[0], s[1], s[2]
		err = w.put(path+"/vars/0", t, place{s, []int{taps, in, out}, func(i int) int {
			o, c, k := i/(in*taps), i/taps%in, i%taps
			return (k*in+c)*out + o
		}})
		if err != nil || m.NoBias {
			return err
		}
		if t, err = w.param(Layer{Scope: scope}.name("bias"), 1); err != nil {
			return err
		}
		return w.put(path+"/vars/1", t, same([]int{out}))
	}
	return b.add(l)
}

// attention writes self-attention. Keras has a matrix for each of queries, keys and values, [E, H, D], and one for the
// output, [H, D, E].
func (b *Builder) attention(what string, x Value, scope string, m nn.MultiHeadAttention) Value {
	if m.Causal {
		return b.problem("%s: Causal, which Keras has as an argument of a call", what)
	}
	s, ok := b.sizeOf(what, scope, "in_proj_weight", 2)
	if !ok || len(x.shape) != 3 {
		return Value{}
	}
	width := s[1]
	each := width / max(m.Heads, 1)
	config := map[string]any{"num_heads": m.Heads, "key_dim": each, "value_dim": each, "dropout": m.Dropout, "use_bias": !m.NoBias}
	l := b.layer("MultiHeadAttention", scope, config, x.shape, x, x)
	l.arrays = func(w *writer, path string) error { return w.attention(path, scope, m.Heads, width, m.NoBias) }
	return b.add(l)
}

// attention writes the arrays of a MultiHeadAttention.
func (w *writer) attention(path, scope string, heads, width int, noBias bool) error {
	name := func(local string) string { return Layer{Scope: scope}.name(local) }
	matrix, err := w.param(name("in_proj_weight"), 2)
	if err != nil {
		return err
	}
	var bias []float64
	if !noBias {
		t, err := w.param(name("in_proj_bias"), 1)
		if err != nil {
			return err
		}
		bias = floats(t)
	}
	all, each := floats(matrix), width/heads
	for p, part := range []string{"query", "key", "value"} {
		at := path + "/" + part + "_dense/vars/"
		turned := transposed(all[p*width*width:(p+1)*width*width], width)
		if err := w.numbers(at+"0", []int{width, heads, each}, turned); err != nil {
			return err
		}
		if !noBias {
			if err := w.numbers(at+"1", []int{heads, each}, bias[p*width:(p+1)*width]); err != nil {
				return err
			}
		}
	}
	out, err := w.param(name("out_proj.weight"), 2)
	if err != nil {
		return err
	}
	at := path + "/output_dense/vars/"
	if err := w.numbers(at+"0", []int{heads, each, width}, transposed(floats(out), width)); err != nil || noBias {
		return err
	}
	t, err := w.param(name("out_proj.bias"), 1)
	if err != nil {
		return err
	}
	return w.numbers(at+"1", []int{width}, floats(t))
}

// transposed turns a square matrix round.
func transposed(x []float64, n int) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i%n*n+i/n] = x[i]
	}
	return out
}
