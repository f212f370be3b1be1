package pretrained

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// stateForm says how a part of the state lies in the references of transformers.
type stateForm struct {
	reference string // its name there, with * for the layer
	own       string // and here: what the name ends in
	turn      func(ref *tensor.Dense) []float64
}

// stateForms are the forms of all families that transformers keeps the states of.
var stateForms = map[string][]stateForm{
	"mamba":           {{"layers/*/conv_states/0", "*.mixer.conv", lastRows}, {"layers/*/recurrent_states/0", "*.mixer.ssm", same}},
	"falcon-mamba":    {{"layers/*/conv_states/0", "*.mixer.conv", lastRows}, {"layers/*/recurrent_states/0", "*.mixer.ssm", same}},
	"mamba2":          {{"layers/*/conv_states/0", "*.mixer.conv", lastRows}, {"layers/*/recurrent_states/0", "*.mixer.ssm", keysFirst}},
	"recurrent-gemma": {{"layers/*/rg_lru.recurrent_states", "*.temporal_block.state", same}},
	"bamba":           {{"layers/*/recurrent_states/0", "*.mamba.ssm", keysFirst}, {"layers/*/values", "*.self_attn.values", tokensFirst}},
	"qwen3-next":      {{"layers/*/recurrent_states/0", "*.linear_attn.S", same}, {"layers/*/values", "*.self_attn.values", tokensFirst}},
	"olmo-hybrid":     {{"layers/*/recurrent_states/0", "*.linear_attn.S", same}, {"layers/*/values", "*.self_attn.values", tokensFirst}},
	"kimi-linear":     {{"layers/*/recurrent_states/0", "*.self_attn.S", same}},
	"minimax":         {{"linear_cache/*", "*.self_attn.S", same}},
	"xlstm":           {{"rnn_state/*/2", "*.mlstm_layer.m", same}},
}

func same(ref *tensor.Dense) []float64 { return numbers(ref) }

// axes is a tensor with its axes in another order.
func axes(ref *tensor.Dense, order ...int) []float64 {
	turned := ref.Clone().(*tensor.Dense)
	if err := turned.T(order...); err != nil {
		panic(err)
	}
	if err := turned.Transpose(); err != nil {
		panic(err)
	}
	return numbers(turned)
}

// lastRows are the last K-1 of the K inputs of a convolution, [B, E, K], as [B, (K-1)·E].
func lastRows(ref *tensor.Dense) []float64 {
	all := axes(ref, 0, 2, 1) // [B, K, E]
	B, E, K := ref.Shape()[0], ref.Shape()[1], ref.Shape()[2]
	var out []float64
	for b := range B {
		out = append(out, all[(b*K+1)*E:(b+1)*K*E]...)
	}
	return out
}

// keysFirst is [B, H, P, S] as [B, H, S, P].
func keysFirst(ref *tensor.Dense) []float64 { return axes(ref, 0, 1, 3, 2) }

// tokensFirst is [B, H, T, D] as [T, B, H, D].
func tokensFirst(ref *tensor.Dense) []float64 { return axes(ref, 2, 0, 1, 3) }

// What is carried after a text is what transformers carries.
func TestStates(t *testing.T) {
	for name, forms := range stateForms {
		t.Run(name, func(t *testing.T) {
			folder := references(t, name)
			m, err := Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			r := readReference(t, filepath.Join(folder, "reference.safetensors"))
			B, T := r["ids"].Shape()[0], r["ids"].Shape()[1]
			state, err := m.State(B, T)
			if err != nil {
				t.Fatal(err)
			}
			turned := make([]int, B*T)
			for i, id := range r["ids"].Ints() {
				turned[i%T*B+i/T] = id
			}
			out, err := m.Next().Run(append([]*tensor.Dense{graph.Ints(turned, T, B)}, state...)...)
			if err != nil {
				t.Fatal(err)
			}
			compared := 0
			for i, c := range m.Carries() {
				layer := ""
				for part := range strings.SplitSeq(c.Name, ".") {
					if strings.Trim(part, "0123456789") == "" {
						layer = part
					}
				}
				for _, f := range forms {
					ref := r["state/"+strings.Replace(f.reference, "*", layer, 1)]
					if ref == nil || !strings.HasSuffix(c.Name, layer+f.own[1:]) {
						continue
					}
					got := numbers(out[1+i])
					wide := make([]float32, len(got))
					for k, v := range got {
						wide[k] = float32(v)
					}
					near(t, c.Name, wide, f.turn(ref))
					compared++
				}
			}
			if compared < len(forms) {
				t.Errorf("%d parts were compared; want %d at least", compared, len(forms))
			}
		})
	}
}
