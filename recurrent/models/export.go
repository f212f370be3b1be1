package models

import (
	"cmp"
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

// export writes a network for another framework.
func (n network) export(p *graph.Params, path string) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	switch format {
	case formatONNX:
		err = n.writeONNX(p, path)
	case formatKeras:
		var layers keras.Model
		if layers, err = n.keras(); err == nil {
			return layers.Write(p, path)
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

// onnxFlow is what goes from layer to layer in a model for ONNX.
type onnxFlow struct {
	*onnx.Builder
	x       onnx.Value
	pooled  bool       // the network has a layer that pools, so that it wants lengths
	lengths onnx.Value // the zero Value for sequences that are all as long as the input
	outputs onnx.Recurrent
	output  string // what the last value is called; "" for logits
}

// writeONNX writes the network, from ids [time, batch], and for a classifier lengths [batch], to logits.
func (n network) writeONNX(p *graph.Params, path string) error {
	b := onnx.NewBuilder(p)
	f := &onnxFlow{Builder: b}
	for _, l := range n {
		switch l.(type) {
		case pooling, tagHead:
			f.pooled = true
		}
	}
	for _, l := range n {
		if err := l.onnx(f); err != nil {
			return err
		}
	}
	b.Output(cmp.Or(f.output, "logits"), f.x)
	return b.Write(path)
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

// onnx declares the inputs of the model, as every first layer does.
func (e embedding) onnx(f *onnxFlow) error {
	ids := f.Tokens("ids")
	if f.pooled {
		f.lengths = f.Lengths("lengths")
	}
	f.x = f.Embedding(ids, "embedding")
	return nil
}

func (e embedding) keras() (keras.Model, error) {
	return keras.Model{{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"}}, nil
}

func (d dropout) onnx(*onnxFlow) error        { return nil }
func (d dropout) keras() (keras.Model, error) { return nil, nil }

func (p pooling) onnx(f *onnxFlow) error {
	f.x = f.Pool(p.pool, f.outputs, "pool", f.lengths)
	return nil
}

func (p pooling) keras() (keras.Model, error) {
	if p.pool == recurrent.PoolAttention {
		return nil, errors.Errorf("Keras has no layer like pooling by %s; %s takes all weights", p.name, formatTorch)
	}
	return nil, nil
}

func (h head) onnx(f *onnxFlow) error {
	f.x = f.Dense(f.x, headScope)
	return nil
}

func (h head) keras() (keras.Model, error) {
	return keras.Model{{Path: "layers/dense", Kind: keras.Dense, Scope: headScope}}, nil
}
