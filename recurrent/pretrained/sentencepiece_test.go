package pretrained

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withModel is a folder of a tiny model with a tokenizer.model of SentencePiece.
func withModel(t *testing.T) string {
	t.Helper()
	dir := copied(t, "mamba")
	data, err := os.ReadFile(filepath.Join("..", "..", "datasets", "tokenizer", "testdata", "sentencepiece", "bpe-suffix.model"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tokenizer.model"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A folder's tokenizer.model is read where there is no tokenizer.json, with what stands before and after a text.
func TestSentencePieceFolder(t *testing.T) {
	dir := withModel(t)
	for config, want := range map[string][2]bool{
		"": {true, false}, `{"add_bos_token": false}`: {}, `{"add_bos_token": false, "add_eos_token": true}`: {false, true},
		`{"add_eos_token": null}`: {true, false},
	} {
		path := filepath.Join(dir, "tokenizer_config.json")
		_ = os.Remove(path)
		if config != "" {
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.Tokenizer()
		if err != nil {
			t.Fatal(err)
		}
		ids, err := m.Prompt("the rest")
		bare, err2 := k.Encode("the rest")
		if want[0] {
			bare = append([]int{1}, bare...)
		}
		if want[1] {
			bare = append(bare, 2)
		}
		if err != nil || err2 != nil || len(bare) < 2 || !slices.Equal(ids, bare) {
			t.Errorf("%s: %v, %v, %v; want %v", config, ids, err, err2, bare)
		}
	}
	for file, want := range map[string]string{"tokenizer_config.json": "tokenizer_config.json", "tokenizer.model": "no tokenizer.model"} {
		dir := withModel(t)
		if err := os.WriteFile(filepath.Join(dir, file), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Tokenizer(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a broken %s: %v; want %q", file, err, want)
		}
	}
}
