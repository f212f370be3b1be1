package models

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/train"
)

// waves are sequences of two measurements, of 6 to 12 rows, whose class is how fast they go up and down, and whose number is
// how high. A share of the values is missing.
func waves(n int, missing float64, numbers bool) Sequences {
	rng := rand.New(rand.NewPCG(3, 3))
	s := Sequences{Columns: []SequenceColumn{{Name: "a"}, {Name: "b"}}}
	for i := range n {
		fast, height, phase := float64(i%2), 1+rng.Float64(), 6*rng.Float64()
		var values, times []float64
		for t := range 6 + rng.IntN(7) {
			at := phase + float64(t)*(0.5+fast)
			for _, v := range []float64{5 + height*math.Sin(at), height * math.Cos(at)} {
				if rng.Float64() < missing {
					v = math.NaN()
				}
				values = append(values, v)
			}
			times = append(times, 10*float64(t))
		}
		s.IDs, s.Values, s.Times = append(s.IDs, fmt.Sprint("w", i)), append(s.Values, values), append(s.Times, times)
		if numbers {
			s.Numbers = append(s.Numbers, 100*height)
		} else {
			s.Labels = append(s.Labels, []string{"slow", "fast"}[i%2])
		}
	}
	return s
}

func newSequences(t *testing.T, c Config, s Sequences) *SequenceModel {
	t.Helper()
	c.Hidden, c.Batch = 8, 8
	m, err := NewSequenceModel(c, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Every cell learns classes and numbers, with values missing and without, better than what knows nothing.
func TestSequenceModelsLearn(t *testing.T) {
	for _, cell := range []string{"gru", "lstm", "grud", "mingru"} {
		for _, numbers := range []bool{false, true} {
			s := waves(160, 0.2, numbers)
			fit, valid, test, err := s.Split(0.1, 0.3)
			if err != nil {
				t.Fatal(err)
			}
			m := newSequences(t, Config{Cell: cell, Rate: 0.02, Epochs: 12, Layers: 2, Sequence: SequenceConfig{Marks: cell == "gru"}}, fit)
			if _, err := m.Fit(context.Background(), fit, valid, Run{}); err != nil {
				t.Fatal(err)
			}
			e, err := m.Evaluate(test)
			if err != nil {
				t.Fatal(err)
			}
			base, err := m.Baselines(fit, valid, test)
			if err != nil || len(base) != 2 {
				t.Fatal(len(base), err)
			}
			if numbers && !(e.R2 > 0.5 && e.RMSE < base[0].RMSE && math.Abs(base[0].R2) < 0.2) {
				t.Errorf("%s: R2 %.2f, RMSE %.2f; of the mean %.2f", cell, e.R2, e.RMSE, base[0].RMSE)
			}
			if !numbers && !(e.Confusion.Accuracy() > 0.85 && base[0].Confusion.Accuracy() < 0.7) {
				t.Errorf("%s: accuracy %.2f, of the most frequent class %.2f", cell, e.Confusion.Accuracy(), base[0].Confusion.Accuracy())
			}
		}
	}
}

// A model comes back from its file, says the same, and trains on; from a checkpoint to the bit.
func TestSequenceModelFiles(t *testing.T) {
	for name, c := range map[string]Config{
		"classes": {Cell: "grud", ClassWeights: Balanced},
		"numbers": {Cell: "gru", Pool: "attention", Sequence: SequenceConfig{Huber: 1, Fill: FillForward}},
	} {
		s := waves(60, 0.3, name == "numbers")
		c.Epochs = 4
		whole := newSequences(t, c, s)
		dir := t.TempDir()
		if _, err := whole.Fit(context.Background(), s, Sequences{}, Run{}); err != nil {
			t.Fatal(err)
		}
		half := newSequences(t, c, s)
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		if _, err := half.Fit(ctx, s, Sequences{}, Run{Checkpoint: filepath.Join(dir, "half"), Observers: []train.Observer{stopAt(9, cancel)}}); err == nil {
			t.Fatal("the run was not stopped")
		}
		back, err := LoadSequenceModel(filepath.Join(dir, "half"))
		if err != nil || !back.Trained() {
			t.Fatal(err)
		}
		if _, err := back.Resume(context.Background(), s, Sequences{}, Run{}); err != nil {
			t.Fatal(err)
		}
		same(t, name+", resumed", whole.Params(), back.Params())

		path := filepath.Join(dir, "model.safetensors")
		if err := whole.Save(path); err != nil {
			t.Fatal(err)
		}
		if back, err = LoadSequenceModel(path); err != nil {
			t.Fatal(err)
		}
		want, err := whole.Predict(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := back.Predict(s)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v\n%v came back as\n%v", name, err, want[0], got[0])
		}
		c := whole.Config()
		c.Rate = 0.001
		if _, err := back.With(c); err != nil {
			t.Error(err)
		}
		c.Hidden++
		if _, err := back.With(c); err == nil || !strings.Contains(err.Error(), "a model keeps its network") {
			t.Error(err)
		}
	}
}

// A model of other classes keeps all weights but those of its head.
func TestSequenceModelForOtherClasses(t *testing.T) {
	s := waves(20, 0, false)
	m := newSequences(t, Config{}, s)
	for i := range s.Labels {
		s.Labels[i] = fmt.Sprint("class ", i%3)
	}
	other, err := NewSequenceModelOf(m.Config(), m, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(other, m); err != nil {
		t.Fatal(err)
	}
	if n := other.Params().Get("head.bias").Len(); n != 3 {
		t.Errorf("a head of %d classes", n)
	}
	if a, b := m.Params().Get("rnn.weight_ih_l0"), other.Params().Get("rnn.weight_ih_l0"); !slices.Equal(a.Value().Float32s(), b.Value().Float32s()) {
		t.Error("the weights of the layers differ")
	}
}

// Each class has its share of every part, and no sequence is in two.
func TestSplitIsStratified(t *testing.T) {
	s := waves(103, 0, false)
	for i := range s.Labels {
		s.Labels[i] = []string{"many", "many", "many", "many", "few"}[i%5]
	}
	fit, valid, test, err := s.Split(0.1, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, part := range []Sequences{fit, valid, test} {
		few := 0
		for i, id := range part.IDs {
			if seen[id] {
				t.Errorf("%s is in two parts", id)
			}
			seen[id] = true
			if part.Labels[i] == "few" {
				few++
			}
		}
		if want := float64(part.Len()) / 5; math.Abs(float64(few)-want) > 1.01 {
			t.Errorf("%d of %d are of the rare class; want about %.1f", few, part.Len(), want)
		}
	}
	if len(seen) != 103 || test.Len() != 20 || valid.Len() != 8 {
		t.Errorf("%d sequences in parts of %d, %d and %d", len(seen), fit.Len(), valid.Len(), test.Len())
	}
}

// What ONNX computes is what the model computes, for missing values, masks and gaps, too.
func TestSequenceModelsAsONNX(t *testing.T) {
	s := waves(12, 0.3, false)
	for _, c := range []Config{{Cell: "gru", Pool: "mean"}, {Cell: "lstm", OneWay: true, Pool: "last", Sequence: SequenceConfig{Marks: true}}} {
		m := newSequences(t, c, s)
		rows, width, err := m.encode(s)
		if err != nil {
			t.Fatal(err)
		}
		steps := len(rows[0]) / width
		in := graph.Floats(rows[0], steps, 1, width)
		want, err := m.Output().Run(in, graph.Ints([]int{steps}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := exported(t, m).Run(in, graph.Ints([]int{steps}))
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, c.Cell, got[0], want[0], 1e-6)
		if err := m.Export(filepath.Join(t.TempDir(), "m.weights.h5")); err != nil {
			t.Error(err)
		}
	}
	m := newSequences(t, Config{Cell: "grud"}, s)
	if err := m.Export(filepath.Join(t.TempDir(), "m.weights.h5")); err == nil || !strings.Contains(err.Error(), "no layer like the cell grud") {
		t.Error(err)
	}
	for _, format := range []string{"m.onnx", "m.safetensors"} {
		if err := m.Export(filepath.Join(t.TempDir(), format)); err != nil {
			t.Error(err)
		}
	}
}

// The inputs of a GRU-D, by hand: standardised values with zeros for what is missing, mask, gaps of eq. 1.
func TestInputs(t *testing.T) {
	nan := math.NaN()
	s := Sequences{
		Columns: []SequenceColumn{{Name: "v"}, {Name: "c", Categories: []string{"x", "y"}}},
		IDs:     []string{"one"}, Labels: []string{"k"},
		Values: [][]float64{{1, 0, nan, 1, 3, nan, nan, 1}},
		Times:  [][]float64{{0, 2, 3, 7}},
	}
	in, err := fitInputs(s)
	if err != nil {
		t.Fatal(err)
	}
	if in.Unit != 2 || in.Columns[0].Mean[0] != 2 || in.Columns[0].Deviation[0] != 1 || math.Abs(in.Columns[1].Mean[1]-2./3) > 1e-12 {
		t.Fatalf("%+v", in)
	}
	d := float32(in.Columns[1].Deviation[0])
	x, y := []float32{float32(2./3) / d, -float32(2./3) / d}, []float32{-float32(1./3) / d, float32(1./3) / d}
	for _, c := range []struct {
		layout inputLayout
		want   []float32
	}{
		{inputLayout{}, []float32{-1, x[0], x[1], 0, y[0], y[1], 1, 0, 0, 0, y[0], y[1]}},
		{inputLayout{forward: true}, []float32{-1, x[0], x[1], -1, y[0], y[1], 1, y[0], y[1], 1, y[0], y[1]}},
		{inputLayout{marks: true, gaps: true}, []float32{
			-1, x[0], x[1], 1, 1, 1, 0, 0, 0,
			0, y[0], y[1], 0, 1, 1, 1, 1, 1,
			1, 0, 0, 1, 0, 0, 1.5, .5, .5,
			0, y[0], y[1], 0, 1, 1, 2, 2.5, 2.5,
		}},
	} {
		got, err := in.encode(s, c.layout)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, fmt.Sprint(c.layout), graph.Floats(got[0]), graph.Floats(c.want), 1e-6)
	}
	all, err := in.encode(s, inputLayout{marks: true})
	if err != nil || math.Abs(float64(all[0][33])-math.Log(3)) > 1e-6 {
		t.Error(all, err)
	}
	s.Columns[1].Categories = []string{"w", "y"} // w, which training had not, counts as missing
	got, err := in.encode(s, inputLayout{})
	if err != nil || got[0][1] != 0 || got[0][2] != 0 || math.Abs(float64(got[0][4]-y[0])) > 1e-6 {
		t.Error(got, err)
	}
}

// The weights of every cell are counted to the number, and come back from a file.
func TestSequenceDemand(t *testing.T) {
	for _, cell := range Cells() {
		m := newSequences(t, Config{Cell: cell, Layers: 2, OneWay: cell == "sru"}, waves(20, 0.1, false))
		if err := m.draw(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range m.Params().Len() {
			n += m.Params().At(i).Len()
		}
		if want := m.Demand().Weights; want != float64(n) {
			t.Errorf("%s: %d weights; %v were expected", cell, n, want)
		}
		path := filepath.Join(t.TempDir(), cell)
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSequenceModel(path); err != nil {
			t.Errorf("%s: %v", cell, err)
		}
	}
}

// Ridge and logistic regression find what is there: a line, and a border.
func TestRegressions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var x [][]float64
	var y []float64
	var class []int
	for range 200 {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		x, y = append(x, []float64{a, b, 1}), append(y, 2*a-3*b+0.5)
		class = append(class, 0)
		if a > b {
			class[len(class)-1] = 1
		}
	}
	w := fitRidge(x, y, 0)
	for i, want := range []float64{2, -3, 0.5} {
		if math.Abs(w[i]-want) > 1e-9 {
			t.Errorf("coefficients %v", w)
		}
	}
	l, err := fitLogistic(x, class, 2, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, row := range x {
		score := 0.0
		for j, v := range row {
			score += float64(l.w[3+j]-l.w[j]) * v
		}
		if (score > 0) == (class[i] == 1) {
			right++
		}
	}
	if right < 196 {
		t.Errorf("%d of 200 are on the right side", right)
	}
}

// Any number of goroutines may predict at once, and each gets what one alone gets.
func TestSequencesPredictAtOnce(t *testing.T) {
	s := waves(30, 0.2, false)
	m := newSequences(t, Config{Cell: "grud"}, s)
	want, err := m.Predict(s)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := m.Predict(s)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v: predictions at once are others", err)
			}
			if _, err := m.Evaluate(s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
