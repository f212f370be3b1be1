package train_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// named are the numbers of a batch's fields, by the field's name.
func named(b *datasets.Batch) map[string][]float64 {
	out := map[string][]float64{}
	for name, v := range map[string]any{"Inputs": b.Inputs, "Values": b.Values, "Lengths": b.Lengths, "TargetInputs": b.TargetInputs,
		"Labels": b.Labels, "Numbers": b.Numbers, "Targets": b.Targets, "Future": b.Future} {
		switch v := v.(type) {
		case []int:
			for _, x := range v {
				out[name] = append(out[name], float64(x))
			}
		case []float32:
			for _, x := range v {
				out[name] = append(out[name], float64(x))
			}
		}
	}
	return out
}

// Whatever makes batches: every node has the name of the field that its numbers come from, and the states are the states.
func TestBatchOfNamesWhatDatasetsMake(t *testing.T) {
	o := datasets.Batching{Size: 3}
	sequences := [][]int{{1, 2, 3}, {4}, {2, 2}}
	features := [][]float32{{1, 2}, {3, 4, 5, 6}, {7, 8}}
	all := map[string]datasets.BatchSource{}
	add := func(name string, s datasets.BatchSource, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(name, err)
		}
		all[name] = s
	}
	labelled, err := datasets.LabelledBatches(sequences, []int{0, 1, 1}, o)
	add("labelled", labelled, err)
	one, err := datasets.LabelledBatches(sequences[1:2], []int{1}, o)
	add("one of one step", one, err)
	tagged, err := datasets.TaggedBatches(sequences, sequences, o)
	add("tagged", tagged, err)
	pairs, err := datasets.PairBatches(sequences, [][]int{{5}, {6, 7, 8}, {9}}, 0, 1, o)
	add("pairs", pairs, err)
	featured, err := datasets.FeatureBatches(features, 2, []int{0, 1, 0}, o)
	add("features", featured, err)
	unlabelled, err := datasets.FeatureBatches(features, 2, nil, o)
	add("unlabelled", unlabelled, err)
	numbered, err := unlabelled.WithNumbers([][]float32{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})
	add("numbers", numbered, err)
	series, err := datasets.Series{Values: []float64{1, 2, 3, 4, 5, 6, 7, 8}, Features: 1, Window: 3, Horizon: 2}.Batches(o)
	add("series", series, err)
	for name, s := range all {
		want, ok := s.Next()
		if !ok || s.Seek(0) != nil {
			t.Fatal(name)
		}
		in, _ := train.FromBatches(s).Next()
		for _, state := range [][]*tensor.Dense{nil, {graph.Floats(make([]float32, 12), 3, 4), graph.Floats(make([]float32, 6), 3, 1, 2)}} {
			if name == "unlabelled" && state != nil {
				continue // nothing to predict: a state would be taken for it
			}
			got := map[string][]float64{}
			states := 0
			f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, nodes []graph.Node) []graph.Node {
				b := train.BatchOf(g, nodes)
				states = len(b.State)
				for i := range reflect.TypeFor[train.Batch]().NumField() {
					n, ok := reflect.ValueOf(b).Field(i).Interface().(graph.Node)
					if !ok || !n.Valid() {
						continue
					}
					for j, node := range nodes {
						if node == n {
							got[reflect.TypeFor[train.Batch]().Field(i).Name] = numbersOf(in[j])
						}
					}
				}
				return []graph.Node{g.Full(1)}
			})
			if _, err := f.Run(append(slices.Clip(in), state...)...); err != nil {
				t.Fatal(name, err)
			}
			if !reflect.DeepEqual(got, named(want)) || states != len(state) {
				t.Errorf("%s, with %d states: %v and %d states, want %v", name, len(state), got, states, named(want))
			}
		}
	}
}

func numbersOf(t *tensor.Dense) []float64 {
	if t.Dtype() != tensor.Int {
		return floats(t)
	}
	var out []float64
	for _, v := range t.Ints() {
		out = append(out, float64(v))
	}
	return out
}

func floats(t *tensor.Dense) []float64 {
	var out []float64
	for _, v := range t.Float32s() {
		out = append(out, float64(v))
	}
	return out
}

func TestBatchOfWindows(t *testing.T) {
	w, err := datasets.NewWindows([]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := train.FromWindows(w).Next()
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, nodes []graph.Node) []graph.Node {
		b := train.BatchOf(g, nodes)
		if b.Inputs != nodes[0] || b.Targets != nodes[1] || len(b.State) != 1 || b.State[0] != nodes[2] || b.Lengths.Valid() || b.TargetInputs.Valid() {
			t.Errorf("%+v", b)
		}
		return []graph.Node{g.Full(1)}
	})
	if _, err := f.Run(append(in, graph.Floats(make([]float32, 4), 2, 2))...); err != nil {
		t.Error(err)
	}
}

func TestBatchOfRefuses(t *testing.T) {
	ids := func(shape ...int) *tensor.Dense {
		return graph.Ints(make([]int, tensor.Shape(shape).TotalSize()), shape...)
	}
	numbers := graph.Floats(make([]float32, 6), 2, 3)
	for want, in := range map[string][]*tensor.Dense{
		"the first of 0 inputs is not ids [T, B]":                                          nil,
		"the first of 1 inputs is not ids [T, B] and not numbers [T, B, F]: numbers [2 3]": {numbers},
		"input 3 follows the batch, and is no state":                                       {ids(2, 3), ids(3), ids(3), ids(3), numbers},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			train.BatchOf(g, in)
			return []graph.Node{g.Full(1)}
		}).Run(in...)
		if err == nil || !strings.Contains(err.Error(), "train.BatchOf: "+want) || !strings.Contains(err.Error(), "batch_test.go:") {
			t.Errorf("error %v, want one with %q and its line", err, want)
		}
	}
}
