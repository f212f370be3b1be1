package train_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
)

// exampleLoop is a run that learns whether there is a 3 in a sequence.
func exampleLoop(hidden int, rate float64, seed uint64) (*train.Loop, error) {
	sequences, labels := counted(90)
	training, err := datasets.LabelledBatches(sequences[:70], labels[:70], datasets.Batching{Size: 8, Shuffle: true, Seed: seed})
	if err != nil {
		return nil, err
	}
	validation, err := datasets.LabelledBatches(sequences[70:], labels[70:], datasets.Batching{Size: 8})
	if err != nil {
		return nil, err
	}
	params := graph.NewParams(seed)
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 5, Size: 4},
		Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: hidden}}, Classes: 2}
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := model.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[2])}
	})
	return &train.Loop{Params: params, Loss: loss, Data: train.FromBatches(training), Validation: train.FromBatches(validation),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(rate), ClipNorm: 1, Epochs: 10, KeepBest: true, Seed: seed}, nil
}

// A run on shuffled batches, which ends with the best weights.
func Example() {
	l, err := exampleLoop(8, 0.03, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := l.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Epoch, "passes,", result.Step, "steps; loss below 0.3:", result.Best < 0.3)
	fmt.Println(train.Diagnose(result.History).State != train.Diverged)
	// Output:
	// 10 passes, 90 steps; loss below 0.3: true
	// true
}

// A run that stops when a goal is reached, with workers, averaged weights and a log.
func ExampleCallback() {
	l, err := exampleLoop(8, 0.03, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := train.NewCSVLog(io.Discard, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	l.Parallel, l.Average = train.Parallel{Shards: 2}, 0.9
	l.Callbacks = []train.Callback{goal(0.5), train.LogTo(10, table)}
	result, err := l.Run(context.Background())
	fmt.Println(result.Stopped, result.Best < 0.5, err)
	// Output: true true <nil>
}

// goal is a validation loss that is low enough.
type goal float64

func (goal) Stepped(train.Progress) error { return nil }

func (g goal) Validated(v train.Validation) error {
	if v.Loss < float64(g) {
		return train.Stop
	}
	return nil
}

// A run that is interrupted and continued.
func ExampleLoop_Resume() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	first, err := exampleLoop(8, 0.03, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	first.Checkpoint = filepath.Join(folder, "model.safetensors")
	first.OnStep = func(p train.Progress) {
		if p.Step == 25 {
			cancel()
		}
	}
	_, err = first.Run(ctx)
	fmt.Println(err)

	second, err := exampleLoop(8, 0.03, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	saved, err := train.ReadCheckpoint(first.Checkpoint)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := second.Resume(saved); err != nil {
		fmt.Println(err)
		return
	}
	result, err := second.Run(context.Background())
	fmt.Println("from step", saved.Step(), "to", result.Step, err)
	// Output:
	// train: interrupted: context canceled
	// from step 25 to 90 <nil>
}

// A learning rate is found before training.
func ExampleLoop_FindRate() {
	l, err := exampleLoop(8, 0.03, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	curve, err := l.FindRate(context.Background(), train.RateTest{From: 1e-4, To: 1})
	fmt.Println(curve.Steepest > 1e-4 && curve.Steepest < 1, err)
	// Output: true <nil>
}

// Two rates and two widths.
func ExampleSweep() {
	table, err := train.Sweep{
		Axes: []train.Axis{{Name: "rate", Values: []float64{0.03, 0.0003}}, {Name: "hidden", Values: []float64{4, 8}}},
		Seed: 1,
		Run: func(ctx context.Context, t train.Trial) (train.Result, error) {
			l, err := exampleLoop(int(t.Get("hidden")), t.Get("rate"), t.Seed)
			if err != nil {
				return train.Result{}, err
			}
			return l.Run(ctx)
		},
	}.Do(context.Background())
	best, _ := table.Best()
	fmt.Println(len(table), "runs; the best has the rate", best.Get("rate"), err)
	// Output: 4 runs; the best has the rate 0.03 <nil>
}
