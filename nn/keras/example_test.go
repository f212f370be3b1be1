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
	fmt.Println(params)

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
	// embedding.weight         [7 4]                    28
	// rnn.weight_ih_l0         [12 4]                   48
	// rnn.weight_hh_l0         [12 3]                   36
	// rnn.bias_ih_l0           [12]                     12
	// rnn.bias_hh_l0           [12]                     12
	// rnn.weight_ih_l0_reverse [12 4]                   48
	// rnn.weight_hh_l0_reverse [12 3]                   36
	// rnn.bias_ih_l0_reverse   [12]                     12
	// rnn.bias_hh_l0_reverse   [12]                     12
	// rnn.weight_ih_l1         [6 6]                    36
	// rnn.weight_hh_l1         [6 2]                    12
	// rnn.bias_ih_l1           [6]                       6
	// rnn.bias_hh_l1           [6]                       6
	// rnn.weight_ih_l1_reverse [6 6]                    36
	// rnn.weight_hh_l1_reverse [6 2]                    12
	// rnn.bias_ih_l1_reverse   [6]                       6
	// rnn.bias_hh_l1_reverse   [6]                       6
	// head.weight              [5 6]                    30
	// head.bias                [5]                       5
	// total                                            399
	// layers/bidirectional/backward_layer/cell/vars/0
}
