package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
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

// A text in two parts that are cut before a space has the ids of the whole, which the Python package has recorded; cut within a word,
// it is the same text. The kinds that do not cut at spaces may join what stands on both sides of one.
func TestContinue(t *testing.T) {
	joins := map[string]bool{"llama": true, "gemma": true}
	pieces := map[string]bool{"wordpiece": true, "wordlevel": true} // in which the end of a word is another one than a word
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 14 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		kind := strings.TrimSuffix(filepath.Base(path), ".json")
		r := readRecorded(t, path)
		k, err := Parse(r.Tokenizer)
		if err != nil {
			t.Fatal(err)
		}
		cuts := 0
		for _, c := range r.Cases {
			if c.Text != "The quick brown fox jumps over the lazy dog." && c.Text != "naïve café Ångström e\u0301 A\u030a" {
				continue
			}
			for cut := range c.Text {
				space := c.Text[cut] == ' '
				mark, _ := utf8.DecodeRuneInString(c.Text[cut:])
				if cut == 0 || pieces[kind] && !space || unicode.Is(unicode.Mn, mark) { // a mark joins the letter before it
					continue
				}
				ids, err := k.Encode(c.Text[:cut])
				if err != nil {
					t.Fatal(err)
				}
				rest, err := k.Continue(c.Text[cut:])
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, rest...)
				if space && !joins[kind] && !slices.Equal(ids, c.IDs) {
					t.Errorf("%s: %q, cut at %d: %v; want %v", kind, c.Text, cut, ids, c.IDs)
				}
				if back, err := k.Decode(ids); err != nil || back != c.Back {
					t.Errorf("%s: %q, cut at %d: %q, %v; want %q", kind, c.Text, cut, back, err, c.Back)
				}
				cuts++
			}
		}
		if cuts == 0 {
			t.Errorf("%s: no text was cut", kind)
		}
	}
}

// After an added token, a text that goes on is encoded as after one in a whole text.
func TestContinueAfterAddedTokens(t *testing.T) {
	for _, kind := range []string{"llama", "metaspace", "gpt2", "falcon"} {
		r := readRecorded(t, filepath.Join("testdata", kind+".json"))
		k, err := Parse(r.Tokenizer)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := k.Encode("the quick<s>brown fox")
		if err != nil {
			t.Fatal(err)
		}
		ids, err := k.Encode("the")
		if err != nil {
			t.Fatal(err)
		}
		rest, err := k.Continue(" quick<s>brown fox")
		if ids = append(ids, rest...); err != nil || !slices.Equal(ids, whole) {
			t.Errorf("%s: %v, %v; want %v", kind, ids, err, whole)
		}
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
