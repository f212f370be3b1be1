package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/recurrent"
)

// Endings of the files that Export writes and Import reads.
const (
	formatONNX  = ".onnx"
	formatKeras = ".weights.h5"
	formatTorch = ".safetensors"
	formatSaved = ".pt"
)

// Formats are the endings of the names by which Export knows what to write: .onnx, the whole network, for ONNX Runtime;
// .weights.h5, weights for Keras; .safetensors and .pt, weights with PyTorch's names. Import reads all of them, and tells
// them by what is in the file.
func Formats() []string { return []string{formatONNX, formatKeras, formatTorch, formatSaved} }

// formatOf is the ending of a name that says which framework a file is for.
func formatOf(path string) (string, error) {
	for _, ending := range Formats() {
		if strings.HasSuffix(path, ending) {
			return ending, nil
		}
	}
	return "", errors.Errorf("models: the file %q; want a name that ends in %s", path, oneOf(Formats()))
}

// export writes the model for another framework.
func (c *core) export(path string) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	switch format {
	case formatONNX:
		return c.onnx().write(c.params, path)
	case formatKeras:
		var layers keras.Model
		if layers, err = c.net.keras(); err == nil {
			return layers.Write(c.params, path)
		}
	case formatSaved:
		return torch.Write(path, c.params.Tensors(""))
	default:
		return c.params.Save(path, nil)
	}
	return errors.WithMessage(err, path)
}

// imported puts the weights of a file into a store that has them all. After an error nothing has changed.
func (n network) imported(p *graph.Params, path string) error {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return err
	}
	given := graph.NewParams(1) // draws nothing: it takes all from the file
	switch format {
	case fileformat.ONNX:
		var file *onnx.Model
		if file, err = onnx.Read(path); err == nil {
			given, err = file.Params(1)
		}
	case fileformat.HDF5:
		var layers keras.Model
		if layers, err = n.keras(); err == nil {
			err = layers.Read(given, path)
		}
	case fileformat.Torch, fileformat.Pickle:
		_, err = torch.Load(given, path)
	default:
		_, err = given.Load(path)
	}
	if err != nil {
		return err
	}
	return replaceAll(p, given, path)
}

// replaceAll replaces all weights of a store by those that a file gave.
func replaceAll(p, given *graph.Params, path string) error {
	var list []graph.Named
	for i := range p.Len() {
		name := p.At(i).Name()
		w := given.Get(name)
		if w == nil {
			return errors.Errorf("%s lacks the weight %s", path, name)
		}
		list = append(list, graph.Named{Name: name, Value: weights.Of(w)})
	}
	return errors.Wrap(p.SetAll(list), path)
}

// keras says which layers of a Keras model, built in this order, the weights belong to.
func (n network) keras() (keras.Model, error) {
	var out keras.Model
	for _, l := range n {
		layers, err := l.keras()
		if err != nil {
			return nil, err
		}
		out = append(out, layers...)
	}
	return out, nil
}

func (e embedding) keras() (keras.Model, error) {
	return keras.Model{{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"}}, nil
}

func (d dropout) keras() (keras.Model, error) { return nil, nil }

func (p pooling) keras() (keras.Model, error) {
	if p.pool == recurrent.PoolAttention {
		return nil, errors.Errorf("Keras has no layer like pooling by %s; %s takes all weights", p.name, formatTorch)
	}
	return nil, nil
}

func (h head) keras() (keras.Model, error) {
	return keras.Model{{Path: "layers/dense", Kind: keras.Dense, Scope: headScope}}, nil
}
