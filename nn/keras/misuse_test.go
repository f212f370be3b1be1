package keras_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/keras"
)

// What does not fit, be it the last thing in the list, leaves the store as it was.
func TestReadChangesAllOrNothing(t *testing.T) {
	model := cases["tagger"].model
	for want, spoil := range map[string]func(p *graph.Params, m keras.Model) keras.Model{
		"sealed": func(p *graph.Params, m keras.Model) keras.Model { // a part of the store, and no room for the rest
			p.Seal()
			return m
		},
		"encoder.rnn.weight_ih_l0": func(_ *graph.Params, m keras.Model) keras.Model { return append(m, m[1]) },
		"no layers/more": func(_ *graph.Params, m keras.Model) keras.Model {
			return append(m, keras.Layer{Path: "layers/more", Kind: keras.Dense, Scope: "more"})
		},
		"head.bias": func(p *graph.Params, m keras.Model) keras.Model {
			p.Add("head.bias", graph.Floats([]float32{1, 2}))
			return m
		},
	} {
		p := graph.NewParams(1)
		if _, err := p.Add("embedding.weight", graphtest.Float32(graphtest.Random(1, 7, 4))); err != nil {
			t.Fatal(err)
		}
		m := spoil(p, append(keras.Model{}, model...))
		before := p.Get("embedding.weight").Value().Clone().(interface{ Float32s() []float32 }).Float32s()
		n := p.Len()
		err := m.Read(p, file("tagger"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "tagger.weights.h5") {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		for i, v := range p.Get("embedding.weight").Value().Float32s() {
			if v != before[i] {
				t.Fatalf("%s: the embedding has changed", want)
			}
		}
		if p.Len() != n {
			t.Errorf("%s: %d parameters; there were %d", want, p.Len(), n)
		}
	}
}

func TestNoStore(t *testing.T) {
	for _, err := range []error{cases["lstm"].model.Read(nil, file("lstm")), cases["lstm"].model.Write(nil, filepath.Join(t.TempDir(), "x"))} {
		if err == nil || !strings.Contains(err.Error(), "the store of weights is nil") {
			t.Errorf("found %v", err)
		}
	}
	p := graph.NewParams(1)
	if _, err := p.Add("\xff.weight", graph.Floats([]float32{1}, 1, 1)); err != nil {
		return // a store refuses the name itself
	}
	err := keras.Model{{Path: "layers/\xff", Kind: keras.Embedding, Scope: "\xff"}}.Write(p, filepath.Join(t.TempDir(), "x"))
	if err == nil || !strings.Contains(err.Error(), `"layers/\xff`) {
		t.Errorf("found %v", err)
	}
}

// What has no end is not read.
func TestDevicesAreNoFiles(t *testing.T) {
	if _, err := keras.Open("/dev/zero", keras.Options{}); err == nil {
		t.Error("a device was read")
	}
}
