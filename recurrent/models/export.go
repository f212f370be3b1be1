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
)

// Endings of the files that Export writes and Import reads.
const (
	formatONNX       = ".onnx"
	formatKerasModel = ".keras"
	formatKeras      = ".weights.h5"
	formatTorch      = ".safetensors"
	formatSaved      = ".pt"
)

// Formats are the endings of the names by which Export knows what to write: .onnx, the whole network, for ONNX Runtime;
// .keras, the whole network, for Keras 3; .weights.h5, weights for Keras; .safetensors and .pt, weights with PyTorch's names.
// Import reads all of them, and tells them by what is in the file.
func Formats() []string {
	return []string{formatONNX, formatKerasModel, formatKeras, formatTorch, formatSaved}
}

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
func (c *core) export(p *graph.Params, path string) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	switch format {
	case formatONNX:
		return c.onnx().write(p, path)
	case formatKeras:
		var layers keras.Model
		if layers, err = c.net.kerasModel(p); err == nil {
			return layers.Write(p, path)
		}
	case formatKerasModel:
		var b *keras.Builder
		if b, err = c.net.keras(p); err == nil {
			return b.Write(path)
		}
	case formatSaved:
		return torch.Write(path, p.Tensors(""))
	default:
		return p.Save(path, nil)
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
	case fileformat.HDF5, fileformat.Keras:
		var layers keras.Model
		if layers, err = n.kerasModel(p); err == nil {
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
