// Package torch reads the tensors of files that PyTorch's torch.save and torch.jit.save wrote, and writes files that
// torch.load reads:
//
//	file, err := torch.Read("tagger.pt")
//	state, tensors := file.Weights() // "model_state", with the names of the modules: "lstm.weight_ih_l0"
//	err = params.SetAll(tensors)
//
// Such a file is a pickle: a program that Python runs, and that can do anything. Here it runs in a machine that can only
// put numbers, texts and tensors together. It imports nothing and calls nothing; a file that asks for the call of a
// function is refused with the function's name. So a file from anywhere can be read.
//
// All forms are read: zip archives, as PyTorch writes since version 1.6, the form before that, TorchScript archives, and
// plain pickles with NumPy arrays. From a whole module that was saved instead of its state dict, the parameters and
// buffers are taken; its code is in no file. Parameters of this library's layers have PyTorch's names and shapes.
package torch

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// File is what a file of PyTorch holds.
type File struct {
	// Tensors are all tensors, in the file's order, called by the keys that lead to them, with dots between:
	// model_state.lstm.weight_ih_l0. Numbers of 16 bits are widened to float32, which is exact; whole numbers and
	// booleans are int.
	Tensors []graph.Named
	// Values are the plain values beside the tensors by their names, such as epoch or config: strings as they are,
	// others as JSON. Objects are their fields, with the class's name as __class__.
	Values map[string]string
	// States are the names under which state dicts were found, such as model_state and optimizer_state; the empty name if
	// the file is one.
	States []string
}

// Read reads a whole file. Tensors of kinds that cannot be represented, such as quantised, sparse or complex ones, are an
// error that names all of them.
func Read(path string) (*File, error) {
	f := &File{}
	err := open(path, f.fill)
	if err != nil {
		return nil, errors.Wrapf(err, "torch: read %s", path)
	}
	return f, nil
}

// fill reads the numbers of all tensors.
func (f *File) fill(s *source) error {
	w := &walker{plain: map[string]string{}, seen: map[string]bool{}, above: map[any]bool{}, maxSteps: int(min(s.limit, maxSteps))}
	if _, _, err := w.walk(place{}, s.root); err != nil {
		return err
	}
	if len(w.strange) > 0 {
		return errors.Errorf("cannot be read: %s", strings.Join(w.strange[:min(len(w.strange), 20)], "; "))
	}
	if len(w.names) == 0 {
		return errors.Errorf("it has no tensors: it is %s", describe(s.root))
	}
	f.Values, f.States = w.plain, w.states
	left, last := s.limit, map[string]int{} // the last tensor of each storage
	for i, a := range w.arrays {
		if a.from != nil {
			last[a.from.key] = i
		}
	}
	for i, a := range w.arrays {
		v, size, err := a.load(s, left)
		if err != nil {
			return errors.Wrapf(err, "tensor %s", w.names[i])
		}
		left -= int64(size)
		if a.from != nil && last[a.from.key] == i {
			s.forget(a.from)
		}
		f.Tensors = append(f.Tensors, graph.Named{Name: w.names[i], Value: v})
	}
	return nil
}

// load reads the numbers of a tensor, which may take so many bytes.
func (a *array) load(s *source, left int64) (v *tensor.Dense, size int, err error) {
	n, err := a.count()
	if err != nil {
		return nil, 0, err
	}
	if int64(n) > left/int64(a.kind.Width) {
		return nil, 0, errors.Errorf("its %d elements, with the other tensors', are far more than the file has", n)
	}
	raw := a.bytes
	if a.from != nil && n > 0 {
		if raw, err = s.block(a.from); err != nil {
			return nil, 0, err
		}
	}
	v, err = a.read(raw)
	return v, n * a.kind.Width, err
}

// Weights are the tensors of the one state dict in the file, with the names that they have in it, and the state dict's
// name. Where there are several, or none, they are all tensors of the file, and the name is empty. Optimisers are not
// state dicts in this sense: their tensors have numbers for names.
func (f *File) Weights() (state string, tensors []graph.Named) {
	if len(f.States) != 1 {
		return "", slices.Clone(f.Tensors)
	}
	tensors, _ = f.State(f.States[0])
	return f.States[0], tensors
}

// State are the tensors whose names begin with a name and a dot, without those.
func (f *File) State(name string) ([]graph.Named, error) {
	if name == "" {
		return slices.Clone(f.Tensors), nil
	}
	var out []graph.Named
	for _, t := range f.Tensors {
		if local, ok := strings.CutPrefix(t.Name, name+"."); ok {
			out = append(out, graph.Named{Name: local, Value: t.Value})
		}
	}
	if len(out) == 0 {
		return nil, errors.Errorf("torch: the file has no tensors under %q; it has state dicts under %q", name, f.States)
	}
	return out, nil
}
