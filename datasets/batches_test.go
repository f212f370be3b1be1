package datasets_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// randomSequences returns n sequences; sequence i holds i*100, i*100+1, ...
func randomSequences(n int) (sequences [][]int, labels []int) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		s := make([]int, r.IntN(20))
		for t := range s {
			s[t] = i*100 + t
		}
		sequences, labels = append(sequences, s), append(labels, i%3)
	}
	return sequences, labels
}

func pass(t testing.TB, s datasets.BatchSource) []*datasets.Batch {
	t.Helper()
	var all []*datasets.Batch
	for b, ok := s.Next(); ok; b, ok = s.Next() {
		all = append(all, b)
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return all
}

func labelled(t testing.TB, n int, o datasets.Batching) *datasets.Batches {
	t.Helper()
	sequences, labels := randomSequences(n)
	s, err := datasets.LabelledBatches(sequences, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryExampleIsInABatchOnce(t *testing.T) {
	sequences, labels := randomSequences(103)
	for _, o := range []datasets.Batching{
		{Size: 8}, {Size: 8, Shuffle: true}, {Size: 8, Shuffle: true, Pool: 4, RoundTo: 8, Padding: -7}, {Size: 8, Pool: math.MaxInt}, {Size: 103}, {Size: 500}, {Size: 1},
	} {
		s := labelled(t, 103, o)
		seen := map[int]bool{}
		batches := pass(t, s)
		if len(batches) != s.Len() || s.Len() != (103+o.Size-1)/o.Size {
			t.Errorf("%+v: %d batches, Len %d", o, len(batches), s.Len())
		}
		for _, b := range batches {
			n := len(b.Examples)
			if len(b.Inputs) != b.Steps*n || len(b.Lengths) != n || len(b.Labels) != n || o.RoundTo > 0 && b.Steps%o.RoundTo != 0 {
				t.Fatalf("%+v: %+v", o, b)
			}
			longest := 1
			for k, e := range b.Examples {
				if seen[e] || b.Labels[k] != labels[e] || b.Lengths[k] != len(sequences[e]) {
					t.Fatalf("%+v: example %d in %+v", o, e, b)
				}
				seen[e] = true
				longest = max(longest, b.Lengths[k])
				for step := range b.Steps {
					want := o.Padding
					if step < len(sequences[e]) {
						want = sequences[e][step]
					}
					if b.Inputs[step*n+k] != want {
						t.Fatalf("%+v: example %d, step %d is %d, want %d", o, e, step, b.Inputs[step*n+k], want)
					}
				}
			}
			if o.RoundTo == 0 && b.Steps != longest || b.Steps-longest >= max(1, o.RoundTo) {
				t.Errorf("%+v: %d steps for sequences of %d", o, b.Steps, longest)
			}
		}
		if len(seen) != 103 {
			t.Errorf("%+v: %d examples of 103", o, len(seen))
		}
	}
	if s := labelled(t, 103, datasets.Batching{Size: 8, DropLast: true}); s.Len() != 12 {
		t.Error(s.Len())
	}
}

func TestSortingByLengthSavesPadding(t *testing.T) {
	padding := func(o datasets.Batching) (n int) {
		for _, b := range pass(t, labelled(t, 1000, o)) {
			n += len(b.Inputs)
			for _, l := range b.Lengths {
				n -= l
			}
		}
		return n
	}
	plain, sorted := padding(datasets.Batching{Size: 10, Shuffle: true}), padding(datasets.Batching{Size: 10, Shuffle: true, Pool: 20})
	if sorted*5 > plain {
		t.Errorf("%d steps of padding with pools, %d without", sorted, plain)
	}
}

func TestEpochsAreShuffledAndResume(t *testing.T) {
	o := datasets.Batching{Size: 4, Shuffle: true, Seed: 7, Pool: 3}
	s := labelled(t, 50, o)
	epochs := map[int][]*datasets.Batch{}
	for _, e := range []int{0, 1, 2} {
		s.SetEpoch(e)
		epochs[e] = pass(t, s)
	}
	if reflect.DeepEqual(epochs[0], epochs[1]) || reflect.DeepEqual(epochs[1], epochs[2]) {
		t.Error("epochs are alike")
	}
	for _, again := range []datasets.BatchSource{labelled(t, 50, o), s, datasets.NewPrefetch(context.Background(), labelled(t, 50, o), 3)} {
		for e, want := range epochs {
			again.SetEpoch(e)
			for _, from := range []int{0, 5, again.Len()} {
				if err := again.Seek(from); err != nil {
					t.Fatal(err)
				}
				if got := pass(t, again); len(got) != len(want)-from || len(got) > 0 && !reflect.DeepEqual(got, want[from:]) {
					t.Fatalf("epoch %d from batch %d is another", e, from)
				}
			}
		}
		wantError(t, again.Seek(-1), "batch -1; there are 13")
		wantError(t, again.Seek(14), "batch 14; there are 13")
	}
	o.Seed++
	if reflect.DeepEqual(epochs[0], pass(t, labelled(t, 50, o))) {
		t.Error("another seed, the same order")
	}
}

func TestTaggedBatches(t *testing.T) {
	s, err := datasets.TaggedBatches([][]int{{1, 2, 3}, {4}}, [][]int{{10, 20, 30}, {40}}, datasets.Batching{Size: 2, TargetPadding: -1})
	if err != nil {
		t.Fatal(err)
	}
	want := []*datasets.Batch{{Examples: []int{0, 1}, Steps: 3, Inputs: []int{1, 4, 2, 0, 3, 0}, Lengths: []int{3, 1}, Targets: []int{10, 40, 20, -1, 30, -1}}}
	if got := pass(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got[0])
	}
}

func TestFeatureBatches(t *testing.T) {
	s, err := datasets.FeatureBatches([][]float32{{1, 2, 3, 4}, {5, 6}}, 2, []int{7, 8}, datasets.Batching{Size: 2, RoundTo: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := []*datasets.Batch{{Examples: []int{0, 1}, Steps: 3, Lengths: []int{2, 1}, Labels: []int{7, 8}, Values: []float32{1, 2, 5, 6, 3, 4, 0, 0, 0, 0, 0, 0}}}
	if got := pass(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got[0])
	}
	_, err = datasets.FeatureBatches([][]float32{{1, 2, 3}}, 2, []int{0}, datasets.Batching{Size: 1})
	wantError(t, err, "sequence 0, of 3 values, is not steps of 2 features")
	_, err = datasets.FeatureBatches([][]float32{{1, 2, 3}}, 0, []int{0}, datasets.Batching{Size: 1})
	wantError(t, err, "steps of 0 features")
	_, err = datasets.FeatureBatches(nil, 2, []int{0}, datasets.Batching{Size: 1})
	wantError(t, err, "0 sequences and 1 labels")
}

// Sequences of ids or of features, of any length, may have numbers to predict, or nothing: then they are to predict for.
func TestNumbersAndNoLabels(t *testing.T) {
	o := datasets.Batching{Size: 2, Shuffle: true, Seed: 3}
	ids, err := datasets.LabelledBatches([][]int{{1, 2, 3}, {4}, {5, 6}}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	features, err := datasets.FeatureBatches([][]float32{{1, 2}, {3}, {}}, 1, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	numbers := [][]float32{{0.5, 10}, {1.5, 11}, {2.5, 12}}
	for name, plain := range map[string]*datasets.Batches{"ids": ids, "features": features} {
		with, err := plain.WithNumbers(numbers)
		if err != nil {
			t.Fatal(err)
		}
		want := pass(t, plain)
		got := pass(t, with)
		if len(got) != 2 || len(want) != 2 {
			t.Fatalf("%s: %d and %d batches", name, len(got), len(want))
		}
		for i, b := range got {
			for k, e := range b.Examples {
				if !slices.Equal(b.Numbers[2*k:2*k+2], numbers[e]) {
					t.Errorf("%s: sequence %d has the numbers %v", name, e, b.Numbers)
				}
			}
			b.Numbers = nil
			if b.Labels != nil || !reflect.DeepEqual(b, want[i]) {
				t.Errorf("%s: %+v, without numbers %+v", name, b, want[i])
			}
		}
	}
	nan := float32(math.NaN())
	for want, numbers := range map[string][][]float32{
		"numbers for 2 of 3 sequences":        {{1}, {2}},
		"numbers for 0 of 3 sequences":        nil,
		"no numbers for sequence 0":           {{}, {}, {}},
		"2 numbers for sequence 1":            {{1}, {1, 2}, {1}},
		"number 1 of sequence 2 is NaN":       {{1, 2}, {1, 2}, {1, nan}},
		"number 0 of sequence 0 is +Inf":      {{float32(math.Inf(1))}, {2}, {3}},
		"0 numbers for sequence 2, and 1 for": {{1}, {2}, nil},
	} {
		_, err := ids.WithNumbers(numbers)
		wantError(t, err, want)
	}
	_, err = datasets.LabelledBatches([][]int{{1}}, []int{}, o)
	wantError(t, err, "1 sequences and 0 labels")
	_, err = datasets.FeatureBatches([][]float32{{}}, math.MaxInt, nil, o)
	wantError(t, err, "features; want 1 to")
}

func TestPairBatches(t *testing.T) {
	s, err := datasets.PairBatches([][]int{{5, 6}, {7, 8, 9}}, [][]int{{15, 16, 17}, {}}, 2, 3, datasets.Batching{Size: 2, TargetPadding: -1})
	if err != nil {
		t.Fatal(err)
	}
	want := []*datasets.Batch{{
		Examples: []int{0, 1}, Steps: 3, Inputs: []int{5, 7, 6, 8, 0, 9}, Lengths: []int{2, 3},
		TargetSteps: 4, TargetInputs: []int{2, 2, 15, 0, 16, 0, 17, 0}, Targets: []int{15, 3, 16, -1, 17, -1, 3, -1}, TargetLengths: []int{4, 1},
	}}
	if got := pass(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got[0])
	}
}

func TestBatchesRefuse(t *testing.T) {
	one := [][]int{{1}}
	for want, try := range map[string]func() (*datasets.Batches, error){
		"1 sequences and 2 labels": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(one, []int{1, 2}, datasets.Batching{Size: 1})
		},
		"batches of 0 examples": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(one, []int{1}, datasets.Batching{})
		},
		"0 examples fill no batch": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(nil, nil, datasets.Batching{Size: 1})
		},
		"1 examples fill no batch of 2": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(one, []int{1}, datasets.Batching{Size: 2, DropLast: true})
		},
		"pool of -1": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(one, []int{1}, datasets.Batching{Size: 2, Pool: -1})
		},
		"multiples of at most 65536": func() (*datasets.Batches, error) {
			return datasets.LabelledBatches(one, []int{1}, datasets.Batching{Size: 2, RoundTo: math.MaxInt})
		},
		"sequence 0 has 1 steps and 2 targets": func() (*datasets.Batches, error) {
			return datasets.TaggedBatches(one, [][]int{{1, 2}}, datasets.Batching{Size: 1})
		},
		"1 sequences and 0 of": func() (*datasets.Batches, error) {
			return datasets.TaggedBatches(one, nil, datasets.Batching{Size: 1})
		},
		"1 sources and 0 targets": func() (*datasets.Batches, error) {
			return datasets.PairBatches(one, nil, 0, 0, datasets.Batching{Size: 1})
		},
	} {
		_, err := try()
		wantError(t, err, want)
	}
}

