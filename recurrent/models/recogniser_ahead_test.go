package models

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// A look-ahead is the sum that its comment has, with zeros behind the end of each recording, even if it sees further than that.
func TestLookAhead(t *testing.T) {
	const width = 3
	for _, size := range []struct{ steps, T int }{{1, 1}, {2, 5}, {4, 3}, {9, 2}, {3, 300}} {
		lengths := []int{size.T, (size.T + 1) / 2, 1}
		x := graphtest.Random(1, size.T, 3, width)
		l := lookAhead{width: width, steps: size.steps}
		p := graph.NewParams(1)
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{l.build(g, flow{x: in[0], lengths: in[1]}).x}
		})
		in := []*tensor.Dense{graphtest.Float32(x), graph.Ints(lengths)}
		out, err := f.Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		for b, n := range lengths { // at first it adds nothing
			for s := range n {
				if at := (s*3 + b) * width; !slices.Equal(out[0].Float32s()[at:at+width], in[0].Float32s()[at:at+width]) {
					t.Fatalf("%v: step %d of sequence %d is another than the one that was read", size, s, b)
				}
			}
		}
		someAhead(t, p)
		if out, err = f.Run(in...); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out[0].Shape(), []int{size.T, 3, width}) || float64(p.Elements()) != l.weights() {
			t.Fatalf("%v, %d weights; want %g", out[0].Shape(), p.Elements(), l.weights())
		}
		w, bias := p.Get("ahead.weight").Value().Float32s(), p.Get("ahead.bias").Value().Float32s()
		for b, n := range lengths {
			for s := range n {
				for c := range width {
					want := float64(bias[c]) + x.Float64s()[(s*3+b)*width+c]
					for k := range size.steps + 1 {
						if s+k < n {
							want += float64(w[c*(size.steps+1)+k]) * x.Float64s()[((s+k)*3+b)*width+c]
						}
					}
					if got := float64(out[0].Float32s()[(s*3+b)*width+c]); math.Abs(got-want) > 1e-4 {
						t.Fatalf("%v: step %d of sequence %d: %g; want %g", size, s, b, got, want)
					}
				}
			}
		}
	}
}

