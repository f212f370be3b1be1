package models

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// savedSequences writes a new model of sequences, and returns the file's path.
func savedSequences(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sequences")
	if err := newSequences(t, Config{Layers: 2}, waves(20, 0.1, false)).Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// What may be wrong with the file of a model of sequences is said in plain words, before memory is taken.
func TestDamagedSequenceFiles(t *testing.T) {
	path := savedSequences(t)
	for want, entry := range map[string][2]string{
		"its inputs is null":             {inputsKey, "null"},
		"its inputs have no columns":     {inputsKey, `{"columns":[],"unit":1}`},
		"have the unit of time -1":       {inputsKey, `{"columns":[{"name":"a","mean":[0],"deviation":[1]}],"unit":-1}`},
		`have the column "a" twice`:      {inputsKey, `{"columns":[{"name":"a","mean":[0],"deviation":[1]},{"name":"a","mean":[0],"deviation":[1]}],"unit":1}`},
		"0 means and 1 deviations":       {inputsKey, `{"columns":[{"name":"a","mean":[],"deviation":[1]}],"unit":1}`},
		"mean 0 and deviation 0":         {inputsKey, `{"columns":[{"name":"a","mean":[0],"deviation":[0]}],"unit":1}`},
		`have the word "y" before "x"`:   {inputsKey, `{"columns":[{"name":"a","categories":["y","x"],"mean":[0,0],"deviation":[1,1]}],"unit":1}`},
		"its configuration has inputs":   {inputsKey, `{"columns":[{"name":"a","mean":[0],"deviation":[1]}],"unit":1}`},
		"its labels cannot be read":      {labelsKey, `"fast"`},
		"want two at least":              {labelsKey, `["fast"]`},
		"labels 3, its weights":          {labelsKey, `["a","b","c"]`},
		"is no model of this library":    {sequenceKey, ""},
		"its sequences is null":          {sequenceKey, "null"},
		"cannot be read: unexpected":     {inputsKey, "{"},
		`has a string as unit`:           {inputsKey, `{"columns":[],"unit":"x"}`},
		`has the format "unroll model 3`: {formatKey, "unroll model 3"},
	} {
		list, metadata, err := graph.ReadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		metadata[entry[0]] = entry[1]
		damaged := filepath.Join(t.TempDir(), "damaged")
		if err := graph.WriteSafetensors(damaged, list, metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(damaged); err == nil || !strings.HasPrefix(err.Error(), damaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, err := LoadClassifier(path); err == nil || !strings.Contains(err.Error(), "is a model of sequences; want a classifier of texts") {
		t.Error(err)
	}
	if err := (Config{Tokens: "word", Cell: "grud"}).complete(KindClassifier).Check(KindClassifier); err == nil || !strings.Contains(err.Error(), "it reads numbers") {
		t.Error(err)
	}
}
