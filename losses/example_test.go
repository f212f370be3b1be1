package losses_test

import (
	"fmt"
	"log"
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"gorgonia.org/tensor"
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

// Data that cannot be learned is found before training.
func ExampleCheckCTC() {
	fmt.Println(losses.CheckCTC([][]int{{1, 2}, {3, 3, 4}}, []int{2, 3}))
	// Output: losses: CTC: target 1 has 3 labels, 1 of them repeated, and needs 4 frames; found 3
}

// show prints a loss of two inputs.
func show(l loss, y, target *tensor.Dense) {
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{l.Apply(g, in[0], in[1])}
	})
	out, err := f.Run(y, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", graph.Scalar(out[0]))
}

// A language model that knows nothing is as unsure as if it had four words to choose from, whatever padding holds.
func ExampleCrossEntropy() {
	const T, B, V = 3, 2, 4
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CrossEntropy{Lengths: in[2]}.Apply(g, in[0], in[1])}
	})
	logits := graph.Floats(make([]float32, T*B*V), T, B, V)
	out, err := f.Run(logits, graph.Ints([]int{1, 2, 3, 0, 2, 0}, T, B), graph.Ints([]int{3, 1}))
	if err != nil {
		log.Fatal(err)
	}
	loss := graph.Scalar(out[0])
	fmt.Printf("%.4f nats, perplexity %.1f\n", loss, math.Exp(loss))
	// Output: 1.3863 nats, perplexity 4.0
}

// A padding id says the same without lengths.
func ExampleCrossEntropy_ignore() {
	pad := -1
	show(losses.CrossEntropy{Ignore: &pad}, graph.Floats64([]float64{0, 0, 5, 5}, 2, 2), graph.Ints([]int{1, -1}))
	// Output: 0.6931
}

// The probability of the targets was 1/2 and 1/8.
func ExampleNLL() {
	logp := graph.Floats64([]float64{-0.6931, -0.6931, -0.1335, -2.0794}, 2, 2)
	show(losses.NLL{}, logp, graph.Ints([]int{0, 1}))
	// Output: 1.3862
}

// One target is sure already, one is wrong: the sure one counts nearly nothing.
func ExampleFocal() {
	logits, ids := graph.Floats64([]float64{2, 0, 2, 0}, 2, 2), graph.Ints([]int{0, 1})
	show(losses.CrossEntropy{}, logits, ids)
	show(losses.Focal{Gamma: 2}, logits, ids)
	// Output:
	// 1.1269
	// 0.8259
}

// A student that says 1/2 to what its teacher says 3/4.
func ExampleKL() {
	show(losses.KL{}, graph.Floats64([]float64{-0.6931, -0.6931}, 1, 2), graph.Floats64([]float64{0.75, 0.25}, 1, 2))
	// Output: 0.1308
}

// Logits of two labels that may both hold.
func ExampleBinaryCrossEntropy() {
	show(losses.BinaryCrossEntropy{}, graph.Floats64([]float64{0, 4}, 1, 2), graph.Floats64([]float64{1, 1}, 1, 2))
	// Output: 0.3556
}

// An outlier rules the squared error, less so the absolute one and Huber's.
func ExampleHuber() {
	y, target := graph.Floats64([]float64{0, 0, 0, 0}), graph.Floats64([]float64{0.5, -0.5, 0.5, 10})
	show(losses.MSE{}, y, target)
	show(losses.MAE{}, y, target)
	show(losses.Huber{Delta: 1}, y, target)
	// Output:
	// 25.1875
	// 2.8750
	// 2.4688
}

// A forecast as an interval: one number for each level. Being too low costs most at the upper one.
func ExampleQuantile() {
	y := graph.Floats64([]float64{8, 10, 12}, 1, 3)
	for _, truth := range []float64{10, 14} {
		show(losses.Quantile{Levels: []float64{0.1, 0.5, 0.9}}, y, graph.Floats64([]float64{truth}, 1))
	}
	// Output:
	// 0.1333
	// 1.4667
}

