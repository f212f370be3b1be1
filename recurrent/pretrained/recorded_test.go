package pretrained

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// recorded is what transformers computes with a tiny checkpoint in testdata/models; testdata/record.py wrote both.
type recorded struct {
	IDs   [][]int
	First [][]float64 // logits of the first prompt, [T, V]
	Last  []float64   // of the second one's last token, [V]
}

func readRecorded(t *testing.T) map[string]recorded {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]recorded
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// near compares logits to 2e-5 of the largest.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i, w := range want {
		largest = math.Max(largest, math.Abs(w))
		if d := math.Abs(w - float64(got[i])); !(d <= worst) {
			worst = d
		}
	}
	t.Logf("%s: %.2g of the largest", what, worst/largest)
	if !(worst <= 2e-5*largest) {
		t.Errorf("%s: differs by %g; want at most 2e-5 of %g", what, worst, largest)
	}
}

// Every family has a checkpoint, and computes what transformers computes: in one call, token by token, and after a state. Only
// RWKV-7 is compared elsewhere: transformers does not have it.
func TestRecorded(t *testing.T) {
	all := readRecorded(t)
	tried := map[string]bool{"rwkv7": true, "qwen3_5": true, "qwen3_5_moe": true, "qwen3_5_moe_text": true} // the last ones are qwen3_5_text
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", "models", name))
			if err != nil {
				t.Fatal(err)
			}
			tried[m.Family()] = true
			T, V := len(r.IDs[0]), m.Tokens()
			state, err := m.State(2, T)
			if err != nil {
				t.Fatal(err)
			}
			turned := make([]int, 0, 2*T) // [T, 2]
			for i := range T {
				turned = append(turned, r.IDs[0][i], r.IDs[1][i])
			}
			out, err := m.Next().Run(append([]*tensor.Dense{graph.Ints(turned, T, 2)}, state...)...)
			if err != nil {
				t.Fatal(err)
			}
			logits := out[0].Float32s() // [T, 2, V]
			for i := range T {
				near(t, "one call", logits[2*i*V:(2*i+1)*V], r.First[i])
			}
			near(t, "one call", logits[(2*T-1)*V:], r.Last)
			s, err := m.Stream()
			if err != nil {
				t.Fatal(err)
			}
			for i, id := range r.IDs[0] {
				got, err := s.Read(id)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "a step", got, r.First[i])
			}
			if unread := m.Unread(); len(unread) > 0 && m.Family() != "minimax" { // whose fading is computed here
				t.Errorf("tensors that nothing reads: %v", unread)
			}
		})
	}
	for _, kind := range Families() {
		if !tried[kind] {
			t.Errorf("no checkpoint of the family %s is compared", kind)
		}
	}
}

// A stream is grown, forked, saved and opened without a change of what follows.
func TestStreams(t *testing.T) {
	for _, name := range []string{"mamba", "recurrent-gemma", "kimi-linear", "bamba"} {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", "models", name))
			if err != nil {
				t.Fatal(err)
			}
			ids := make([]int, firstRoom+40)
			for i := range ids {
				ids[i] = 3 + i*7%(m.Tokens()-3)
			}
			whole, err := m.Stream()
			if err != nil {
				t.Fatal(err)
			}
			want, err := whole.Read(ids...)
			if err != nil {
				t.Fatal(err)
			}
			want = slices.Clone(want)
			s, err := m.Stream()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Read(ids[:firstRoom-10]...); err != nil {
				t.Fatal(err)
			}
			fork, err := s.Fork()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "state.safetensors")
			if err := s.Save(path); err != nil {
				t.Fatal(err)
			}
			opened, err := m.OpenStream(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Read(5, 6, 7); err != nil { // another way, which must not reach the fork
				t.Fatal(err)
			}
			for what, s := range map[string]*Stream{"a fork": fork, "an opened state": opened} {
				got, err := s.Read(ids[firstRoom-10:]...)
				if err != nil || s.Tokens() != len(ids) {
					t.Fatal(what, err, s.Tokens())
				}
				wide := make([]float64, len(want))
				for i, v := range want {
					wide[i] = float64(v)
				}
				near(t, what, got, wide)
			}
			if _, err := s.Read(m.Tokens()); err == nil {
				t.Error("a token that the model does not have was read")
			}
		})
	}
}
