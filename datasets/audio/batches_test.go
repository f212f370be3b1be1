package audio_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
)

func TestManifest(t *testing.T) {
	want := []audio.Clip{
		{Path: filepath.Join("a", "1.wav"), Text: "one", Others: map[string]string{"speaker": "7"}, Line: 2},
		{Path: "/2.wav", Text: "two", Others: map[string]string{"speaker": "8"}, Line: 3},
	}
	got, err := audio.Manifest{Folder: "a"}.Read(strings.NewReader("speaker\tpath\tsentence\n7\t1.wav\tone\n8\t/2.wav\ttwo\n"), "m.tsv")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
	got, err = audio.Manifest{Folder: "a"}.Read(strings.NewReader(
		"\n{\"audio_filepath\": \"1.wav\", \"text\": \"one\", \"speaker\": 7}\n{\"audio_filepath\": \"/2.wav\", \"text\": \"two\", \"speaker\": \"8\"}\n"), "m.jsonl")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
	got, err = audio.Manifest{}.Read(strings.NewReader("1.wav\tone\n2.wav\ttwo\n"), "bare.tsv")
	must(t, err)
	if len(got) != 2 || got[1].Path != "2.wav" || got[1].Text != "two" {
		t.Errorf("%v", got)
	}
	for word, text := range map[string]string{
		"lists no recordings": "",
		"line 2: no path":     "path\ttext\n\tone\n",
		"no column path":      `{"sound": "1.wav"}`,
	} {
		_, err := audio.Manifest{}.Read(strings.NewReader(text), "m")
		says(t, err, word)
	}
	_, err = audio.Manifest{Text: "words"}.Read(strings.NewReader("path\ttext\n1.wav\tone\n"), "m.tsv")
	says(t, err, "words", "path, text")
}

// clips writes recordings of different lengths at 8 kHz, and lists them.
func clips(t testing.TB, steps ...int) []audio.Clip { return clipsAt(t, 8000, steps...) }

func clipsAt(t testing.TB, rate int, steps ...int) []audio.Clip {
	folder := t.TempDir()
	var list []audio.Clip
	for i, n := range steps {
		path := filepath.Join(folder, fmt.Sprint(i, ".wav"))
		f, err := os.Create(path)
		must(t, err)
		must(t, audio.WriteWAV(f, glide(n, rate), audio.PCM16))
		must(t, f.Close())
		list = append(list, audio.Clip{Path: path, Text: "abc"[:1+i%3]})
	}
	return list
}

func TestBatches(t *testing.T) {
	v, err := datasets.Characters("abc")
	must(t, err)
	f := audio.LogMel(8000)
	f.Filters = 20
	list := clips(t, 800, 400, 1600, 810, 420, 1700)
	b, err := audio.Batching{Features: f, Tokenizer: v, Seconds: 0.25}.Batches(list)
	must(t, err)
	var order [][]int
	for {
		one, ok := b.Next()
		if !ok {
			break
		}
		order = append(order, one.Examples)
		n := len(one.Examples)
		if len(one.Values) != one.Steps*n*20 || len(one.Targets) != one.TargetSteps*n {
			t.Fatalf("%d values and %d targets", len(one.Values), len(one.Targets))
		}
		for k, i := range one.Examples {
			sound, err := audio.Open(list[i].Path)
			must(t, err)
			frames, err := f.Of(sound)
			must(t, err)
			if one.Lengths[k] != frames.Steps() || one.TargetLengths[k] != len(list[i].Text) {
				t.Errorf("lengths %d, %d", one.Lengths[k], one.TargetLengths[k])
			}
			for s := range one.Steps {
				want := make([]float32, 20)
				if s < frames.Steps() {
					want = frames.Values[s*20:][:20]
				}
				same(t, "values", one.Values[(s*n+k)*20:][:20], want)
			}
		}
	}
	must(t, b.Err())
	if b.Seconds(0) != 0.1 || b.Seconds(9) != 0 || len(b.Target(1)) != 2 || b.Target(9) != nil {
		t.Errorf("%g s, %g s, %v, %v", b.Seconds(0), b.Seconds(9), b.Target(1), b.Target(9))
	}
	if want := [][]int{{1, 4}, {0, 3}, {2}, {5}}; !reflect.DeepEqual(order, want) || b.Len() != 4 {
		t.Errorf("order %v; want %v", order, want)
	}
}

