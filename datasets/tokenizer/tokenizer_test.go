package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded is what the Python package tokenizers makes of texts; testdata/record.py wrote it.
type recorded struct {
	Tokenizer json.RawMessage
	Cases     []struct {
		Text, Back  string
		IDs, Prompt []int
	}
}

func readRecorded(t *testing.T, path string) recorded {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Ids and texts are those of the Python package, for every kind of tokenizer and hard texts.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 14 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			r := readRecorded(t, path)
			k, err := Parse(r.Tokenizer)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Cases {
				ids, err := k.Encode(c.Text)
				if err != nil || !slices.Equal(ids, c.IDs) {
					t.Errorf("%q: %v %v; want %v", c.Text, ids, err, c.IDs)
					continue
				}
				if prompt, err := k.Prompt(c.Text); err != nil || !slices.Equal(prompt, c.Prompt) {
					t.Errorf("%q as a prompt: %v %v; want %v", c.Text, prompt, err, c.Prompt)
				}
				if back, err := k.Decode(ids); err != nil || back != c.Back {
					t.Errorf("%q back: %q %v; want %q", c.Text, back, err, c.Back)
				}
				s := NewStreamer(k.Decode)
				var joined strings.Builder
				for _, id := range ids {
					piece, err := s.Next(id)
					if err != nil {
						t.Fatal(err)
					}
					joined.WriteString(piece)
				}
				if !strings.HasPrefix(c.Back, strings.TrimRight(joined.String(), "\uFFFD")) {
					t.Errorf("%q token by token: %q; want %q", c.Text, joined.String(), c.Back)
				}
			}
		})
	}
}

// Ids are those of the Python package rwkv, with a small vocabulary, and with its own where it is there.
func TestWorld(t *testing.T) {
	data, err := os.ReadFile("testdata/world/ids.json")
	if err != nil {
		t.Fatal(err)
	}
	var r map[string][]struct {
		Text string
		IDs  []int
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"small": "testdata/world/vocab.txt", "package": os.Getenv("RWKV_VOCAB")}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			if path == "" {
				t.Skip("RWKV_VOCAB does not name the vocabulary of the package rwkv")
			}
			w, err := LoadWorld(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r[name] {
				ids, err := w.Encode(c.Text)
				if err != nil || !slices.Equal(ids, c.IDs) {
					t.Errorf("%q: %v %v; want %v", c.Text, ids, err, c.IDs)
				}
				if back, err := w.Decode(ids); err != nil || back != c.Text {
					t.Errorf("%q back: %q %v", c.Text, back, err)
				}
			}
		})
	}
}

// What is not known is an error that names it.
func TestRefused(t *testing.T) {
	const whole = `{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]},"added_tokens":[]}`
	if _, err := Parse([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for change, want := range map[[2]string]string{
		{`"BPE"`, `"Magic"`}: `"Magic"`, {`["a","b"]`, `["a","c"]`}: "merge 0", {`"ab":2`, `"ab":1`}: "same id", {`"ab":2`, `"ab":-2`}: "-2",
		{`"ab":2`, `"ab":99999999999`}: "vocab", {`{"type":"BPE"`, `{"dropout":0.5,"type":"BPE"`}: "dropout",
		{`"added_tokens":[]`, `"normalizer":{"type":"Magic"}`}:                                                             "normalizer",
		{`"added_tokens":[]`, `"pre_tokenizer":{"type":"Magic"}`}:                                                          "pre_tokenizer",
		{`"added_tokens":[]`, `"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?<=a)b"},"behavior":"Isolated"}`}:      "(?<",
		{`"added_tokens":[]`, `"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a\\s+(?!\\S)"},"behavior":"Isolated"}`}: "alternative",
		{`"added_tokens":[]`, `"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}`}:            "missing",
		{`"added_tokens":[]`, `"decoder":{"type":"Magic"}`}:                                                                "decoder",
		{`"added_tokens":[]`, `"post_processor":{"type":"Magic"}`}:                                                         "post_processor",
		{`"added_tokens":[]`, `"added_tokens":[{"id":1,"content":"x"}]`}:                                                   `"b"`,
		{`"added_tokens":[]`, `"normalizer":{"type":"Precompiled","precompiled_charsmap":"////fw=="}`}:                     "trie",
	} {
		_, err := Parse([]byte(strings.Replace(whole, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", change[1], err, want)
		}
	}
	if _, err := Parse([]byte(whole[:20])); err == nil {
		t.Error("a file that ends early was read")
	}
	if _, err := new(Tokenizer).Encode("x"); err == nil {
		t.Error("a tokenizer that was never loaded encodes")
	}
}
