package models

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// What ONNX computes of a batch are the model's emissions; the CRF's weights come out with them.
func TestTaggerInONNX(t *testing.T) {
	for i, cell := range []string{"rnn", "lstm", "gru"} {
		m := newTags(t, Config{Cell: cell, Layers: 1 + i%2, Steps: 3, OneWay: i == 1, Tag: TagConfig{Characters: SpellingReaders()[i%3]}})
		fitTags(t, m, 30)
		s := people(5)
		read, err := m.read(s)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.batches(read, datasets.Batching{Size: 5}, false)
		if err != nil {
			t.Fatal(err)
		}
		in, _ := b.Next()
		want, err := m.Emissions().Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := m.Export(path); err != nil {
			t.Fatal(err)
		}
		file, err := onnx.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := file.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]*tensor.Dense{"ids": in[0], "lengths": in[1]}
		if m.spells() {
			byName["characters"], byName["character_lengths"], byName["places"] = in[2], in[3], in[4]
		}
		var args []*tensor.Dense
		for _, port := range file.Inputs() {
			args = append(args, byName[port.Name])
		}
		got, err := graph.NewFunc(p, file.Build).Run(args...)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]*tensor.Dense{}
		for i, port := range file.Outputs() {
			found[port.Name] = got[i]
		}
		graphtest.Close(t, cell, found["emissions"], want[0], 1e-6)
		for _, name := range []string{"transitions", "start_transitions", "end_transitions"} {
			graphtest.Close(t, name, found[name], m.Params().Get("crf."+name).Value(), 0)
		}
	}
}

// Weights go out and come back; what another framework lacks is said.
func TestTaggerExports(t *testing.T) {
	for _, c := range []struct {
		tag     TagConfig
		refused map[string]string
	}{
		{TagConfig{}, map[string]string{formatKeras: "Keras has no layer that reads the characters of words"}},
		{TagConfig{Characters: SpellingNone}, map[string]string{formatKeras: "Keras has no layer like a CRF"}},
		{TagConfig{Characters: SpellingNone, Softmax: true}, nil},
		{TagConfig{Characters: SpellingConv}, map[string]string{formatKeras: "Keras has no layer"}},
	} {
		for _, format := range Formats() {
			m, other := newTags(t, Config{Tag: c.tag}), newTags(t, Config{Tag: c.tag, Seed: 2})
			path := filepath.Join(t.TempDir(), "m"+format)
			err := m.Export(path)
			if want := c.refused[strings.Replace(format, formatKerasModel, formatKeras, 1)]; want != "" {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v; want %s", format, err, want)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Import(path); err != nil {
				t.Fatal(err)
			}
			same(t, format, m.Params(), other.Params())
		}
	}
}
