package pretrained

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// A folder of flash-linear-attention is the same RWKV-7 as a file of its authors: names differ, and matrices of low rank are turned.
func TestRWKV7OfFlash(t *testing.T) {
	const V, C, F = 11, 64, 96
	rng := rand.New(rand.NewPCG(1, 1))
	var authors, flash []graph.Named
	add := func(name, other string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(0.15 * rng.NormFloat64())
		}
		x := graph.Floats(values, shape...)
		authors = append(authors, graph.Named{Name: name, Value: x})
		if strings.Contains(other, "_lora.lora.") && len(shape) == 2 {
			x = turned(x)
		} else if len(shape) == 3 && !strings.Contains(other, ".x_") {
			x = graph.Floats(values, shape[2])
		}
		flash = append(flash, graph.Named{Name: other, Value: x})
	}
	norm := func(name, other string) {
		add(name+".weight", other+".weight", C)
		add(name+".bias", other+".bias", C)
	}
	add("emb.weight", "model.embeddings.weight", V, C)
	for i := range 2 {
		b, o := "blocks."+itoa(i)+".", "model.layers."+itoa(i)+"."
		if i == 0 {
			norm(b+"ln0", o+"pre_norm")
		}
		norm(b+"ln1", o+"attn_norm")
		norm(b+"ln2", o+"ffn_norm")
		for _, x := range []string{"x_r", "x_w", "x_k", "x_v", "x_a", "x_g"} {
			add(b+"att."+x, o+"attn."+x, 1, 1, C)
		}
		for k, rank := range map[string]int{"w": 8, "a": 6, "v": 4, "g": 10} {
			if k == "v" && i == 0 {
				continue
			}
			add(b+"att."+k+"1", o+"attn."+k+"_lora.lora.0.weight", C, rank)
			add(b+"att."+k+"2", o+"attn."+k+"_lora.lora.2.weight", rank, C)
			if k != "g" {
				add(b+"att."+k+"0", o+"attn."+k+"_lora.lora.2.bias", 1, 1, C)
			}
		}
		add(b+"att.k_k", o+"attn.k_k", 1, 1, C)
		add(b+"att.k_a", o+"attn.k_a", 1, 1, C)
		add(b+"att.r_k", o+"attn.r_k", 1, C)
		for k, name := range map[string]string{"receptance": "r_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"} {
			add(b+"att."+k+".weight", o+"attn."+name+".weight", C, C)
		}
		norm(b+"att.ln_x", o+"attn.g_norm")
		add(b+"ffn.x_k", o+"ffn.x_k", 1, 1, C)
		add(b+"ffn.key.weight", o+"ffn.key.weight", F, C)
		add(b+"ffn.value.weight", o+"ffn.value.weight", C, F)
	}
	norm("ln_out", "model.norm")
	add("head.weight", "lm_head.weight", V, C)
	dir := t.TempDir()
	for name, list := range map[string][]graph.Named{"authors.safetensors": authors, "model.safetensors": flash} {
		if err := graph.WriteSafetensors(filepath.Join(dir, name), list, nil); err != nil {
			t.Fatal(err)
		}
	}
	config := `{"model_type": "rwkv7", "vocab_size": 11, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "head_dim": 64,
		"decay_low_rank_dim": 8, "a_low_rank_dim": 6, "v_low_rank_dim": 4, "gate_low_rank_dim": 10, "hidden_act": "sqrelu"}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var logits [2][]float32
	for i, path := range []string{filepath.Join(dir, "authors.safetensors"), dir} {
		m, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Stream()
		if err != nil {
			t.Fatal(err)
		}
		if logits[i], err = s.Read(3, 1, 4, 1, 5, 9, 2); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range logits[0] {
		if v != logits[1][i] {
			t.Fatalf("logits %v and %v", logits[0], logits[1])
		}
	}
}
