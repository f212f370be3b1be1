package keras

import (
	"github.com/pkg/errors"
)

// weights gives all layers their arrays.
func (r *parser) weights(b *body) error {
	if r.archive.named {
		return r.byName(b)
	}
	base := "layers"
	if !r.archive.file.HasGroup(base) {
		base = "_layer_checkpoint_dependencies" // Keras 2.12 to 2.15
	}
	return r.byPlace(b, base)
}

// byName gives layers the arrays of their names. A model within a model has all those of its layers.
func (r *parser) byName(b *body) error {
	for _, l := range b.layers {
		arrays, err := r.archive.byName(l.name)
		if err != nil {
			return errors.Wrapf(err, "layer %s", l.name)
		}
		t := &taker{arrays: arrays}
		r.feed(t, l)
		if t.err == nil && len(t.arrays) > 0 {
			t.err = errors.Errorf("its array %s has no place in the layer", t.arrays[0].Path)
		}
		if t.err != nil {
			return errors.Wrapf(t.err, "layer %s of class %s", l.name, l.class)
		}
	}
	return nil
}

// feed lets a layer, or those of a model, take arrays.
func (r *parser) feed(t *taker, l *layer) {
	for _, d := range t.arrays {
		r.double = r.double || d.Bits == 64
	}
	if l.operation.inner != nil {
		for _, inner := range l.operation.inner.layers {
			r.feed(t, inner)
		}
		return
	}
	if t.layer = l; l.operation.take != nil {
		l.operation.take(t)
	}
}

// byPlace gives layers the arrays of Keras 3's tree, where they are named after their class and counted.
func (r *parser) byPlace(b *body, base string) error {
	counts := map[string]int{}
	for _, l := range b.layers {
		path := base + "/" + snake(l.class)
		if n := counts[l.class]; n > 0 {
			path += "_" + itoa(n)
		}
		counts[l.class]++
		if l.operation.inner != nil {
			if err := r.byPlace(l.operation.inner, path+"/layers"); err != nil {
				return err
			}
			continue
		}
		parts := l.operation.parts
		if parts == nil {
			parts = []string{""}
		}
		arrays, err := r.archive.byPlace(path, parts)
		if err == nil {
			t := &taker{arrays: arrays}
			r.feed(t, l)
			if err = t.err; err == nil && len(t.arrays) > 0 {
				err = errors.Errorf("its array %s has no place in the layer", t.arrays[0].Path)
			}
		}
		if err != nil {
			return errors.Wrapf(err, "layer %s of class %s", l.name, l.class)
		}
	}
	return nil
}
