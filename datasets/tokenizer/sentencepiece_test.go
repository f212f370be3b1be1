package tokenizer

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Ids and texts are those of the Python package sentencepiece, for every kind of model, hard texts, and ids in any order.
func TestSentencePiece(t *testing.T) {
	for _, kind := range []string{"unigram", "unigram-bytes", "bpe", "bpe-bytes", "bpe-llama", "bpe-suffix"} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join("testdata", "sentencepiece", kind)
			m, err := LoadSentencePiece(path + ".model")
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var r struct {
				Texts, Back []string
				IDs         [][]int
			}
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			for i, text := range r.Texts {
				if ids, err := m.Encode(text); err != nil || !slices.Equal(ids, r.IDs[i]) {
					t.Errorf("%q: %v %v; want %v", text, ids, err, r.IDs[i])
				}
			}
			for i, ids := range r.IDs {
				if back, err := m.Decode(ids); err != nil || back != r.Back[i] {
					t.Errorf("%v: %q %v; want %q", ids, back, err, r.Back[i])
				}
			}
		})
	}
}

// What stands around a text is a matter of the model, not of the file.
func TestSentencePieceAround(t *testing.T) {
	m, err := LoadSentencePiece("testdata/sentencepiece/unigram.model")
	if err != nil {
		t.Fatal(err)
	}
	bare, err := m.Prompt("the rest")
	if err != nil {
		t.Fatal(err)
	}
	both, err := m.Around(true, true)
	if err != nil {
		t.Fatal(err)
	}
	begin, _ := m.ID("<s>")
	end, _ := m.ID("</s>")
	ids, err := both.Prompt("the rest")
	if want := append(append([]int{begin}, bare...), end); err != nil || !slices.Equal(ids, want) {
		t.Errorf("%v %v; want %v", ids, err, want)
	}
	if back, err := m.Decode(ids); err != nil || back != "the rest" {
		t.Errorf("%q %v", back, err)
	}
	if got := m.Specials(); !slices.Equal(got, []int{begin, end}) {
		t.Errorf("special pieces %v", got)
	}
	if token, err := m.Token(begin); err != nil || token != "<s>" || m.Len() <= end {
		t.Errorf("piece %d of %d is %q, %v", begin, m.Len(), token, err)
	}
}

// A text in two parts is that of the whole, wherever it is cut.
func TestSentencePieceContinue(t *testing.T) {
	const text = "the rest is in here, then naïve café"
	for _, kind := range []string{"unigram", "unigram-bytes", "bpe", "bpe-bytes", "bpe-suffix"} {
		m, err := LoadSentencePiece(filepath.Join("testdata", "sentencepiece", kind+".model"))
		if err != nil {
			t.Fatal(err)
		}
		for cut := range text {
			if kind == "bpe-suffix" && text[cut] != ' ' || strings.HasSuffix(text[:cut], " ") {
				continue // a space at the end is left out, or put there
			}
			one, err := m.Encode(text[:cut])
			if err != nil {
				t.Fatal(err)
			}
			two, err := m.Continue(text[cut:])
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.Decode(append(one, two...))
			all, _ := m.Encode(text)
			if whole, _ := m.Decode(all); err != nil || want != whole {
				t.Errorf("%s, cut at %d: %q, %v; want %q", kind, cut, want, err, whole)
			}
		}
	}
}

// A text that is written token by token keeps the space before a word, unless nothing is before it.
func TestSentencePieceStreamer(t *testing.T) {
	m, err := LoadSentencePiece("testdata/sentencepiece/unigram.model")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := m.Encode("the rest")
	if err != nil || len(ids) != 2 {
		t.Fatal(ids, err)
	}
	if piece, err := NewStreamer(m.Decode).Next(ids[1]); err != nil || piece != "rest" {
		t.Errorf("%q, %v; want rest", piece, err)
	}
	if piece, err := NewStreamer(m.Decode, ids[0]).Next(ids[1]); err != nil || piece != " rest" {
		t.Errorf("%q, %v; want it with a space", piece, err)
	}
}

// pieceOf is a piece of a file.
func pieceOf(text string, kind uint64) []byte {
	b := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte(text))
	return protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), kind)
}