// Vectors at 60 degrees.
func ExampleCosine() {
	show(losses.Cosine{}, graph.Floats64([]float64{1, 0}, 1, 2), graph.Floats64([]float64{5, 8.660254}, 1, 2))
	// Output: 0.5000
}

// The emissions of the second step say nothing, but the data have tag 1 follow tag 0, and so does the tagger.
func ExampleCRF() {
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CRF{Lengths: in[2]}.Apply(g.Scope("crf"), in[0], in[1])}
	})
	emissions := graph.Floats([]float32{3, 0, 0, 3, 0, 0, 0, 0}, 2, 2, 2) // [T, B, K]
	adam := &optim.Adam{}
	for range 200 {
		if _, err := f.Grad(emissions, graph.Ints([]int{0, 1, 1, -1}, 2, 2), graph.Ints([]int{2, 1})); err != nil {
			log.Fatal(err)
		}
		optim.Update(adam, params, 0.1, 1)
	}
	tags, _, err := losses.CRF{}.Tags(params, "crf", emissions, []int{2, 1})
	fmt.Println(tags, err)

	marginals := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CRF{Lengths: in[1]}.Marginals(g.Scope("crf"), in[0])}
	})
	out, err := marginals.Run(emissions, graph.Ints([]int{2, 1}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("tag 1 at the second step: %.2f\n", out[0].Float32s()[5])
	// Output:
	// [[0 1] [1]] <nil>
	// tag 1 at the second step: 1.00
}

// A loss of one's own, the mean over words of the squared distance from a goal, says what its mean is over: in shards,
// accumulated batches and validation it is that of one large batch then.
func Example_meanOver() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, lengths := in[0], in[1]              // [T, B], [B]
		mask := g.LengthMask(lengths, y.Dim(0)) // [T, B]: 1 where there is a word
		return []graph.Node{g.MeanOver(g.Sum(g.Mul(mask, g.Square(g.AddScalar(y, -1)))), g.Sum(mask))}
	})
	in := []*tensor.Dense{graph.Floats([]float32{1, 4, 3, 9}, 2, 2), graph.Ints([]int{2, 1})}
	loss, err := f.Run(in...)
	if err != nil {
		fmt.Println(err)
		return
	}
	words, err := f.Weights().Run(in...)
	fmt.Printf("%.3f over %g words %v\n", graph.Scalar(loss[0]), graph.Scalar(words[0]), err)
	// Output: 4.333 over 3 words <nil>
}

// The losses of single targets, of which the last one is padding.
func ExampleMean() {
	pad := -1
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		each := g.CrossEntropy(in[0], in[1], pad) // or those of nn.AdaptiveHead, nn.SampledHead
		return []graph.Node{losses.Mean{Ignore: &pad}.Apply(g, each, in[1])}
	})
	out, err := f.Run(graph.Floats64(make([]float64, 3*8), 3, 8), graph.Ints([]int{7, 2, pad}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f, log 8 is %.4f\n", graph.Scalar(out[0]), math.Log(8))
	// Output: 2.0794, log 8 is 2.0794
}

// A network's outputs for one target: the count 3 under a negative binomial distribution of mean 2 and dispersion 0.5.
func ExampleLikelihood() {
	raw := []float64{math.Log(math.Expm1(2 - distribution.Least)), math.Log(math.Expm1(0.5 - distribution.Least))}
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.Likelihood{Family: distribution.NegativeBinomial}.Apply(g, in[0], in[1])}
	}).Run(graph.Floats64(raw, 1, 2), graph.Floats64([]float64{3}, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := distribution.NegativeBinomial.FromOutputs(raw, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("loss %.4f, probability %.4f\n", graph.Scalar(out[0]), math.Exp(d.LogDensity(3)))
	fmt.Printf("mean %.1f, variance %.1f, 90 %% between %g and %g\n", d.Mean(), d.Variance(), d.Quantile(0.05), d.Quantile(0.95))
	// Output:
	// loss 2.0794, probability 0.1250
	// mean 2.0, variance 4.0, 90 % between 0 and 6
}
