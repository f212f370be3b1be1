package models

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
)

// cellKind is all that is known of a cell: one row of the table of cells.
type cellKind struct {
	title string // its name in sentences; in configurations it is in small letters
	make  func(hidden int) recurrent.Cell
	rows  int    // rows of weight_ih, as a multiple of the width of the hidden state
	count counts // weights of a layer

	onnx      func(*onnx.Builder, onnx.Value, string, onnx.Layers) onnx.Recurrent // nil where ONNX has no such operator
	keras     keras.Kind                                                          // empty where Keras has no such layer
	kerasPath string                                                              // of Keras's layer in a file of weights
}

// counts are those of a layer's weights with a hidden state of width H: H·(input·I + hidden·H + one).
type counts struct{ input, hidden, one float64 }

// cellKinds is the table of the cells that a model may have. A cell of package recurrent that needs a width and nothing
// else takes one line.
var cellKinds = []cellKind{
	{"RNN", func(h int) recurrent.Cell { return recurrent.RNN{Hidden: h} }, 1, counts{1, 1, 2},
		(*onnx.Builder).RNN, keras.SimpleRNN, "simple_rnn"},
	{"LSTM", func(h int) recurrent.Cell { return recurrent.LSTM{Hidden: h} }, 4, counts{4, 4, 8},
		(*onnx.Builder).LSTM, keras.LSTM, "lstm"},
	{"GRU", func(h int) recurrent.Cell { return recurrent.GRU{Hidden: h} }, 3, counts{3, 3, 6},
		(*onnx.Builder).GRU, keras.GRU, "gru"},
	{"MGU", func(h int) recurrent.Cell { return recurrent.MGU{Hidden: h} }, 2, counts{2, 2, 2}, nil, "", ""},
	{"LiGRU", func(h int) recurrent.Cell { return recurrent.LiGRU{Hidden: h} }, 2, counts{2, 2, 2}, nil, "", ""},
	{"IndRNN", func(h int) recurrent.Cell { return recurrent.IndRNN{Hidden: h} }, 1, counts{1, 0, 2}, nil, "", ""},
	{"SLSTM", func(h int) recurrent.Cell { return recurrent.SLSTM{Hidden: h} }, 4, counts{4, 4, 4}, nil, "", ""},
	{"QRNN", func(h int) recurrent.Cell { return recurrent.QRNN{Hidden: h} }, 3, counts{6, 0, 3}, nil, "", ""},
	{"MinGRU", func(h int) recurrent.Cell { return recurrent.MinGRU{Hidden: h} }, 2, counts{2, 0, 2}, nil, "", ""},
	{"MinLSTM", func(h int) recurrent.Cell { return recurrent.MinLSTM{Hidden: h} }, 3, counts{3, 0, 3}, nil, "", ""},
	{"LRU", func(h int) recurrent.Cell { return recurrent.LRU{Hidden: h} }, 1, counts{2, 1, 2}, nil, "", ""},
}

// name is what configurations call the cell.
func (k cellKind) name() string { return strings.ToLower(k.title) }

// Cells are the names of the cells that a Config may have.
func Cells() []string {
	out := make([]string, len(cellKinds))
	for i, k := range cellKinds {
		out[i] = k.name()
	}
	return out
}

// cellOf finds a cell by its name.
func cellOf(name string) (cellKind, error) {
	i := slices.IndexFunc(cellKinds, func(k cellKind) bool { return k.name() == name })
	if i < 0 {
		return cellKind{}, wrong("Cell", "%q; want %s", name, oneOf(Cells()))
	}
	return cellKinds[i], nil
}

// refused is the error of a framework that has no such cell.
func (k cellKind) refused(framework string) error {
	return errors.Errorf("%s has no layer like the cell %s; %s takes all weights", framework, k.name(), formatTorch)
}
