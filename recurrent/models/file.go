package models

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
)

// file is a model file, read and checked: its configuration makes sense, and the sizes in it are those of the weights.
type file struct {
	path     string
	kind     Kind
	config   Config
	contents contents
	weights  []graph.Named
	trained  bool // with what a training goes on from
}

func readFile(path string) (*file, error) {
	if _, err := os.Stat(filepath.Join(path, "config.json")); err == nil {
		return nil, errors.Errorf("%s is the folder of a foundation model: package recurrent/pretrained opens it", path)
	}
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	return parseFile(path, tensors, metadata)
}

// parseFile reads what a file holds.
func parseFile(path string, tensors []graph.Named, metadata map[string]string) (*file, error) {
	if metadata[AdapterEntry] != "" {
		c, _ := ConfigOf(metadata)
		return nil, &AdapterError{Path: path, Base: c.Origin.From}
	}
	return parseModel(path, tensors, metadata)
}

// parseModel reads what a file holds of a model or an adapter.
func parseModel(path string, tensors []graph.Named, metadata map[string]string) (*file, error) {
	kind, ok := KindOf(metadata)
	if !ok {
		return nil, errors.Errorf("%s is no model of this library: it has no configuration and vocabulary", path)
	}
	s, err := kind.spec()
	if err != nil {
		return nil, err
	}
	f := &file{path: path, kind: kind, contents: s.contents()}
	if err := checkFormat(path, metadata); err != nil {
		return nil, err
	}
	run, err := train.SummaryOf(metadata)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	f.trained = run != nil
	f.weights = slices.DeleteFunc(slices.Clone(tensors), func(t graph.Named) bool { return train.IsState(t.Name) })
	if f.config, err = s.decode(path, metadata); err != nil {
		return nil, err
	}
	if err := f.contents.read(path, metadata, f.config); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.config.Tune, err = decodeTune(path, metadata); err != nil || f.config.Tune.Rank > 0 {
		return f, err
	}
	return f, f.fits()
}

// decodeEntry reads an entry of the metadata, which is JSON. Neither it nor the fields of a configuration may be null,
// which encoding/json would take for zero.
func decodeEntry(path string, metadata map[string]string, key string, to any) error {
	data := []byte(metadata[key])
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		if fields == nil {
			return errors.Errorf("%s: its %s is null", path, key)
		}
		_, vocabulary := to.(json.Unmarshaler) // which judges its own fields
		for name, value := range fields {
			if string(value) == "null" && !vocabulary {
				return errors.Errorf("%s: its %s has %s null", path, key, name)
			}
		}
	}
	err := json.Unmarshal(data, to)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		name := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]
		return errors.Errorf("%s: its %s has a %s as %s; want %s", path, key, mismatch.Value, name, mismatch.Type)
	}
	return errors.Wrapf(err, "%s: its %s cannot be read", path, key)
}

// check refuses a configuration that cannot work.
func (f *file) check() error {
	err := f.config.Check(f.kind)
	var setting *ConfigError
	if errors.As(err, &setting) {
		return errors.Errorf("%s: its configuration has %s %s", f.path, FileField(setting.Field), setting.Problem)
	}
	if err != nil {
		return errors.Wrap(err, f.path)
	}
	return errors.WithMessage(f.contents.check(f.config), f.path)
}

// fits compares the sizes that the configuration tells with those of the weights, before memory is taken for a network
// of such sizes. What else may be wrong with the weights shows when the network is built.
func (f *file) fits() error {
	net, err := f.contents.network(f.config)
	if err != nil {
		return errors.Wrap(err, f.path)
	}
	shapes := map[string][]int{}
	for _, t := range f.weights {
		shapes[t.Name] = t.Value.Shape()
	}
	for _, l := range net {
		for _, s := range l.sizes() {
			if err := s.check(shapes); err != nil {
				return errors.WithMessage(err, f.path)
			}
		}
		if a, ok := l.(interface{ absent() []absence }); ok {
			for _, a := range a.absent() {
				if shapes[a.tensor] != nil {
					return errors.Errorf("%s: its weights have %s, its configuration has no %s", f.path, a.tensor, a.field)
				}
			}
		}
		s, ok := l.(stacked)
		if !ok {
			continue
		}
		layers := 0
		for shapes[s.tensor(layers)] != nil {
			layers++
		}
		if layers != s.depth() {
			return errors.Errorf("%s: its configuration has layers %d, its weights are those of %d", f.path, s.depth(), layers)
		}
	}
	return nil
}

// check compares a size with the weights' shapes.
func (s size) check(shapes map[string][]int) error {
	shape, ok := shapes[s.tensor]
	switch {
	case !ok:
		return errors.Errorf("the weights %s are missing: its configuration has %s %d", s.tensor, s.field, s.value)
	case len(shape) != s.rank:
		return errors.Errorf("the weights %s have the shape %v; want %d axes", s.tensor, shape, s.rank)
	case (shape[s.axis]-s.more)%s.factor != 0 || (shape[s.axis]-s.more)/s.factor != s.value:
		return errors.Errorf("its configuration has %s %d, its weights %s have the shape %v", s.field, s.value, s.tensor, shape)
	}
	return nil
}

// model makes the model of a file's contents.
func (f *file) model() (Model, error) {
	m, err := f.contents.model(f.config)
	if err != nil {
		return nil, errors.Wrap(err, f.path)
	}
	if err := f.fill(m.base()); err != nil {
		return nil, err
	}
	return m, nil
}

// fill puts the weights into a model's store, where all must then be, with the shapes that the network has.
func (f *file) fill(c *core) error {
	if err := c.params.SetAll(f.weights); err != nil {
		return errors.Wrap(err, f.path)
	}
	c.params.Seal()
	c.path, c.trained = f.path, f.trained
	return errors.Wrapf(c.draw(), "%s: its weights do not fit its configuration", f.path)
}
