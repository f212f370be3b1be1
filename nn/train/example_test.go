package train_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// exampleLoop is a run that learns whether there is a 3 in a sequence.
func exampleLoop() (*train.Loop, error) {
	sequences, labels := counted(90)
	training, err := datasets.LabelledBatches(sequences[:70], labels[:70], datasets.Batching{Size: 8, Shuffle: true, Seed: 1})
	if err != nil {
		return nil, err
	}
	validation, err := datasets.LabelledBatches(sequences[70:], labels[70:], datasets.Batching{Size: 8})
	if err != nil {
		return nil, err
	}
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 5, Size: 4},
		Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 8}}, Classes: 2}
	loss := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		logits, _ := model.Apply(g, b.Inputs, recurrent.Options{Lengths: b.Lengths})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, b.Labels)}
	})
	return &train.Loop{
		Loss: loss, Data: train.FromBatches(training), Seed: 1,
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.03), Clip: train.Clip{Norm: 1},
		Epochs: 10, Validation: train.Validation{Data: train.FromBatches(validation), KeepBest: true},
	}, nil
}

// A run on shuffled batches, which ends with the best weights.
func Example() {
	l, err := exampleLoop()
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
	loss, err := train.Validate(l.Loss, l.Validation.Data, nil)
	fmt.Println(loss == result.Best, err)
	// Output:
	// 10 passes, 90 steps; loss below 0.3: true
	// true <nil>
}

// A run that stops when a goal is reached, with workers and averaged weights.
func ExampleObserver() {
	l, err := exampleLoop()
	if err != nil {
		fmt.Println(err)
		return
	}
	l.Parallel, l.Average = train.Parallel{Shards: 2}, 0.9
	l.Observers = []train.Observer{{OnValidation: func(e train.Evaluation) error {
		if e.Loss < 0.5 {
			return train.ErrStop
		}
		return nil
	}}}
	result, err := l.Run(context.Background())
	fmt.Println(result.Stopped, result.Best < 0.5, err)
	// Output: true true <nil>
}

// A run that is interrupted and continued.
func ExampleLoop_Resume() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	first, err := exampleLoop()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	first.Saving.Path = filepath.Join(folder, "model.safetensors")
	first.Observers = []train.Observer{{OnStep: func(p train.Progress) error {
		if p.Step == 25 {
			cancel()
		}
		return nil
	}}}
	_, err = first.Run(ctx)
	fmt.Println(err)

	second, err := exampleLoop()
	if err != nil {
		fmt.Println(err)
		return
	}
	saved, err := train.ReadCheckpoint(first.Saving.Path)
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

// sums is a source of one's own: number lists with their sum. It shuffles, so it is an EpochSource; it finds numbers that
// it cannot use, so it is a FallibleSource; and it counts targets, so it is a CountingSource.
type sums struct {
	numbers [][2]float64
	order   []int
	at      int
	size    int // of the last batch
	err     error
}

const sumsBatch = 4

func (s *sums) Len() int                  { return (len(s.numbers) + sumsBatch - 1) / sumsBatch }
func (s *sums) Tokens() int               { return s.size }
func (s *sums) TokensOf(from, to int) int { return to - from }
func (s *sums) Err() error                { return s.err }

// SetEpoch draws the order of a pass, which depends on the pass's number alone.
func (s *sums) SetEpoch(epoch int) {
	s.order = rand.New(rand.NewPCG(1, uint64(epoch))).Perm(len(s.numbers))
}

func (s *sums) Seek(batch int) error {
	if batch < 0 || batch > s.Len() {
		return fmt.Errorf("batch %d of %d", batch, s.Len())
	}
	s.at, s.err = batch*sumsBatch, nil
	return nil
}

// Next gives numbers [B, 2] and sums [B, 1].
func (s *sums) Next() ([]*tensor.Dense, bool) {
	if s.at >= len(s.order) {
		return nil, false
	}
	var x, y []float64
	for _, i := range s.order[s.at:min(s.at+sumsBatch, len(s.order))] {
		if s.numbers[i][0] < 0 {
			s.err = errors.New("a number below 0")
			return nil, false
		}
		x, y = append(x, s.numbers[i][:]...), append(y, s.numbers[i][0]+s.numbers[i][1])
	}
	s.at, s.size = s.at+sumsBatch, len(y)
	return []*tensor.Dense{graph.Floats64(x, len(y), 2), graph.Floats64(y, len(y), 1)}, true
}

// A source of one's own, with everything that one may offer. Its batches are not those of datasets, so the loss function
// takes its inputs by their places.
func ExampleSource() {
	data := &sums{}
	for i := range 10 {
		data.numbers = append(data.numbers, [2]float64{float64(i) / 10, float64(i*i%7) / 10})
	}
	var _ train.EpochSource = data
	var _ train.FallibleSource = data
	var _ train.CountingSource = data
	loss := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x, sum := in[0], in[1]
		return []graph.Node{losses.MSE{}.Apply(g, nn.Dense{Units: 1}.Apply(g.Scope("sum"), x), sum)}
	})
	l := &train.Loop{Loss: loss, Data: data, Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.05), Epochs: 80}
	result, err := l.Run(context.Background())
	fmt.Println(result.Step, "steps; the sum is learned:", result.TrainLoss < 1e-3, err)

	data.numbers[3][0] = -1
	_, err = train.Validate(loss, data, nil)
	fmt.Println(err)
	// Output:
	// 240 steps; the sum is learned: true <nil>
	// train: Validate: a number below 0
}

// halving is a schedule of one's own with a memory: it halves the rate whenever a validation was no better than the one
// before. With these four methods its memory is part of checkpoints.
type halving struct{ rate, last float64 }

func (s *halving) Rate(int) float64 { return s.rate }

func (s *halving) Observe(loss float64) {
	if s.last != 0 && loss >= s.last {
		s.rate /= 2
	}
	s.last = loss
}

func (s *halving) State() (string, error) { return fmt.Sprint(s.rate, " ", s.last), nil }

func (s *halving) Restore(state string) error {
	var next halving
	if _, err := fmt.Sscan(state, &next.rate, &next.last); err != nil {
		return err
	}
	*s = next
	return nil
}

// A schedule of one's own that listens to the validation losses.
func ExampleLoop_schedule() {
	l, err := exampleLoop()
	if err != nil {
		fmt.Println(err)
		return
	}
	schedule := &halving{rate: 0.3}
	l.Schedule, l.Epochs = schedule, 20
	result, err := l.Run(context.Background())
	fmt.Println(result.History[0].Rate, schedule.rate < 0.3, err)
	// Output: 0.3 true <nil>
}
