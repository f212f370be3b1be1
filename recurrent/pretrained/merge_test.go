package pretrained

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// A merged folder of every family computes what the model computes with its adapter.
func TestSaveMerged(t *testing.T) {
	for name, r := range readRecorded(t) {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", "models", name))
			if err != nil {
				t.Fatal(err)
			}
			plain := logitsOf(t, m, r.IDs[0])
			if err := m.Adapt(nn.LoRA{Rank: 2}); err != nil {
				t.Fatal(err)
			}
			for i := range m.Params().Len() {
				if p := m.Params().At(i); nn.IsAdapter(p.Name()) {
					values := append([]float32{}, p.Value().Float32s()...)
					for at := range values {
						values[at] += 0.02 * float32(at%5)
					}
					if err := m.Params().Set(p.Name(), graph.Floats(values, p.Value().Shape()...)); err != nil {
						t.Fatal(err)
					}
				}
			}
			adapted, changed := logitsOf(t, m, r.IDs[0]), false
			want := make([]float64, len(adapted))
			for i, v := range adapted {
				want[i], changed = float64(v), changed || v != plain[i]
			}
			if !changed {
				t.Fatal("the adapter does nothing")
			}
			folder := filepath.Join(t.TempDir(), "merged")
			if err := m.SaveMerged(folder); err != nil {
				t.Fatal(err)
			}
			merged, err := Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "merged", logitsOf(t, merged, r.IDs[0]), want)
		})
	}
}

func TestSaveMergedRefuses(t *testing.T) {
	folder := filepath.Join("testdata", "models", "mamba")
	m, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SaveMerged(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no adapter") {
		t.Errorf("without an adapter: %v", err)
	}
	if err := m.Adapt(nn.LoRA{Rank: 1}); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveMerged(folder); err == nil || !strings.Contains(err.Error(), "the model itself") {
		t.Errorf("over the model: %v", err)
	}
	file, err := Load(filepath.Join("testdata", "gguf", "mamba.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Adapt(nn.LoRA{Rank: 1}); err != nil {
		t.Fatal(err)
	}
	if err := file.SaveMerged(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("of a GGUF file: %v", err)
	}
}
