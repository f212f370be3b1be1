package train_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
)

// counted are sequences of ids 1 to 4 and whether 3 is in them.
func counted(n int) (sequences [][]int, labels []int) {
	x := uint64(1)
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
		s := make([]int, 2+x>>60%5)
		for j := range s {
			s[j] = 1 + int(x>>(10+3*j)%4)
		}
		label := 0
		if slices.Contains(s, 3) {
			label = 1
		}
		sequences, labels = append(sequences, s), append(labels, label)
	}
	return sequences, labels
}

// classifier is a run over shuffled batches of sequences of different lengths.
func classifier(t *testing.T, epochs int, path string) *train.Loop {
	t.Helper()
	sequences, labels := counted(90)
	source := func(from, to int, shuffle bool) train.Source {
		b, err := datasets.LabelledBatches(sequences[from:to], labels[from:to], datasets.Batching{Size: 8, Shuffle: shuffle, Seed: 3, Pool: 3, RoundTo: 2})
		if err != nil {
			t.Fatal(err)
		}
		return train.FromBatches(b)
	}
	p := graph.NewParams(1)
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 5, Size: 4}, Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 8}},
		Classes: 2, Dropout: 0.1}
	return &train.Loop{Params: p, Data: source(0, 70, true), Validation: source(70, 90, false),
		Loss: graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CrossEntropy{}.Apply(g, model.Apply(g, in[0], recurrent.Options{Lengths: in[1]}), in[2])}
		}),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.03), ClipNorm: 1, Epochs: epochs, Seed: 7, Checkpoint: path, KeepBest: true}
}

func TestTrainingOnBatches(t *testing.T) {
	l := classifier(t, 12, "")
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.History) != 12 || r.Best > 0.3 || r.History[11].TrainLoss >= r.History[0].TrainLoss {
		t.Errorf("best %g after %v", r.Best, r.History)
	}
	if v, err := l.Validate(l.Validation); err != nil || v != r.Best { // the weights are those of the best pass
		t.Errorf("the weights give %g, the best pass gave %g, error %v", v, r.Best, err)
	}
}

// A run over shuffled batches that was stopped anywhere ends with the bits of one that was not.
func TestShuffledRunsResume(t *testing.T) {
	whole := classifier(t, 4, filepath.Join(t.TempDir(), "whole"))
	want, err := whole.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{1, 9, 10, 22, 35} {
		path := filepath.Join(t.TempDir(), "part")
		ctx, stop := context.WithCancel(context.Background())
		part := classifier(t, 4, path)
		part.OnStep = func(p train.Progress) {
			if p.Step == after {
				stop()
			}
		}
		if _, err := part.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		rest := classifier(t, 4, path)
		saved, err := train.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := rest.Resume(saved); err != nil {
			t.Fatal(err)
		}
		got, err := rest.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got.History) != fmt.Sprint(want.History) {
			t.Errorf("stopped after %d steps: history %v, want %v", after, got.History, want.History)
		}
		for i := range whole.Params.Len() {
			a, b := whole.Params.At(i).Value().Float32s(), rest.Params.At(i).Value().Float32s()
			if !slices.Equal(a, b) {
				t.Errorf("stopped after %d steps: %s differs", after, whole.Params.At(i).Name())
			}
		}
	}
}

// failing breaks off in the middle of a pass.
type failing struct{ datasets.BatchSource }

func (failing) Next() (*datasets.Batch, bool) { return nil, false }
func (failing) Err() error                    { return errors.New("the disk is gone") }

func TestSourcesThatFail(t *testing.T) {
	l := classifier(t, 2, "")
	sequences, labels := counted(10)
	b, err := datasets.LabelledBatches(sequences, labels, datasets.Batching{Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	l.Data = train.FromBatches(failing{b})
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "after step 0: the disk is gone") {
		t.Error(err)
	}
	l = classifier(t, 1, "")
	l.Validation = train.FromBatches(failing{b})
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "validation: the disk is gone") {
		t.Error(err)
	}
}

