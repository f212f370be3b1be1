package keras

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
	"gorgonia.org/tensor"
)

// writer collects the arrays of a file.
type writer struct {
	params *graph.Params
	out    []hdf5.Dataset
}

func (w *writer) layer(l Layer) error {
	if err := l.check(); err != nil {
		return err
	}
	if _, ok := gateOrder[l.Kind]; ok {
		for _, d := range l.directions() {
			if err := w.cell(l, d); err != nil {
				return err
			}
		}
		return nil
	}
	weight, err := w.param(l.name("weight"), 2)
	if err != nil {
		return err
	}
	if l.Kind == Embedding {
		return w.put(l.Path+"/vars/0", weight, same(weight.Shape()))
	}
	units := weight.Shape()[0]
	if err := w.put(l.Path+"/vars/0", weight, kernel([]int{0}, units, weight.Shape()[1])); err != nil {
		return err
	}
	if l.NoBias {
		if w.params.Get(l.name("bias")) != nil {
			return errors.Errorf("NoBias, but the store has the parameter %s", l.name("bias"))
		}
		return nil
	}
	b, err := w.param(l.name("bias"), 1)
	if err != nil {
		return err
	}
	return w.put(l.Path+"/vars/1", b, same([]int{units}))
}

// param gives a parameter of a given rank.
func (w *writer) param(name string, rank int) (*tensor.Dense, error) {
	p := w.params.Get(name)
	switch {
	case p == nil:
		return nil, errors.Errorf("the store has no parameter %s", name)
	case len(p.Shape()) != rank:
		return nil, errors.Errorf("parameter %s has shape %v; want %d dimensions", name, p.Shape(), rank)
	}
	return weights.Of(p), nil
}

// put adds an array with one parameter in it, or with two rows of one parameter each.
func (w *writer) put(path string, t *tensor.Dense, p place) error {
	d := hdf5.Dataset{Path: path, Shape: p.theirs, Bits: 32, Data: make([]float64, product(p.theirs))}
	if w.params.Dtype() == tensor.Float64 {
		d.Bits = 64
	}
	w.out = append(w.out, d)
	return w.fill(t, p)
}

// numbers adds an array of numbers that are in Keras's order.
func (w *writer) numbers(path string, shape []int, v []float64) error {
	d := hdf5.Dataset{Path: path, Shape: shape, Bits: 32, Data: v}
	if w.params.Dtype() == tensor.Float64 {
		d.Bits = 64
	}
	w.out = append(w.out, d)
	return nil
}

// fill writes a parameter into its place in the last array.
func (w *writer) fill(t *tensor.Dense, p place) error {
	d := &w.out[len(w.out)-1]
	if !slices.Equal(t.Shape(), p.ours) {
		return errors.Errorf("a parameter for %s has shape %v; want %v", d.Path, []int(t.Shape()), p.ours)
	}
	for i, v := range floats(t) {
		d.Data[p.at(i)] = v
	}
	return nil
}

// cell writes one direction of a recurrent layer.
func (w *writer) cell(l Layer, d direction) error {
	order := gateOrder[l.Kind]
	var t [4]*tensor.Dense
	for i, local := range []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"} {
		var err error
		if t[i], err = w.param(l.name(local+d.suffix), 2-i/2); err != nil {
			return err
		}
	}
	ih, hh, bih, bhh := t[0], t[1], t[2], t[3]
	H := hh.Shape()[1]
	if err := w.put(d.cell+"0", ih, kernel(order, H, ih.Shape()[1])); err != nil {
		return err
	}
	if err := w.put(d.cell+"1", hh, kernel(order, H, H)); err != nil {
		return err
	}
	for _, b := range t[2:] {
		if want := len(order) * H; b.Shape()[0] != want {
			return errors.Errorf("a bias of %s has %d elements; want %d", l.Scope, b.Shape()[0], want)
		}
	}
	switch {
	case l.NoBias:
		for _, v := range slices.Concat(floats(bih), floats(bhh)) {
			if v != 0 {
				return errors.Errorf("NoBias, but a bias of %s has an element of %g", l.Scope, v)
			}
		}
		return nil
	case l.twoRows():
		if err := w.put(d.cell+"2", bih, bias(order, H, 0, 2)); err != nil {
			return err
		}
		return w.fill(bhh, bias(order, H, 1, 2))
	}
	sum := dense(w.params.Dtype(), added(bih, bhh), bih.Shape())
	if err := w.put(d.cell+"2", sum, bias(order, H, 0, 1)); err != nil {
		return err
	}
	if err := w.put(l.keptPath("bias_ih"+d.suffix), bih, same(bih.Shape())); err != nil {
		return err
	}
	return w.put(l.keptPath("bias_hh"+d.suffix), bhh, same(bhh.Shape()))
}
