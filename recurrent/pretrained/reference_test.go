package pretrained

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// references is the folder that make_lm_references.py wrote: for each family a tiny random checkpoint of transformers, and
// what transformers computes with it. CI has smaller ones in testdata.
var references = []string{"/tmp/files"}

// reference is what transformers computes.
type reference map[string]*tensor.Dense

func readReference(t *testing.T, path string) reference {
	t.Helper()
	list, _, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	out := reference{}
	for _, v := range list {
		out[v.Name] = v.Value
	}
	return out
}

// close compares got [T, B, V] with want [B, T, V] to 2e-5 of the largest value.
func (r reference) close(t *testing.T, what string, got []float32, name string, from int) {
	t.Helper()
	want := r[name]
	if want == nil {
		return
	}
	shape := want.Shape()
	B, T, V := shape[0], shape[1], shape[2]
	data := want.Float32s()
	largest, worst := 0.0, 0.0
	n := len(got) / (B * V)
	for b := range B {
		for i := range n {
			for v := range V {
				w := float64(data[(b*T+from+i)*V+v])
				largest = math.Max(largest, math.Abs(w))
				d := math.Abs(w - float64(got[(i*B+b)*V+v]))
				if !(d <= worst) {
					worst = d
				}
			}
		}
	}
	t.Logf("%s: %.2g of the largest", what, worst/largest)
	if !(worst <= 2e-5*largest) {
		t.Errorf("%s differs from %s by %g; want at most 2e-5 of %g", what, name, worst, largest)
	}
}

func TestReferences(t *testing.T) {
	for _, name := range []string{"mamba", "mamba-untied-bias", "falcon-mamba"} {
		t.Run(name, func(t *testing.T) {
			for _, root := range references {
				folder := filepath.Join(root, name)
				if _, err := os.Stat(filepath.Join(folder, "reference.safetensors")); err != nil {
					t.Skip("make_lm_references.py has not been run")
				}
				compare(t, folder)
			}
		})
	}
}

// compare runs a model over a whole text, token by token, and in two parts.
func compare(t *testing.T, folder string) {
	m, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	r := readReference(t, filepath.Join(folder, "reference.safetensors"))
	ids := r["ids"]
	B, T := ids.Shape()[0], ids.Shape()[1]
	turned := make([]int, B*T) // [T, B]
	for b := range B {
		for i := range T {
			turned[i*B+b] = ids.Ints()[b*T+i]
		}
	}
	first, err := m.State(B, T)
	if err != nil {
		t.Fatal(err)
	}
	f := m.Next()
	run := func(from, to int, state []*tensor.Dense) []*tensor.Dense {
		t.Helper()
		out, err := f.Run(append([]*tensor.Dense{graph.Ints(turned[from*B:to*B], to-from, B)}, state...)...)
		if err != nil {
			t.Fatal(err)
		}
		var own []*tensor.Dense
		for _, v := range out {
			own = append(own, v.Clone().(*tensor.Dense))
		}
		return own
	}
	out := run(0, T, first)
	r.close(t, "a whole text", out[0].Float32s(), "logits", 0)
	head := run(0, 12, first)
	tail := run(12, T, head[1:])
	r.close(t, "the rest of a text", tail[0].Float32s(), "logits", 12)
	state := first
	var steps []float32
	for i := range T {
		step := run(i, i+1, state)
		steps = append(steps, step[0].Float32s()...)
		state = step[1:]
	}
	r.close(t, "a text step by step", steps, "steps", 0)
	r.close(t, "a text step by step", steps, "logits", 0)
}