// fileOf is a file of some pieces and of fields of its trainer_spec.
func fileOf(trainer map[protowire.Number]uint64, pieces ...[]byte) []byte {
	var out, spec []byte
	for _, p := range pieces {
		out = protowire.AppendBytes(protowire.AppendTag(out, 1, protowire.BytesType), p)
	}
	for num, v := range trainer {
		spec = protowire.AppendVarint(protowire.AppendTag(spec, num, protowire.VarintType), v)
	}
	return protowire.AppendBytes(protowire.AppendTag(out, 2, protowire.BytesType), spec)
}

// What cannot be read is an error that names it.
func TestSentencePieceRefused(t *testing.T) {
	unknown := pieceOf("<unk>", unknownPiece)
	for want, data := range map[string][]byte{
		"0 pieces":                       nil,
		"it is no tokenizer.model":       []byte(`{"model": {"type": "BPE"}}`),
		"no piece has the type UNKNOWN":  fileOf(nil, pieceOf("a", normalPiece)),
		"and so is piece 0":              fileOf(nil, unknown, pieceOf("?", unknownPiece)),
		"it is piece 1, too":             fileOf(nil, unknown, pieceOf("a", normalPiece), pieceOf("a", definedPiece)),
		`piece 1, "": it is empty`:       fileOf(nil, unknown, pieceOf("", normalPiece)),
		"type 7":                         fileOf(nil, unknown, pieceOf("a", 7)),
		"the type BYTE":                  fileOf(nil, unknown, pieceOf("<0x00>", bytePiece)),
		"no piece for the byte <0x00>":   fileOf(map[protowire.Number]uint64{35: 1}, unknown),
		"no piece for the byte <0x01>":   fileOf(map[protowire.Number]uint64{35: 1}, unknown, pieceOf("<0x00>", bytePiece)),
		"model_type is 4":                fileOf(map[protowire.Number]uint64{3: 4}, unknown),
		"normalizer_spec: precompiled_c": append(fileOf(nil, unknown), 0x1a, 3, 0x12, 1, 'x'),
	} {
		if _, err := ParseSentencePiece(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if _, err := new(SentencePiece).Encode("x"); err == nil {
		t.Error("a tokenizer that was never loaded encodes")
	}
	if _, err := new(SentencePiece).Around(true, false); err == nil {
		t.Error("a tokenizer that was never loaded is changed")
	}
	m, err := ParseSentencePiece(fileOf(nil, unknown))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Around(true, false); err == nil || !strings.Contains(err.Error(), `"<s>"`) {
		t.Errorf("without <s>: %v", err)
	}
	if _, err := m.Decode([]int{1}); err == nil {
		t.Error("an id that is none was decoded")
	}
}

// A damaged file is refused, or read as another; nothing panics.
func TestSentencePieceDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []string{"unigram-bytes", "bpe-bytes", "bpe-suffix"} {
		whole, err := os.ReadFile(filepath.Join("testdata", "sentencepiece", kind+".model"))
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 500 {
			data := slices.Clone(whole[:len(whole)-rng.IntN(2)*rng.IntN(len(whole))])
			for range rng.IntN(4) {
				if len(data) > 0 {
					data[rng.IntN(len(data))] = byte(rng.IntN(256))
				}
			}
			m, err := ParseSentencePiece(data)
			if err != nil {
				refused++
				continue
			}
			ids, err := m.Encode("the<sep>house AB \xff 日本語")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Decode(ids); err != nil {
				t.Fatal(err)
			}
		}
		if refused < 50 {
			t.Errorf("%s: %d of 500 damaged files were refused", kind, refused)
		}
	}
}

func BenchmarkSentencePiece(b *testing.B) {
	text := strings.Repeat("the rest is in the house and he has the other one here, then there was naïve café. ", 1000)
	for _, kind := range []string{"unigram", "bpe", "bpe-bytes"} {
		b.Run(kind, func(b *testing.B) {
			m, err := LoadSentencePiece(filepath.Join("testdata", "sentencepiece", kind+".model"))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := m.Encode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
