package pretrained

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/tokenizer"
)

// The tokenizer of the kind "llama" is the model of SentencePiece whose pieces, scores and types the file has.
func TestGGUFPieces(t *testing.T) {
	folder := filepath.Join("..", "..", "datasets", "tokenizer", "testdata", "sentencepiece")
	data, err := os.ReadFile(filepath.Join(folder, "bpe-llama.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Pieces []any
		Scores []any
		Types  []any
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{
		"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": r.Pieces, "tokenizer.ggml.scores": r.Scores, "tokenizer.ggml.token_type": r.Types,
		"tokenizer.ggml.bos_token_id": 1.0, "tokenizer.ggml.eos_token_id": 2.0,
	}
	got, err := ggufTokenizer(fields)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tokenizer.LoadSentencePiece(filepath.Join(folder, "bpe-llama.model"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", " ", "the rest", "  two  spaces ", "the<sep>house", "日本語 мир", "ab 🙂", "tab\tend"} {
		a, err := got.Encode(text)
		b, err2 := want.Encode(text)
		if err != nil || err2 != nil || !slices.Equal(a, b) {
			t.Errorf("%q: %v %v; want %v %v", text, a, err, b, err2)
		}
		p, err := got.Prompt(text)
		if err != nil || !slices.Equal(p, append([]int{1}, b...)) {
			t.Errorf("%q as a prompt: %v %v", text, p, err)
		}
		if back, err := got.Decode(p); err != nil || back != text {
			t.Errorf("%q back: %q %v", text, back, err)
		}
	}
	fields["tokenizer.ggml.scores"] = r.Scores[1:]
	if _, err := ggufTokenizer(fields); err == nil || !strings.Contains(err.Error(), "scores") {
		t.Errorf("with a score too few: %v", err)
	}
}
