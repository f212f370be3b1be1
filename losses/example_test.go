package losses_test

import (
	"fmt"
	"log"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
)

// Two sequences of predictions, the second of which has one step only: its padding does not count.
func ExampleMSE_lengths() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.MSE{Lengths: in[2]}.Apply(g, in[0], in[1])}
	})
	predicted := graph.Floats([]float32{1, 2, 3, 99}, 2, 2) // [T, B]
	truth := graph.Floats([]float32{0, 2, 1, 0}, 2, 2)
	out, err := f.Run(predicted, truth, graph.Ints([]int{2, 1}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", graph.Scalar(out[0]))
	// Output: 1.6667
}

// Four frames, the labels 1 2 in them, wherever they may be; 0 is the blank. With all frames undecided, 15 of the 81 ways
// through them spell 1 2.
func ExampleCTC() {
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CTC{}.Apply(g, in[0], in[1], in[2], in[3])}
	})
	logits := graph.Floats64(make([]float64, 4*1*3), 4, 1, 3) // [T, B, V]
	out, err := f.Run(logits, graph.Ints([]int{1, 2}, 1, 2), graph.Ints([]int{4}), graph.Ints([]int{2}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f nats a label\n", graph.Scalar(out[0]))
	// Output: 0.8432 nats a label
}

// A tagger's scores, and a CRF that has learned that tag 1 never follows tag 0.
func ExampleCRF_Tags() {
	p := graph.NewParams64(1)
	for name, v := range map[string][]float64{"transitions": {0, -9, 0, 0}, "start_transitions": {0, 0}, "end_transitions": {0, 0}} {
		shape := []int{2}
		if len(v) == 4 {
			shape = []int{2, 2}
		}
		if _, err := p.Add("crf."+name, graph.Floats64(v, shape...)); err != nil {
			log.Fatal(err)
		}
	}
	scores := graph.Floats64([]float64{2, 1, 0, 1, 1, 0}, 3, 1, 2) // alone, the steps would be 0 1 0
	tags, _, err := losses.CRF{}.Tags(p, "crf", scores, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tags[0])
	// Output: [0 0 0]
}
