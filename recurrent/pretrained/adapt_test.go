package pretrained

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// logitsOf are those of a text from its beginning, [T, V].
func logitsOf(t *testing.T, m *Model, ids []int) []float32 {
	t.Helper()
	state, err := m.State(1, len(ids))
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Next().Run(append([]*tensor.Dense{graph.Ints(ids, len(ids), 1)}, state...)...)
	if err != nil {
		t.Fatal(err)
	}
	return append([]float32{}, out[0].Float32s()...)
}

// A Mamba with an adapter that PEFT wrote computes what it computes there, and gives the adapter back.
func TestLoadAdapter(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "adapted.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		IDs    []int
		Logits [][]float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	all := []float64{}
	for _, row := range want.Logits {
		all = append(all, row...)
	}
	folder := filepath.Join("testdata", "adapter")
	for range 2 {
		m, err := Load(filepath.Join("testdata", "models", "mamba"))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.LoadAdapter(folder); err != nil {
			t.Fatal(err)
		}
		near(t, folder, logitsOf(t, m, want.IDs), all)
		folder = t.TempDir()
		if err := m.SaveAdapter(folder); err != nil {
			t.Fatal(err)
		}
	}
}

// Every family can be adapted: nothing changes at first, and a step of training changes the adapter alone.
func TestAdapt(t *testing.T) {
	for name, r := range readRecorded(t) {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", "models", name))
			if err != nil {
				t.Fatal(err)
			}
			ids := r.IDs[0]
			before := logitsOf(t, m, ids)
			norms := "*norm*"
			if strings.HasPrefix(name, "rwkv") {
				norms = "*ln*"
			}
			if err := m.Adapt(nn.LoRA{Rank: 2, Whole: []string{norms}}); err != nil {
				t.Fatal(err)
			}
			after := logitsOf(t, m, ids)
			for i, v := range before {
				if d := v - after[i]; d > 1e-4 || d < -1e-4 {
					t.Fatalf("logit %d is %g, and was %g", i, after[i], v)
				}
			}
			n := len(ids) - 1
			state, err := m.State(1, n)
			if err != nil {
				t.Fatal(err)
			}
			loss := m.Loss()
			in := append([]*tensor.Dense{graph.Ints(ids[:n], n, 1), graph.Ints(ids[1:], n, 1)}, state...)
			var losses []float64
			for range 4 {
				out, err := loss.Grad(in...)
				if err != nil {
					t.Fatal(err)
				}
				losses = append(losses, graph.Scalar(out[0]))
				if _, err := optim.Update(&optim.SGD{}, m.Params(), 0.02, 1); err != nil {
					t.Fatal(err)
				}
			}
			if losses[3] >= losses[0] {
				t.Errorf("the losses are %v", losses)
			}
			for i := range m.Params().Len() {
				if q := m.Params().At(i); q.Frozen() == nn.IsAdapter(q.Name()) {
					t.Errorf("%s is frozen: %v", q.Name(), q.Frozen())
				}
			}
		})
	}
}

func TestBadAdapters(t *testing.T) {
	m, err := Load(filepath.Join("testdata", "models", "mamba"))
	if err != nil {
		t.Fatal(err)
	}
	none := t.TempDir()
	for want, err := range map[string]error{
		"rank 0; want at least 1":     m.Adapt(nn.LoRA{}),
		"is the name of no weight":    m.Adapt(nn.LoRA{Rank: 1, Targets: []string{"q_proj"}}),
		"the model has no adapter":    m.SaveAdapter(none),
		"adapter_config.json":         m.LoadAdapter(none),
		"there is no model":           new(Model).Adapt(nn.LoRA{Rank: 1}),
		"there is no model: Load":     new(Model).LoadAdapter(none),
		"there is no model: Load mak": new(Model).SaveAdapter(none),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
