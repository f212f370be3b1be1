package keras

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
	"gorgonia.org/tensor"
)

func itoa(i int) string { return strconv.Itoa(i) }

// reader collects parameters from a file.
type reader struct {
	file   *hdf5.File
	params *graph.Params
	used   map[string]bool
	found  []graph.Named
}

func (r *reader) layer(l Layer) error {
	if err := l.check(); err != nil {
		return err
	}
	var err error
	switch l.Kind {
	case Embedding:
		var table hdf5.Dataset
		if table, err = r.array(l.Path+"/vars/0", 2); err == nil {
			err = r.take(l.name("weight"), table, same(table.Shape))
		}
	case Dense:
		err = r.dense(l)
	default:
		for _, d := range l.directions() {
			if err = r.cell(l, d); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	for _, path := range r.file.Paths() {
		if strings.HasPrefix(path, l.Path+"/") && !r.used[path] && !strings.Contains(path, "/seed_generator/") {
			return errors.Errorf("its array %s has no place in %s", path, l.describe())
		}
	}
	return nil
}

// describe names the layer's kind and settings in messages.
func (l Layer) describe() string {
	s := string(l.Kind)
	if l.Bidirectional {
		s = "a bidirectional " + s
	}
	if l.NoBias {
		s += " without bias"
	}
	return s
}

// array reads an array of a given rank.
func (r *reader) array(path string, rank int) (hdf5.Dataset, error) {
	if !r.file.Has(path) {
		return hdf5.Dataset{}, errors.Errorf("the file has no %s; it has %s", path, some(r.file.Paths()))
	}
	d, err := r.file.Dataset(path)
	if err != nil {
		return d, err
	}
	if len(d.Shape) != rank || slices.Contains(d.Shape, 0) {
		return d, errors.Errorf("%s has shape %v; want %d dimensions of at least 1", path, d.Shape, rank)
	}
	if d.Bits == 64 && r.params.Dtype() == tensor.Float32 {
		return d, errors.Errorf("%s holds float64, the store float32; want one that NewParams64 made", path)
	}
	r.used[path] = true
	return d, nil
}

// some lists paths for a message.
func some(paths []string) string {
	const most = 20
	if len(paths) > most {
		return strings.Join(paths[:most], ", ") + " and " + itoa(len(paths)-most) + " more"
	}
	return strings.Join(paths, ", ")
}

// take finds a parameter in an array.
func (r *reader) take(name string, from hdf5.Dataset, p place) error {
	if !slices.Equal(from.Shape, p.theirs) {
		return errors.Errorf("%s has shape %v; want %v", from.Path, from.Shape, p.theirs)
	}
	data := make([]float64, len(from.Data))[:product(p.ours)]
	for i := range data {
		data[i] = from.Data[p.at(i)]
	}
	r.add(name, data, p.ours)
	return nil
}

func (r *reader) add(name string, data []float64, shape []int) {
	r.found = append(r.found, graph.Named{Name: name, Value: dense(r.params.Dtype(), data, shape)})
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (r *reader) dense(l Layer) error {
	k, err := r.array(l.Path+"/vars/0", 2)
	if err != nil {
		return err
	}
	units := k.Shape[1]
	if err := r.take(l.name("weight"), k, kernel([]int{0}, units, k.Shape[0])); err != nil || l.NoBias {
		return err
	}
	b, err := r.array(l.Path+"/vars/1", 1)
	if err != nil {
		return err
	}
	return r.take(l.name("bias"), b, same([]int{units}))
}

// cell reads one direction of a recurrent layer.
func (r *reader) cell(l Layer, d direction) error {
	order := gateOrder[l.Kind]
	ih, err := r.array(d.cell+"0", 2)
	if err != nil {
		return err
	}
	hh, err := r.array(d.cell+"1", 2)
	if err != nil {
		return err
	}
	H := hh.Shape[0]
	if err := r.take(l.name("weight_ih"+d.suffix), ih, kernel(order, H, ih.Shape[0])); err != nil {
		return err
	}
	if err := r.take(l.name("weight_hh"+d.suffix), hh, kernel(order, H, H)); err != nil {
		return err
	}
	nameIH, nameHH := "bias_ih"+d.suffix, "bias_hh"+d.suffix
	if l.NoBias {
		r.add(l.name(nameIH), make([]float64, len(order)*H), []int{len(order) * H})
		r.add(l.name(nameHH), make([]float64, len(order)*H), []int{len(order) * H})
		return nil
	}
	if l.twoRows() {
		b, err := r.array(d.cell+"2", 2)
		if err != nil {
			return errors.Wrap(err, "a GRU with reset_after, which ResetBefore is for the lack of")
		}
		if err := r.take(l.name(nameIH), b, bias(order, H, 0, 2)); err != nil {
			return err
		}
		return r.take(l.name(nameHH), b, bias(order, H, 1, 2))
	}
	b, err := r.array(d.cell+"2", 1)
	if err != nil {
		return err
	}
	if err := r.take(l.name(nameIH), b, bias(order, H, 0, 1)); err != nil {
		return err
	}
	r.split(l, nameIH, nameHH)
	return nil
}

// split completes Keras's one bias, which was just found, to two. It is those that Write kept in the file, or those in
// the store, if their sum is the bias; otherwise the bias and zeros.
func (r *reader) split(l Layer, nameIH, nameHH string) {
	at := len(r.found) - 1
	sum := r.found[at].Value
	fits := func(a, b *tensor.Dense) bool {
		return a != nil && b != nil && slices.Equal(a.Shape(), sum.Shape()) && slices.Equal(b.Shape(), sum.Shape()) &&
			slices.Equal(added(a, b), floats(sum))
	}
	kept := func(local string) *tensor.Dense {
		d, err := r.file.Dataset(l.keptPath(local))
		if err != nil || !slices.Equal(d.Shape, sum.Shape()) || d.Bits == 64 && r.params.Dtype() == tensor.Float32 {
			return nil
		}
		return dense(r.params.Dtype(), d.Data, d.Shape)
	}
	held := func(local string) *tensor.Dense {
		if p := r.params.Get(l.name(local)); p != nil {
			return p.Value()
		}
		return nil
	}
	for _, from := range []func(string) *tensor.Dense{kept, held} {
		if a, b := from(nameIH), from(nameHH); fits(a, b) {
			r.found[at].Value = a
			r.add(l.name(nameHH), floats(b), b.Shape())
			return
		}
	}
	r.add(l.name(nameHH), make([]float64, product(sum.Shape())), sum.Shape())
}

// added is a + b, rounded to the element type.
func added(a, b *tensor.Dense) []float64 {
	x, y := floats(a), floats(b)
	out := make([]float64, len(x))
	for i := range out {
		out[i] = x[i] + y[i]
		if a.Dtype() == tensor.Float32 {
			out[i] = float64(float32(out[i])) // two float32 add exactly in float64, so this rounds once
		}
	}
	return out
}
