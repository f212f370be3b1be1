package onnx_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
)

// A tagger that PyTorch exported is trained further: its two bidirectional GRU layers are part of the graph.
func ExampleRead() {
	model, err := onnx.Read("testdata/torch/tagger.onnx")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Inputs(), model.Outputs())
	params, err := model.Params(1)
	if err != nil {
		log.Fatal(err)
	}
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		p := model.Build(g, in[:1])[0] // [batch, time, 5]
		return []graph.Node{losses.CrossEntropy{}.Apply(g, g.Log(p), in[1])}
	})
	ids, tags := graph.Ints([]int{1, 2, 3, 4}, 1, 4), graph.Ints([]int{0, 1, 1, 4}, 1, 4)
	adam := &optim.Adam{}
	for step := range 200 {
		out, err := loss.Grad(ids, tags)
		if err != nil {
			log.Fatal(err)
		}
		if step == 0 || step == 199 {
			fmt.Printf("loss %.1f\n", graph.Scalar(out[0]))
		}
		adam.Step(params, 0.02)
	}
	fmt.Println(params.Get("gru.weight_ih_l1_reverse").Shape())
	// Output:
	// [ids int [batch, time]] [y float [batch, time, 5]]
	// loss 2.5
	// loss 0.0
	// [9 6]
}

// A language model of this library becomes a file for ONNX Runtime.
func ExampleBuilder() {
	params := graph.NewParams(1)
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: 30, Size: 8}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unroll(g.Scope("lstm"), recurrent.StackOf(2, recurrent.LSTM{Hidden: 16}), x, recurrent.Options{})
		return []graph.Node{nn.Head{Classes: 30}.Apply(g.Scope("head"), y)}
	}
	if _, err := graph.NewFunc(params, build).Run(graph.Ints([]int{1, 2, 3}, 3, 1)); err != nil { // the first call makes the weights
		log.Fatal(err)
	}

	b := onnx.NewBuilder(params)
	y := b.Apply(build, b.Tokens("ids"))
	b.Output("logits", y[0])
	path := filepath.Join(os.TempDir(), "unroll-example.onnx")
	defer os.Remove(path)
	if err := b.Write(path); err != nil {
		log.Fatal(err)
	}
	written, err := onnx.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written.Inputs(), written.Outputs())
	// Output:
	// [ids int [time, batch]] [logits float [time, batch, 30]]
}
