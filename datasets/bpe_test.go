package datasets_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"golang.org/x/text/unicode/norm"
)

// The values in testdata/bpe come from the Python package tokenizers; testdata/bpe/record.py made them.

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(path, err)
	}
}

func sampleLines(t testing.TB, dir string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "sample.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		var line string
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func loadBPE(t testing.TB, path string) *datasets.BPE {
	t.Helper()
	b, err := datasets.LoadBPE(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// changed returns a tokenizer.json with one setting changed; section "" is the top level.
func changed(t testing.TB, path, section, name string, value any) []byte {
	t.Helper()
	var file map[string]any
	readJSON(t, path, &file)
	at := file
	if section != "" {
		at = file[section].(map[string]any)
	}
	at[name] = value
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fewMerges ignores merges for words that are tokens, of which many cannot be merged together.
func fewMerges(t testing.TB, path string) []byte {
	t.Helper()
	var file struct{ Model struct{ Merges []any } }
	readJSON(t, path, &file)
	saved := filepath.Join(t.TempDir(), "few.json")
	if err := os.WriteFile(saved, changed(t, path, "model", "merges", file.Model.Merges[:100]), 0o644); err != nil {
		t.Fatal(err)
	}
	return changed(t, saved, "model", "ignore_merges", true)
}

func parseBPE(t testing.TB, data []byte) *datasets.BPE {
	t.Helper()
	b := new(datasets.BPE)
	if err := json.Unmarshal(data, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// variants are the tokenizers of record.py under the names it recorded their ids.
func variants(t testing.TB, dir string) map[string]*datasets.BPE {
	path := filepath.Join(dir, "tokenizer.json")
	return map[string]*datasets.BPE{
		"plain":  loadBPE(t, path),
		"prefix": parseBPE(t, changed(t, path, "pre_tokenizer", "add_prefix_space", true)),
		"whole":  parseBPE(t, changed(t, path, "pre_tokenizer", "use_regex", false)),
		"nfc":    parseBPE(t, changed(t, path, "", "normalizer", map[string]any{"type": "NFC"})),
		"ignore": parseBPE(t, fewMerges(t, path)),
		"added":  loadBPE(t, filepath.Join(dir, "tokenizer-added.json")),
	}
}

func TestBPEGivesTheRecordedIDs(t *testing.T) {
	checkRecorded(t, filepath.Join("testdata", "bpe"), 300)
}

// TestBPEGivesTheRecordedIDsOfManyLines is for a directory that `record.py LINES DIRECTORY` has filled.
func TestBPEGivesTheRecordedIDsOfManyLines(t *testing.T) {
	dir := os.Getenv("UNROLL_BPE_RECORDS")
	if dir == "" {
		t.Skip("UNROLL_BPE_RECORDS names no directory")
	}
	checkRecorded(t, dir, 10000)
}

func checkRecorded(t *testing.T, dir string, want int) {
	lines := sampleLines(t, dir)
	if len(lines) < want {
		t.Fatalf("%d lines; want %d", len(lines), want)
	}
	var recorded map[string]struct {
		IDs     [][]int
		Decoded []string
	}
	readJSON(t, filepath.Join(dir, "sample.json"), &recorded)
	all := variants(t, dir)
	if len(recorded) != len(all) {
		t.Fatalf("%d variants, %d recorded", len(all), len(recorded))
	}
	for name, b := range all {
		saved := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := b.Save(saved); err != nil {
			t.Fatal(err)
		}
		again := loadBPE(t, saved)
		wrong := 0
		for i, line := range lines {
			ids, err := b.Encode(line)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(ids, recorded[name].IDs[i]) {
				if wrong++; wrong <= 3 {
					t.Errorf("%s: line %d, %+q: %v, want %v", name, i, line, ids, recorded[name].IDs[i])
				}
			}
			if other, err := again.Encode(line); err != nil || !slices.Equal(ids, other) {
				t.Fatalf("%s: line %d, %+q has other ids after saving: %v %v", name, i, line, other, err)
			}
			text, err := b.Decode(ids)
			if err != nil {
				t.Fatal(err)
			}
			if d := recorded[name].Decoded; d != nil && text != d[i] {
				t.Errorf("%s: line %d decodes to %+q, want %+q", name, i, text, d[i])
			}
			if (name == "plain" || name == "whole" || name == "ignore") && text != strings.ReplaceAll(line, "<|endoftext|>", "") {
				t.Errorf("%s: line %d, %+q, came back as %+q", name, i, line, text)
			}
			if name == "nfc" && text != norm.NFC.String(strings.ReplaceAll(line, "<|endoftext|>", "")) {
				t.Errorf("%s: line %d, %+q, came back as %+q", name, i, line, text)
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d lines have other ids", name, wrong, len(lines))
		}
	}
}

func TestBPETrainsTheRecordedMerges(t *testing.T) {
	c := kingJames(t)
	b, err := datasets.BPETrainer{Size: 600, Special: []string{"<|endoftext|>"}}.Train(c.Text[:100000])
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	type model struct {
		Vocab  map[string]int
		Merges [][]string
	}
	var got struct{ Model model }
	var want model
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	readJSON(t, filepath.Join("testdata", "bpe", "merges.json"), &want)
	if len(want.Merges) != 600-257 || !slices.EqualFunc(got.Model.Merges, want.Merges, slices.Equal[[]string]) {
		t.Errorf("merges %v, want %v", got.Model.Merges, want.Merges)
	}
	for token, id := range want.Vocab {
		if got.Model.Vocab[token] != id {
			t.Errorf("%q has id %d, want %d", token, got.Model.Vocab[token], id)
		}
	}
	if b.Len() != 600 || len(b.Specials()) != 1 {
		t.Error(b.Len(), b.Specials())
	}
}

func TestBPEReadsMergesAsStrings(t *testing.T) {
	path := filepath.Join("testdata", "bpe", "tokenizer.json")
	var file struct{ Model struct{ Merges [][]string } }
	readJSON(t, path, &file)
	old := make([]string, len(file.Model.Merges))
	for i, m := range file.Model.Merges {
		old[i] = strings.Join(m, " ")
	}
	a, b := loadBPE(t, path), parseBPE(t, changed(t, path, "model", "merges", old))
	for _, line := range sampleLines(t, filepath.Dir(path)) {
		x, _ := a.Encode(line)
		if y, err := b.Encode(line); err != nil || !slices.Equal(x, y) {
			t.Fatal(line, x, y, err)
		}
	}
}

func TestBPERefusesByName(t *testing.T) {
	path := filepath.Join("testdata", "bpe", "tokenizer.json")
	step := func(kind string) map[string]any { return map[string]any{"type": kind} }
	list := func(name string, kinds ...string) map[string]any {
		var steps []any
		for _, k := range kinds {
			steps = append(steps, step(k))
		}
		return map[string]any{"type": "Sequence", name: steps}
	}
	added := map[string]any{"id": 7000, "content": "<x>"}
	for _, c := range []struct {
		section, name string
		value         any
		want          string
	}{
		{"", "truncation", map[string]any{"max_length": 5}, "truncation is set"},
		{"", "padding", step("x"), "padding is set"},
		{"", "normalizer", step("Lowercase"), `normalizer "Lowercase" is not supported`},
		{"", "normalizer", list("normalizers", "NFC", "NFKD"), `normalizer "NFKD" is not supported`},
		{"", "pre_tokenizer", step("Whitespace"), `pre_tokenizer "Whitespace" is not supported`},
		{"", "pre_tokenizer", list("pretokenizers", "Split", "ByteLevel"), `pre_tokenizer "Split" is not supported`},
		{"", "pre_tokenizer", nil, "0 pre-tokenizers; want one"},
		{"", "post_processor", step("TemplateProcessing"), `post_processor "TemplateProcessing"`},
		{"", "decoder", step("WordPiece"), `decoder "WordPiece"`},
		{"", "decoder", nil, "0 decoders"},
		{"", "added_tokens", []any{added}, `added token "<x>" has id 7000; want 500`},
		{"model", "type", "WordPiece", `model "WordPiece" is not supported`},
		{"model", "dropout", 0.1, "model.dropout 0.1"},
		{"model", "continuing_subword_prefix", "##", "model.continuing_subword_prefix"},
		{"model", "end_of_word_suffix", "</w>", "model.end_of_word_suffix"},
		{"model", "byte_fallback", true, "model.byte_fallback"},
		{"model", "merges", []any{"a b c"}, "is not two tokens"},
		{"model", "merges", []any{[]string{"a"}}, "a merge of 1 tokens"},
		{"model", "merges", []any{[]string{"a", "Ł~"}}, "merge 0"},
		{"model", "merges", []any{3}, "want a pair of tokens"},
		{"model", "vocab", map[string]int{}, "model.vocab is empty"},
		{"model", "vocab", map[string]int{"a": 1}, "want each of 0 to 0 once"},
		{"model", "vocab", map[string]int{"a": 0, "b": 2000000000}, "want each of 0 to 1 once"},
	} {
		b := loadBPE(t, path)
		wantError(t, b.UnmarshalJSON(changed(t, path, c.section, c.name, c.value)), c.want)
		if b.Len() != 500 {
			t.Error("changed by a file that was refused")
		}
	}
	_, err := datasets.LoadBPE("testdata/absent.json")
	wantError(t, err, "absent.json")
	_, err = new(datasets.BPE).MarshalJSON()
	wantError(t, err, "empty")
	_, err = new(datasets.BPE).Encode("a")
	wantError(t, err, "empty byte-pair encoding")
	b := loadBPE(t, path)
	_, err = b.Encode("ab\xff")
	wantError(t, err, "not UTF-8: byte 0xff at offset 2")
	_, err = b.Decode([]int{1, 500})
	wantError(t, err, "id 500, number 2 of those to decode; the encoding has 500 tokens")
	_, err = b.Token(-1)
	wantError(t, err, "id -1")
	for want, tr := range map[string]datasets.BPETrainer{
		"want at least 257": {Size: 256, Special: []string{"<s>"}},
		"doubled":           {Size: 300, Special: []string{"<s>", "<s>"}},
		"is what a byte":    {Size: 300, Special: []string{"Ġ"}},
		"empty text":        {Size: 300},
	} {
		_, err := tr.Train("")
		wantError(t, err, want)
	}
	_, err = datasets.BPETrainer{Size: 300}.Train("a\xffb")
	wantError(t, err, "not UTF-8: byte 0xff at offset 1, line 1")
}

func TestBPEDecodesBrokenCharacters(t *testing.T) {
	b := loadBPE(t, filepath.Join("testdata", "bpe", "tokenizer.json"))
	// Python: bytes.decode("utf-8", "replace")
	for text, want := range map[string]string{
		"a\xff\xfeb":           "a\ufffd\ufffdb",
		"\xf0\x9f\x91":         "\ufffd",
		"\xf0\x9f\x91\xe2\x98": "\ufffd\ufffd",
		"\xe0\x80\x80":         "\ufffd\ufffd\ufffd",
		"\xed\xa0\x80":         "\ufffd\ufffd\ufffd",
		"\xf4\x90x":            "\ufffd\ufffdx",
		"\xc3(\xc3\xa9":        "\ufffd(é",
	} {
		var ids []int
		for _, c := range []byte(text) {
			for id := range b.Len() {
				if raw, _ := b.DecodeBytes([]int{id}); len(raw) == 1 && raw[0] == c {
					ids = append(ids, id)
					break
				}
			}
		}
		if got, err := b.Decode(ids); err != nil || got != want {
			t.Errorf("%+q decodes to %+q, want %+q, %v", text, got, want, err)
		}
	}
}

func BenchmarkBPE(b *testing.B) {
	c := kingJames(b)
	t, err := datasets.BPETrainer{Size: 8000}.Train(c.Text)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(c.Text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := t.Encode(c.Text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("train", func(b *testing.B) {
		b.SetBytes(int64(len(c.Text)))
		for b.Loop() {
			if _, err := (datasets.BPETrainer{Size: 8000}).Train(c.Text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