func ExampleLabelledBatches() {
	sentences := [][]int{{5, 6, 7}, {8}, {9, 10}}
	batches, _ := datasets.LabelledBatches(sentences, []int{1, 0, 1}, datasets.Batching{Size: 2})
	for epoch := range 1 {
		batches.SetEpoch(epoch)
		for b, ok := batches.Next(); ok; b, ok = batches.Next() {
			fmt.Println(b.Inputs, "of", b.Steps, "steps; lengths", b.Lengths, "labels", b.Labels)
		}
	}
	// Output:
	// [5 8 6 0 7 0] of 3 steps; lengths [3 1] labels [1 0]
	// [9 10] of 2 steps; lengths [2] labels [1]
}

// Recordings of different lengths, each with a number to predict.
func ExampleBatches_WithNumbers() {
	recordings := [][]float32{{0.1, 0.2, 0.3}, {0.4}}
	batches, _ := datasets.FeatureBatches(recordings, 1, nil, datasets.Batching{Size: 2})
	batches, _ = batches.WithNumbers([][]float32{{71}, {64}})
	b, _ := batches.Next()
	fmt.Println(b.Values, "lengths", b.Lengths, "numbers", b.Numbers)
	// Output: [0.1 0.4 0.2 0 0.3 0] lengths [3 1] numbers [71 64]
}

func ExamplePairBatches() {
	const start, end = 2, 3
	english, vietnamese := [][]int{{10, 11}}, [][]int{{20, 21, 22}}
	batches, _ := datasets.PairBatches(english, vietnamese, start, end, datasets.Batching{Size: 1, TargetPadding: -1})
	b, _ := batches.Next()
	fmt.Println(b.Inputs, b.TargetInputs, b.Targets)
	// Output: [10 11] [2 20 21 22] [20 21 22 3]
}

func TestBatchesAreTheCallersToKeep(t *testing.T) {
	s := labelled(t, 20, datasets.Batching{Size: 5})
	first, _ := s.Next()
	saved := slices.Clone(first.Inputs)
	pass(t, s)
	if !slices.Equal(saved, first.Inputs) {
		t.Error("a batch changed")
	}
}
