package pretrained

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A GGUF file computes what transformers computes with the checkpoint that it was made from.
func TestGGUF(t *testing.T) {
	all := readRecorded(t)
	for _, name := range []string{"mamba", "falcon-mamba", "mamba2", "falcon-h1", "jamba", "lfm2", "granite-hybrid", "nemotron-h", "qwen3-next"} {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", "gguf", name+".gguf"))
			if err != nil {
				t.Fatal(err)
			}
			r := all[name]
			got := logitsOf(t, m, r.IDs[0])
			for i, want := range r.First {
				near(t, "logits", got[i*m.Tokens():(i+1)*m.Tokens()], want)
			}
			if unread := m.Unread(); len(unread) > 0 {
				t.Errorf("tensors that nothing reads: %v", unread)
			}
			k, err := m.Tokenizer()
			if err != nil {
				t.Fatal(err)
			}
			ids, err := k.Encode("the</s>hi ")
			if want := []int{19, 2, 8, 9, 16}; err != nil || !slices.Equal(ids, want) {
				t.Errorf("tokens %v, %v; want %v", ids, err, want)
			}
		})
	}
}

// RWKV-7 is the same as from its authors' file, and so is its vocabulary.
func TestGGUFRWKV7(t *testing.T) {
	m, err := Load(filepath.Join("testdata", "gguf", "rwkv7.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	authors, err := Load(filepath.Join("testdata", "gguf", "rwkv7.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	ids := []int{3, 7, 1, 19, 0, 5}
	if got, want := logitsOf(t, m, ids), logitsOf(t, authors, ids); !slices.Equal(got, want) {
		t.Errorf("logits %v; want %v", got[:5], want[:5])
	}
	if unread := m.Unread(); len(unread) > 0 {
		t.Errorf("tensors that nothing reads: %v", unread)
	}
	k, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	ids, err = k.Encode("thethab\n'é\xff\\ ")
	if want := []int{6, 5, 1, 2, 3, 4, 7, 8, 9, 10}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("tokens %v, %v; want %v", ids, err, want)
	}
}

// Weights in Q8_0 are within a half step of the others: 1/254 of the largest in their group of 32.
func TestGGUFQ8(t *testing.T) {
	exact, err := Load(filepath.Join("testdata", "gguf", "mamba.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(filepath.Join("testdata", "gguf", "mamba-q8.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	rounded := 0
	for i := range m.Params().Len() {
		p := m.Params().At(i)
		want := exact.Params().Get(p.Name()).Value().Float32s()
		for at, v := range p.Value().Float32s() {
			group := want[at/32*32 : min(at/32*32+32, len(want))]
			most := max(slices.Max(group), -slices.Min(group))
			if d := v - want[at]; max(d, -d) > most*(0.5/127+1e-3) { // the scale is of 16 bits
				t.Fatalf("%s[%d] = %g; want %g", p.Name(), at, v, want[at])
			} else if d != 0 {
				rounded++
			}
		}
	}
	if rounded == 0 {
		t.Error("no weight was rounded")
	}
}

// What cannot be read is named.
func TestGGUFRefused(t *testing.T) {
	for what, c := range map[string]struct{ file, from, to, want string }{
		"another kind":   {"mamba", "\x05\x00\x00\x00\x00\x00\x00\x00mamba", "\x05\x00\x00\x00\x00\x00\x00\x00llama", `"llama"; want one of mamba`},
		"no width":       {"mamba", "mamba.embedding_length", "mamba.embedding_lengtj", "hidden_size"},
		"another weight": {"mamba", "blk.1.ssm_in.weight", "blk.1.ssm_im.weight", "in_proj"},
		"half a network": {"granite-hybrid", "blk.0.ffn_up_shexp.weight", "blk.0.ffn_um_shexp.weight", "ffn_up_shexp, is missing"},
		"no heads":       {"nemotron-h", "attention.head_count_kv", "attention.head_count_kw", "0 heads"},
		"no keys":        {"qwen3-next", "ssm.group_count", "ssm.group_counu", "0 heads of keys"},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "gguf", c.file+".gguf"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.gguf")
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), c.from, c.to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", what, err, c.want)
		}
	}
}
