package command

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/recurrent/models"
)

// opened is a file with weights, of any format that can be read.
type opened struct {
	kind     string // what it is, in words
	tensors  []graph.Named
	metadata map[string]string // of a safetensors file
	values   map[string]string // plain values of a PyTorch file
	states   []string          // its state dicts
	names    []string          // its arrays, where no more is known of them
	layers   string            // inputs, layers and outputs of a model, a line each
	notes    []string          // what of the file has no effect
}

// open reads a file by the format that its first bytes tell.
func open(path string) (*opened, error) {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return nil, err
	}
	switch format {
	case fileformat.Torch, fileformat.Pickle:
		return openTorch(path)
	case fileformat.NumPy, fileformat.NumPyArchive:
		list, err := numpy.Read(path)
		return &opened{kind: "arrays of NumPy", tensors: list}, err
	case fileformat.ONNX:
		return openONNX(path)
	case fileformat.HDF5, fileformat.Keras:
		return openKeras(path, format)
	case fileformat.GGUF, fileformat.SavedModel, fileformat.TFLite, fileformat.Gzip, fileformat.Pointer, fileformat.WebPage:
		return nil, errors.Errorf("%s is %v: %s", path, format, format.Advice())
	case fileformat.Zip:
		return nil, errors.Errorf("%s is a zip archive, but neither of PyTorch nor of NumPy nor of Keras", path)
	}
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	kind := "safetensors"
	if k, ok := models.KindOf(metadata); ok {
		kind = k.String()
	}
	return &opened{kind: kind, tensors: list, metadata: metadata}, nil
}

func openTorch(path string) (*opened, error) {
	f, err := torch.Read(path)
	if err != nil {
		return nil, err
	}
	kind := "PyTorch file"
	if where := strings.Join(f.States, ", "); where != "" {
		kind = fmt.Sprintf("PyTorch file, weights in %s", where)
	}
	return &opened{kind: kind, tensors: f.Tensors, values: f.Values, states: f.States}, nil
}

func openONNX(path string) (*opened, error) {
	m, err := onnx.Read(path)
	if err != nil {
		return nil, err
	}
	p, err := m.Params(1)
	if err != nil {
		return nil, err
	}
	return &opened{kind: "ONNX model", tensors: p.Tensors("")}, nil
}

// openKeras reads a whole model, or lists the arrays of a file that has weights alone.
func openKeras(path string, format fileformat.Format) (*opened, error) {
	whole := format == fileformat.Keras
	if !whole {
		var err error
		if whole, err = keras.IsModel(path); err != nil {
			return nil, err
		}
	}
	if !whole {
		names, err := keras.Paths(path)
		return &opened{kind: "weights of a Keras model", names: names}, err
	}
	n, err := keras.Open(path, keras.Options{})
	if err != nil {
		names, unread := keras.Paths(path)
		if unread != nil {
			return nil, unread
		}
		return &opened{kind: "model of Keras that cannot be run", names: names, notes: []string{err.Error()}}, nil
	}
	p, err := n.Params(1)
	if err != nil {
		return nil, err
	}
	return &opened{kind: "model of Keras " + n.Version(), layers: n.String(), notes: n.Notes(), tensors: p.Tensors("")}, nil
}

// otherFormat is the error of a file that is wanted as a model of this command and is a file of another format, with the
// command that opens it; nil for all that the reader of models has to judge.
func otherFormat(path string) error {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return nil // whoever opens it says why
	}
	var way string
	switch format {
	case fileformat.Torch, fileformat.Pickle, fileformat.ONNX, fileformat.HDF5:
		way = fmt.Sprintf("unroll inspect shows what is in it, and unroll import %s makes a model of it", argument(path))
	case fileformat.NumPy, fileformat.NumPyArchive:
		way = fmt.Sprintf("unroll inspect shows what is in it, and unroll convert %s NAME.safetensors writes its arrays for others",
			argument(path))
	case fileformat.Index:
		way = "unroll inspect shows what is in the files that it names"
	case fileformat.GGUF, fileformat.SavedModel, fileformat.TFLite, fileformat.Gzip, fileformat.Pointer, fileformat.WebPage:
		way = format.Advice()
	case fileformat.Keras:
		way = fmt.Sprintf("unroll inspect shows what is in it, and unroll run %s --input NAME.npz runs it", argument(path))
	default:
		return nil
	}
	return errors.Errorf("%s is %v, and no model of this command: %s", path, format, way)
}
