package models

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/testutil"
	"gorgonia.org/tensor"
)

// savedRecogniser writes a new recogniser, and reads what its file has.
func savedRecogniser(t *testing.T, decoder string) ([]graph.Named, map[string]string) {
	t.Helper()
	c := hearingConfig(decoder, false)
	c.Layers = 2
	m, err := NewRecogniser(c, song(t, 8, sungWords))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "recogniser")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	return list, metadata
}

// sensibleOfSpeech are values of the next test that a recogniser's configuration may have, beside those of all kinds.
var sensibleOfSpeech = map[string]string{
	"manifest": `"word"`, "audio_column": `"word"`, "transcript_column": `"word"`, "time_masks": "0", "frequency_masks": "0", "speed": "0", "warp": "0", "noise": "0 1.5", "look_ahead": "0", "chunk": "0", "range": "0",
	"vocabulary": `""`, "embed": "1000000000",
}

// Every field of a configuration, made wrong in every way, gives an error that names the file and the field; in little memory.
func TestConfigurationOfARecogniserIsInput(t *testing.T) {
	for _, decoder := range Decoders() {
		list, metadata := savedRecogniser(t, decoder)
		for _, field := range jsonNames(reflect.TypeFor[recogniserFields]()) {
			for _, value := range []string{"-5", "0", "1000000000", "100000000000000", "1e300", "null", `"word"`, "true", "[]", "{}", "1.5"} {
				own := maps.Clone(metadata)
				own[recogniserKey] = testutil.WithField(t, own[recogniserKey], field, value)
				const path = "some.safetensors"
				var err error
				used := testutil.Allocated(func() { _, err = parseFile(path, list, own) })
				fine := strings.Fields(sensible[field] + " " + sensibleOfSpeech[field])
				if field == "vocabulary" { // "word" is no token of a recogniser
					fine = nil
				}
				switch {
				case decoder != DecoderTransducer && field == "embed" && strings.HasPrefix(value, "1000000"):
					// the width of an embedding that there is not
				case slices.Contains(fine, value) && !(decoder == DecoderTransducer && field == "embed"):
					if err != nil {
						t.Errorf("%s %s: %v", field, value, err)
					}
				case err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(strings.TrimPrefix(err.Error(), path), field):
					t.Errorf("%s: %s %s: %v; want an error that names the file and the field", decoder, field, value, err)
				}
				if used > 16<<20 {
					t.Errorf("%s %s: loading took %d MiB", field, value, used>>20)
				}
			}
		}
	}
}

func TestDamagedRecognisers(t *testing.T) {
	list, metadata := savedRecogniser(t, DecoderCTC)
	for want, change := range map[string]func(m map[string]string, l []graph.Named) []graph.Named{
		"is no model of this library": func(m map[string]string, l []graph.Named) []graph.Named { delete(m, statisticsKey); return l },
		"its statistics is null":      func(m map[string]string, l []graph.Named) []graph.Named { m[statisticsKey] = "null"; return l },
		"its statistics are of 1 and 1 features": func(m map[string]string, l []graph.Named) []graph.Named {
			m[statisticsKey] = `{"Count":1,"Sums":[1],"Squares":[1]}`
			return l
		},
		"its statistics of feature": func(m map[string]string, l []graph.Named) []graph.Named {
			m[statisticsKey] = strings.Replace(m[statisticsKey], `"Squares":[`, `"Squares":[-`, 1)
			return l
		},
		"the weights conv.1.weight are missing": func(_ map[string]string, l []graph.Named) []graph.Named {
			return slices.DeleteFunc(l, func(n graph.Named) bool { return n.Name == "conv.1.weight" })
		},
		"its configuration has mels 16, its weights conv.0.weight have the shape": func(m map[string]string, l []graph.Named) []graph.Named {
			for i, n := range l {
				if n.Name == "conv.0.weight" {
					l[i].Value = graph.Floats(make([]float32, 24*17*3), 24, 17, 3)
				}
			}
			return l
		},
		"its configuration has tokens and blank": func(m map[string]string, l []graph.Named) []graph.Named {
			m[tokensKey] = `{"kind":"character","tokens":["a","b"]}`
			return l
		},
	} {
		own := maps.Clone(metadata)
		tensors := change(own, slices.Clone(list))
		path := filepath.Join(t.TempDir(), "damaged")
		if err := graph.WriteSafetensors(path, tensors, own); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// The encoder as ONNX has it gives what the model's own gives; Keras, which lacks what recognisers have, is refused.
func TestRecogniserExports(t *testing.T) {
	for _, decoder := range Decoders() {
		c := hearingConfig(decoder, decoder == DecoderCTC)
		for _, c.Speech.Subsample = range []int{1, 2, 4, 8} {
			m, err := NewRecogniser(c, song(t, 8, sungWords))
			if err != nil {
				t.Fatal(err)
			}
			err = m.Export(filepath.Join(t.TempDir(), "m.keras"))
			if c.Speech.Subsample > 1 && (err == nil || !strings.Contains(err.Error(), "Keras has no layer like convolutions")) {
				t.Errorf("%v", err)
			}
			exportsAsONNX(t, m)
		}
	}
}

// exportsAsONNX writes the encoder of a model, and runs the file.
func exportsAsONNX(t *testing.T, m *Recogniser) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := m.Export(path); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 24*2*16)
	for i := range x {
		x[i] = float32(i%7) / 3
	}
	n := m.config.Speech.steps(24)
	frames, lengths := graph.Floats(x, 24, 2, 16), graph.Ints([]int{n, n/2 + 1})
	want, err := m.Encoder().Run(frames, lengths)
	if err != nil {
		t.Fatal(err)
	}
	got, err := reopened(t, path).Run(frames, lengths)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want[0].Float32s() {
		if d := got[0].Float32s()[i] - v; !(d < 1e-5 && d > -1e-5) {
			t.Fatalf("%s: value %d is %g; want %g", m.config.Speech.Decoder, i, got[0].Float32s()[i], v)
		}
	}
	results := inONNXRuntime(t, path, m.onnxFile().inputs, []*tensor.Dense{frames, lengths})
	for i, v := range want[0].Float32s() {
		if d := results[0][i] - float64(v); !(d < 1e-5 && d > -1e-5) {
			t.Fatalf("%s: ONNX Runtime's value %d is %g; want %g", m.config.Speech.Decoder, i, results[0][i], v)
		}
	}
}
