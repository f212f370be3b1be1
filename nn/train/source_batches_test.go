package train_test

import (
	"context"
	"fmt"
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
	return &train.Loop{Data: source(0, 70, true), Validation: train.Validation{Data: source(70, 90, false), KeepBest: true},
		Loss: graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			logits, _ := model.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
			return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[2])}
		}),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.03), Clip: train.Clip{Norm: 1}, Epochs: epochs, Seed: 7, Saving: train.Saving{Path: path}}
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
	if v, err := train.Validate(l.Loss, l.Validation.Data, l.State); err != nil || v != r.Best { // the weights are those of the best pass
		t.Errorf("the weights give %g, the best pass gave %g, error %v", v, r.Best, err)
	}
}

// A run over shuffled batches that was stopped anywhere ends with the bits of one that was not.
func TestShuffledRunsResume(t *testing.T) {
	whole := classifier(t, 4, filepath.Join(t.TempDir(), "whole"))
	want := run(t, whole)
	for _, after := range []int{1, 9, 10, 22, 35} {
		path := filepath.Join(t.TempDir(), "part")
		cancelAt(t, classifier(t, 4, path), after)
		rest := classifier(t, 4, path)
		got := resume(t, rest)
		if fmt.Sprint(got.History) != fmt.Sprint(want.History) {
			t.Errorf("stopped after %d steps: history %v, want %v", after, got.History, want.History)
		}
		for i := range whole.Loss.Params().Len() {
			a, b := whole.Loss.Params().At(i).Value().Float32s(), rest.Loss.Params().At(i).Value().Float32s()
			if !slices.Equal(a, b) {
				t.Errorf("stopped after %d steps: %s differs", after, whole.Loss.Params().At(i).Name())
			}
		}
	}
}

// failing breaks off in the middle of a pass.
type failing struct{ datasets.BatchSource }

func (failing) Next() (*datasets.Batch, bool) { return nil, false }
func (failing) Err() error                    { return errors.New("the disk is gone") }

// wrong gives batches whose parts do not fit, or none.
type wrong struct {
	datasets.BatchSource
	batch *datasets.Batch
}

func (w wrong) Next() (*datasets.Batch, bool) { return w.batch, true }

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
	for _, batch := range []*datasets.Batch{nil, {Values: []float32{1, 2}}} {
		l = classifier(t, 2, "")
		l.Data = train.FromBatches(wrong{b, batch})
		if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "a batch without examples") {
			t.Errorf("%v: want an error about a batch without examples", err)
		}
	}
	for _, none := range []train.Source{train.FromBatches(nil), train.FromWindows(nil)} {
		l = classifier(t, 2, "")
		l.Data = none
		if _, err := l.Run(context.Background()); err == nil {
			t.Error("a source of nothing was trained on")
		}
	}
	l = classifier(t, 1, "")
	l.Validation.Data = train.FromBatches(failing{b})
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "validation: the disk is gone") {
		t.Error(err)
	}
}

// odd gives one batch that nobody should make.
type odd struct{ batch *datasets.Batch }

func (odd) Len() int                        { return 1 }
func (odd) SetEpoch(int)                    {}
func (odd) Seek(int) error                  { return nil }
func (odd) Err() error                      { return nil }
func (o odd) Next() (*datasets.Batch, bool) { return o.batch, true }

func TestBatchesThatDoNotFit(t *testing.T) {
	two := []int{0, 1}
	for want, b := range map[string]*datasets.Batch{
		"a batch without examples":        nil,
		"without examples":                {},
		"3 Inputs; want 4":                {Examples: two, Steps: 2, Inputs: []int{1, 2, 3}},
		"3 Values; want a multiple of 2":  {Examples: two, Steps: 1, Values: []float32{1, 2, 3}},
		"3 Values; want a multiple of 0":  {Examples: two, Values: []float32{1, 2, 3}},
		"1 Lengths; want 2":               {Examples: two, Lengths: []int{1}},
		"3 Labels; want 2":                {Examples: two, Labels: []int{1, 2, 3}},
		"0 Numbers; want a multiple of 2": {Examples: two, Numbers: []float32{}},
		"2 Targets; want 6":               {Examples: two, Steps: 1, TargetSteps: 3, TargetInputs: []int{1, 2, 3, 1, 2, 3}, Targets: two},
		"1 TargetLengths; want 2":         {Examples: two, TargetLengths: []int{1}},
		"3 Future; want a multiple of 2":  {Examples: two, TargetSteps: 1, Future: []float32{1, 2, 3}},
	} {
		l := classifier(t, 1, "")
		s := train.FromBatches(odd{b})
		if n := s.(train.CountingSource).TokensOf(0, 3); n != 0 {
			t.Errorf("%s: %d tokens before the first batch", want, n)
		}
		l.Data = s
		_, err := l.Run(context.Background())
		refused(t, want, err, "train: FromBatches: a batch", want)
		if s.Seek(0) != nil || s.(train.FallibleSource).Err() != nil {
			t.Errorf("%s: the error stays", want)
		}
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
