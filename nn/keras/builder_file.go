package keras

import (
	"archive/zip"
	"bytes"
	"encoding/json"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
)

// writtenVersion is the Keras whose form files are written in. Those since 3.0 read it.
const writtenVersion = "3.15.0"

// Write writes the model to a .keras file. The file appears whole or not at all, replacing one that is there.
func (b *Builder) Write(path string) error {
	data, err := b.file()
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	return errors.Wrapf(err, "keras: write %s", path)
}

// file is an archive of a configuration, its version, and the weights.
func (b *Builder) file() ([]byte, error) {
	order, err := b.ordered()
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(b.config(order))
	if err != nil {
		return nil, err
	}
	w := &writer{params: b.params}
	for i, path := range b.paths(order) {
		l := b.layers[order[i]-1]
		if l.known != nil {
			known := *l.known
			known.Path = path
			err = w.layer(known)
		} else if l.arrays != nil {
			err = l.arrays(w, path)
		}
		if err != nil {
			return nil, errors.Wrapf(err, "layer %s", l.name)
		}
	}
	weights, err := hdf5.Bytes(w.out)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	about := []byte(`{"keras_version": "` + writtenVersion + `", "date_saved": "1980-01-01@00:00:00"}`)
	for _, member := range []struct {
		name string
		data []byte
	}{{"metadata.json", about}, {"config.json", config}, {"model.weights.h5", weights}} {
		to, err := z.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(member.data); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return out.Bytes(), err
}

// config is the configuration of a Functional model.
func (b *Builder) config(order []int) map[string]any {
	var layers []any
	for _, i := range order {
		l := b.layers[i-1]
		nodes := []any{}
		if len(l.in) > 0 {
			var args []any
			for _, k := range l.in {
				args = append(args, b.tensor(k))
			}
			if l.listed {
				args = []any{args}
			}
			nodes = append(nodes, map[string]any{"args": args, "kwargs": map[string]any{}})
		}
		layers = append(layers, map[string]any{"module": "keras.layers", "class_name": l.class, "config": l.config,
			"registered_name": nil, "name": l.name, "inbound_nodes": nodes})
	}
	config := map[string]any{"name": "unroll", "trainable": true, "layers": layers,
		"input_layers": b.ends(b.inputs), "output_layers": b.ends(b.outputs)}
	return map[string]any{"module": "keras.src.models.functional", "class_name": "Functional",
		"registered_name": "Functional", "config": config}
}

// tensor says which result of which layer an argument is.
func (b *Builder) tensor(layer int) map[string]any {
	l := b.layers[layer-1]
	return map[string]any{"class_name": "__keras_tensor__", "config": map[string]any{
		"shape": openShape(l.shape), "dtype": b.dtype(), "keras_history": []any{l.name, 0, 0}}}
}

// ends are the inputs or outputs: one by itself, or a list.
func (b *Builder) ends(layers []int) any {
	var out []any
	for _, i := range layers {
		out = append(out, []any{b.layers[i-1].name, 0, 0})
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}