// A pass depends on its number alone, so that a run continues where it stopped; prefetching changes nothing.
func TestBatchesRepeat(t *testing.T) {
	list := clips(t, 800, 400, 1600, 810, 420, 1700)
	o := audio.Batching{Features: audio.LogMel(8000), Seconds: 0.25, Shuffle: true, Seed: 3, Normalise: true, Speeds: []float64{0.9, 1, 1.1},
		Augment: audio.SpecAugment{TimeMasks: 1, TimeWidth: 4}}
	a, err := o.Batches(list)
	must(t, err)
	a.SetEpoch(2)
	var want []*datasets.Batch
	for one, ok := a.Next(); ok; one, ok = a.Next() {
		want = append(want, one)
	}
	b, err := o.Batches(list)
	must(t, err)
	ahead := datasets.NewPrefetch(context.Background(), b, 2)
	defer ahead.Close()
	ahead.SetEpoch(2)
	must(t, ahead.Seek(1))
	for i := 1; i < len(want); i++ {
		if one, ok := ahead.Next(); !ok || !reflect.DeepEqual(one, want[i]) {
			t.Fatalf("batch %d differs", i)
		}
	}
	a.SetEpoch(3)
	if one, _ := a.Next(); reflect.DeepEqual(one, want[0]) {
		t.Error("another epoch begins with the same batch")
	}
	says(t, a.Seek(100), "batch 100")
}

func TestBatchesRefuse(t *testing.T) {
	f := audio.LogMel(8000)
	_, err := audio.Batching{Features: f}.Batches(nil)
	says(t, err, "no recordings")
	_, err = audio.Batching{Features: f}.Batches([]audio.Clip{{Path: "nothing.wav"}})
	says(t, err, "nothing.wav")
	b, err := audio.Batching{Features: f}.Batches(clips(t, 10))
	must(t, err)
	if _, ok := b.Next(); ok {
		t.Error("a batch of a recording shorter than a window")
	}
	says(t, b.Err(), "0.wav", "shorter than a window")
}

// Sizes that are rounded up hold the same frames and targets, a text a row.
func TestBatchesRounded(t *testing.T) {
	v, err := datasets.Characters("abc")
	must(t, err)
	list := clips(t, 800, 820, 810)
	plain, err := audio.Batching{Features: audio.LogMel(8000), Tokenizer: v}.Batches(list)
	must(t, err)
	rounded, err := audio.Batching{Features: audio.LogMel(8000), Tokenizer: v, RoundTo: 16, RoundTargets: 5}.Batches(list)
	must(t, err)
	a, _ := plain.Next()
	b, _ := rounded.Next()
	if a.Steps != 8 || b.Steps != 16 || a.TargetSteps != 3 || b.TargetSteps != 5 || !reflect.DeepEqual(a.Lengths, b.Lengths) {
		t.Fatalf("%d and %d steps, %d and %d targets", a.Steps, b.Steps, a.TargetSteps, b.TargetSteps)
	}
	same(t, "frames", b.Values[:len(a.Values)], a.Values)
	same(t, "padding", b.Values[len(a.Values):], make([]float32, len(b.Values)-len(a.Values)))
	var want []int
	for _, i := range b.Examples {
		ids := append(rounded.Target(i), -1, -1, -1, -1, -1)
		want = append(want, ids[:5]...)
	}
	if !reflect.DeepEqual(b.Targets, want) {
		t.Errorf("targets %v; want %v", b.Targets, want)
	}
	_, err = audio.Batching{Features: audio.LogMel(8000), RoundTo: -1}.Batches(list)
	says(t, err, "multiples of -1 frames")
}

// A train.Loop trains a network with CTC on batches of recordings as they come.
func TestLoopOverBatches(t *testing.T) {
	v, err := datasets.Characters("abc")
	must(t, err)
	f := audio.LogMel(8000)
	f.Filters = 8
	b, err := audio.Batching{Features: f, Tokenizer: v, Normalise: true, Shuffle: true, RoundTo: 8, RoundTargets: 4}.Batches(clips(t, 1200, 1600, 1800, 1700))
	must(t, err)
	loop := train.Loop{
		Loss: graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			b := train.BatchOf(g, in)
			logits := nn.Head{Classes: v.Len() + 1}.Apply(g, b.Values)
			return []graph.Node{losses.CTC{Blank: v.Len()}.Apply(g, logits, b.Targets, b.Lengths, b.TargetLengths)}
		}),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.05), Data: train.FromBatches(b), Epochs: 20,
	}
	r, err := loop.Run(context.Background())
	must(t, err)
	if first, last := r.History[0].TrainLoss, r.History[19].TrainLoss; !(last < first/2) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
}