// someAhead gives a look-ahead weights other than zero.
func someAhead(t *testing.T, p *graph.Params) {
	t.Helper()
	for i, name := range []string{aheadScope + ".weight", aheadScope + ".bias"} {
		if err := p.Set(name, graphtest.Float32(graphtest.Random(uint64(2+i), p.Get(name).Shape()...))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLookAheadGradient(t *testing.T) {
	for _, size := range []struct{ steps, T int }{{1, 1}, {2, 5}, {6, 4}} {
		l := lookAhead{width: 3, steps: size.steps}
		lengths := graph.Ints([]int{size.T, (size.T + 1) / 2})
		p := graph.NewParams64(1)
		for i, shape := range [][]int{{3, 1, size.steps + 1}, {3}} { // zeros would hide the weights' share
			if _, err := p.Add([]string{aheadScope + ".weight", aheadScope + ".bias"}[i], graphtest.Random(uint64(3+i), shape...)); err != nil {
				t.Fatal(err)
			}
		}
		graphtest.CheckGradient(t, graphtest.Gradient{
			Params: p,
			Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				y := l.build(g, flow{x: in[0], lengths: g.Const(lengths)}).x
				return []graph.Node{g.Mean(g.Square(y))}
			},
			Inputs: []*tensor.Dense{graphtest.Random(7, size.T, 2, 3)},
		})
	}
}

// aheadConfig is a model that looks some steps ahead.
func aheadConfig(decoder string, subsample, steps int) Config {
	c := hearingConfig(decoder, true)
	c.Epochs, c.Speech.Subsample, c.Speech.LookAhead = 3, subsample, steps
	return c
}

// A model that looks ahead hears in a stream what it hears in the whole, in pieces of any size, even what is shorter than it looks
// ahead; and what comes later than that changes nothing.
func TestRecogniserLooksAhead(t *testing.T) {
	r := song(t, 4, sungWords)
	for _, size := range []struct{ subsample, steps int }{{1, 1}, {1, 7}, {2, 3}, {4, 5}, {8, 40}} {
		m, err := NewRecogniser(aheadConfig(DecoderCTC, size.subsample, size.steps), r)
		if err != nil {
			t.Fatal(err)
		}
		listening(t, m) // makes the weights
		someAhead(t, m.params)
		if want := float64(size.subsample*(size.steps+1)-1)*0.01 + 0.025; math.Abs(m.Delay()-want) > 1e-9 {
			t.Errorf("a delay of %g; want %g", m.Delay(), want)
		}
		hearsAsWhole(t, m)
		long := graphtest.Float32(graphtest.Random(9, 400, m.config.Speech.Mels)).Float32s()
		before := outputs(t, listening(t, m), long, 400)
		at := 3 * size.subsample // of the first frames of step 3
		for i := (at + size.subsample*(size.steps+1)) * m.config.Speech.Mels; i < len(long); i++ {
			long[i]++
		}
		after := outputs(t, listening(t, m), long, 400)
		if !reflect.DeepEqual(after[:4], before[:4]) || reflect.DeepEqual(after[4], before[4]) {
			t.Errorf("%v: step 3 sees further than it says, or step 4 less far", size)
		}
	}
}

// hearsAsWhole has a model hear recordings of several lengths as streams, in pieces of several sizes, and as a whole.
func hearsAsWhole(t *testing.T, m *Recogniser) {
	t.Helper()
	size := m.config.Speech
	for _, frames := range []int{1, size.Subsample, 30, 97} {
		x := graphtest.Float32(graphtest.Random(9, frames, size.Mels)).Float32s()
		want, got := outputs(t, &pieces{m: m}, x, frames), outputs(t, listening(t, m), x, 1)
		if n := size.steps(frames); len(want) != n || len(got) != n {
			t.Fatalf("%v: %d and %d steps of %d frames; want %d", size, len(want), len(got), frames, n)
		}
		for s := range want {
			for k, v := range want[s] {
				if d := got[s][k] - v; !(d < 1e-5 && d > -1e-5) {
					t.Fatalf("%v: step %d of %d: %g; want %g", size, s, len(want), got[s][k], v)
				}
			}
		}
		for _, n := range []int{7, frames} {
			if cut := outputs(t, listening(t, m), x, n); !reflect.DeepEqual(cut, got) {
				t.Errorf("%v: %d frames at a time give other steps", size, n)
			}
		}
	}
}

// trainedAndSaved trains a model, and holds its size, its file and what that hears against it. What it returns is where the file is,
// and what the model writes of the sound.
func trainedAndSaved(t *testing.T, c Config, r Recordings, sound *audio.Sound) (m *Recogniser, path string, want *Transcript) {
	t.Helper()
	m, err := NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, r.Pick([]int{0, 1}), Run{}); err != nil {
		t.Fatal(err)
	}
	if d := m.Demand(); d.Weights != float64(m.Params().Elements()) {
		t.Errorf("a demand of %v weights; there are %d", d.Weights, m.Params().Elements())
	}
	path = filepath.Join(t.TempDir(), "m")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := LoadRecogniser(path)
	if err != nil {
		t.Fatal(err)
	}
	if want, err = m.Transcribe(context.Background(), sound, Transcribing{}); err != nil {
		t.Fatal(err)
	}
	got, err := back.Transcribe(context.Background(), sound, Transcribing{})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	return m, path, want
}

func listening(t *testing.T, m *Recogniser) *hearing {
	t.Helper()
	h := m.newHearing()
	if err := h.begin(); err != nil {
		t.Fatal(err)
	}
	return h
}

// outputs are the steps of normalised frames, so many at a time.
func outputs(t *testing.T, e encoder, frames []float32, n int) (out [][]float32) {
	t.Helper()
	use := func(row []float32) error {
		out = append(out, slices.Clone(row))
		return nil
	}
	for part := range slices.Chunk(frames, 16*n) {
		if err := e.add(part, use); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.flush(use); err != nil {
		t.Fatal(err)
	}
	return out
}

// Training, files, transcripts and exports know of the look-ahead.
func TestRecogniserThatLooksAhead(t *testing.T) {
	for _, decoder := range Decoders() {
		words := sungWords
		if decoder == DecoderLabel {
			words = nil
		}
		t.Run(decoder, func(t *testing.T) {
			c := aheadConfig(decoder, 2, 4)
			r := song(t, 12, sungWords)
			if words == nil {
				for i := range r.Clips {
					r.Clips[i].Text = fmt.Sprint("label ", i%2)
				}
			}
			sound := sung("abc ba", 77)
			m, path, want := trainedAndSaved(t, c, r, sound)
			if words != nil {
				for _, n := range []int{1, 333} {
					if got := inPieces(t, m, sound, Transcribing{}, n); !reflect.DeepEqual(got, want.Segments) {
						t.Errorf("pieces of %d: %v; want %v", n, got, want.Segments)
					}
				}
			}
			if err := m.Export(path + ".keras"); err == nil || !strings.Contains(err.Error(), "Keras has no layer like") {
				t.Errorf("%v", err)
			}
			exportsAsONNX(t, m)
			if words := c.Network(KindRecogniser); !strings.Contains(words, "forward with 4 steps ahead") {
				t.Error(words)
			}
		})
	}
	c := aheadConfig(DecoderCTC, 4, 3)
	c.OneWay = false
	if _, err := NewRecogniser(c, song(t, 4, sungWords)); err == nil || !strings.Contains(err.Error(), "Config.Speech.LookAhead 3; want 0, or OneWay") {
		t.Error(err)
	}
}
