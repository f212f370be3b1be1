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
	// resized is how many more rows there are, and as many more weights of inputs, where the input is not as wide as the
	// hidden state and has to be made so: for SRU's highway.
	resized int
	// observing makes the first layer of a cell that reads values with their mask and gaps, of so many features; the layers
	// above are those of make. It is nil for a cell that reads any numbers.
	observing func(hidden, features int) recurrent.Cell

	onnx      func(*onnx.Builder, onnx.Value, string, onnx.Layers) onnx.Recurrent // nil where ONNX has no such operator
	keras     keras.Kind                                                          // empty where Keras has no such layer
	kerasPath string                                                              // of Keras's layer in a file of weights
}

// counts are those of a layer's weights with a hidden state of width H: H·(input·I + hidden·H + one).
type counts struct{ input, hidden, one float64 }

// cellKinds is the table of the cells that a model may have. A cell of package recurrent that needs a width and nothing
// else takes one line. Not in it are ConvLSTM, whose inputs are rows of places, which the tokens of a text are not, and
// MLSTM, which wants a number of heads, too, and whose state grows with the square of the width.
var cellKinds = []cellKind{
	{title: "RNN", make: func(h int) recurrent.Cell { return recurrent.RNN{Hidden: h} }, rows: 1, count: counts{1, 1, 2},
		onnx: (*onnx.Builder).RNN, keras: keras.SimpleRNN, kerasPath: "simple_rnn"},
	{title: "LSTM", make: func(h int) recurrent.Cell { return recurrent.LSTM{Hidden: h} }, rows: 4, count: counts{4, 4, 8},
		onnx: (*onnx.Builder).LSTM, keras: keras.LSTM, kerasPath: "lstm"},
	{title: "GRU", make: func(h int) recurrent.Cell { return recurrent.GRU{Hidden: h} }, rows: 3, count: counts{3, 3, 6},
		onnx: (*onnx.Builder).GRU, keras: keras.GRU, kerasPath: "gru"},
	{title: "GRUD", make: func(h int) recurrent.Cell { return recurrent.GRU{Hidden: h} }, rows: 3, count: counts{3, 3, 6},
		observing: func(h, features int) recurrent.Cell { return recurrent.GRUD{Hidden: h, Features: features} }},
	{title: "MGU", make: func(h int) recurrent.Cell { return recurrent.MGU{Hidden: h} }, rows: 2, count: counts{2, 2, 2}},
	{title: "LiGRU", make: func(h int) recurrent.Cell { return recurrent.LiGRU{Hidden: h} }, rows: 2, count: counts{2, 2, 2}},
	{title: "IndRNN", make: func(h int) recurrent.Cell { return recurrent.IndRNN{Hidden: h} }, rows: 1, count: counts{1, 0, 2}},
	{title: "SLSTM", make: func(h int) recurrent.Cell { return recurrent.SLSTM{Hidden: h} }, rows: 4, count: counts{4, 4, 4}},
	{title: "SRU", make: func(h int) recurrent.Cell { return recurrent.SRU{Hidden: h} }, rows: 3, count: counts{3, 0, 2}, resized: 1},
	{title: "QRNN", make: func(h int) recurrent.Cell { return recurrent.QRNN{Hidden: h} }, rows: 3, count: counts{6, 0, 3}},
	{title: "MinGRU", make: func(h int) recurrent.Cell { return recurrent.MinGRU{Hidden: h} }, rows: 2, count: counts{2, 0, 2}},
	{title: "MinLSTM", make: func(h int) recurrent.Cell { return recurrent.MinLSTM{Hidden: h} }, rows: 3, count: counts{3, 0, 3}},
	{title: "LRU", make: func(h int) recurrent.Cell { return recurrent.LRU{Hidden: h} }, rows: 1, count: counts{2, 1, 2}},
}

// more is resized, or 0 for an input as wide as the hidden state.
func (k cellKind) more(input, hidden int) int {
	if input == hidden {
		return 0
	}
	return k.resized
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
