package keras_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
)

// The weights of a Keras model, and back: the file is one of Keras's save_weights.
func ExampleModel() {
	model := keras.Model{
		{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"},
		{Path: "layers/bidirectional", Kind: keras.LSTM, Bidirectional: true, Scope: "rnn"},
		{Path: "layers/bidirectional_1", Kind: keras.GRU, Bidirectional: true, Scope: "rnn", Index: 1},
		{Path: "layers/dense", Kind: keras.Dense, Scope: "head"},
	}
	params := graph.NewParams(1)
	if err := model.Read(params, "testdata/tagger.weights.h5"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(params.Len(), "parameters,", params.Elements(), "numbers")
	fmt.Println(params.Get("rnn.weight_hh_l1_reverse").Shape())

	path := filepath.Join(os.TempDir(), "unroll-example.weights.h5")
	defer os.Remove(path)
	if err := model.Write(params, path); err != nil {
		log.Fatal(err)
	}
	arrays, err := keras.Paths(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(arrays[0])
	// Output:
	// 19 parameters, 389 numbers
	// [6 2]
	// layers/bidirectional/backward_layer/cell/vars/0
}