// What the loss function gets of each kind of batch.
func TestOrderOfArguments(t *testing.T) {
	shapes := func(s datasets.BatchSource, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		source := train.FromBatches(s)
		in, ok := source.Next()
		if !ok {
			t.Fatal("no batch")
		}
		text := ""
		for _, v := range in {
			text += fmt.Sprint(v.Dtype(), []int(v.Shape()), " ")
		}
		return text + fmt.Sprint(source.Tokens())
	}
	o := datasets.Batching{Size: 2}
	sequences := [][]int{{1, 2, 3}, {4}}
	labelled, err := datasets.LabelledBatches(sequences, []int{0, 1}, o)
	if got, want := shapes(labelled, err), "int [3 2] int [2] int [2] 2"; got != want {
		t.Errorf("labelled: %s, want %s", got, want)
	}
	tagged, err := datasets.TaggedBatches(sequences, sequences, o)
	if got, want := shapes(tagged, err), "int [3 2] int [2] int [3 2] 4"; got != want {
		t.Errorf("tagged: %s, want %s", got, want)
	}
	pairs, err := datasets.PairBatches(sequences, [][]int{{5}, {6, 7, 8, 9}}, 0, 1, o)
	if got, want := shapes(pairs, err), "int [3 2] int [2] int [5 2] int [5 2] 7"; got != want {
		t.Errorf("pairs: %s, want %s", got, want)
	}
	features, err := datasets.FeatureBatches([][]float32{{1, 2}, {3, 4, 5, 6}}, 2, []int{0, 1}, o)
	if got, want := shapes(features, err), "float32 [2 2 2] int [2] int [2] 2"; got != want {
		t.Errorf("features: %s, want %s", got, want)
	}
	unlabelled, err := datasets.FeatureBatches([][]float32{{1, 2}, {3, 4, 5, 6}}, 2, nil, o)
	if got, want := shapes(unlabelled, err), "float32 [2 2 2] int [2] 2"; got != want {
		t.Errorf("unlabelled: %s, want %s", got, want)
	}
	numbers, err := unlabelled.WithNumbers([][]float32{{1, 2, 3}, {4, 5, 6}})
	if got, want := shapes(numbers, err), "float32 [2 2 2] int [2] float32 [2 3] 2"; got != want {
		t.Errorf("numbers: %s, want %s", got, want)
	}
}

func TestDiagnose(t *testing.T) {
	nan := math.NaN()
	run := func(losses ...float64) []train.Pass { // training, validation, training, validation ...
		var out []train.Pass
		for i := 0; i < len(losses); i += 2 {
			out = append(out, train.Pass{Epoch: 1 + i/2, TrainLoss: losses[i], Validation: losses[i+1]})
		}
		return out
	}
	for want, history := range map[string][]train.Pass{
		"Too short": run(1, 1),
		"Improving": run(2, 2, 1, 1.1, 0.8, 0.9),
		"Overfitting since epoch 2: there the validation loss was 1.1, now it is 1.4, while the training loss fell from 1 to 0.3": run(2, 2, 1, 1.1, 0.6, 1.2, 0.3, 1.4),
		"Underfitting: in 3 passes the training loss fell from 2 to 1.99 only":                                                    run(2, 2, 2, 2, 1.99, 2),
		"Diverged: the training loss went from 2 to 7":                                                                            run(2, 2, 7, 7),
		"Diverged: the training loss went from 2 to NaN":                                                                          run(2, nan, nan, nan),
		"Converged: the training loss (0.5) hardly falls any more.":                                                               run(2, nan, 0.501, nan, 0.5, nan),
		"Converged: the validation loss (0.331) has hardly fallen since epoch 3, where it was 0.3307, while the training loss fell on to 0.1.": run(
			1, 0.5, 0.5, 0.4, 0.3, 0.3307, 0.2, 0.3329, 0.1, 0.331),
		"Converged: the validation loss (0) has hardly fallen since epoch 2, where it was 0,": run(1, 0.5, 0.1, 0, 0.01, 0, 0.001, 0),
		"Still improving: the training loss fell from 1 to 0.1, the validation loss is 0.3":   run(1, 0.5, 0.3, 0.33, 0.2, 0.335, 0.1, 0.3),
		"Still improving: the training loss fell from 1 to 0.5, the validation loss is 0.505": run(1, 0.5, 0.5, 0.505),
		"Still improving: the training loss fell from 2 to 0.9. More":                         run(2, nan, 0.9, nan),
	} {
		d := train.Diagnose(history)
		for _, name := range []string{"Patience", "KeepBest", "ClipNorm", "Loop"} { // who reads it may know nothing of the library
			if strings.Contains(d.String(), name) {
				t.Errorf("%q speaks of %s", d, name)
			}
		}
		if !strings.Contains(d.String(), want) && !strings.EqualFold(d.State.String(), "still "+want) && !strings.HasPrefix(d.String(), want) {
			t.Errorf("%v: %v (%s), want %q", history, d.State, d, want)
		}
	}
}
