package datasets

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// tokenizerJSON is a tokenizer.json file of the Python package tokenizers, version 1.0.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []subword.Added `json:"added_tokens"`
	Normalizer    *stepJSON       `json:"normalizer"`
	PreTokenizer  *stepJSON       `json:"pre_tokenizer"`
	PostProcessor *stepJSON       `json:"post_processor"`
	Decoder       *stepJSON       `json:"decoder"`
	Model         modelJSON       `json:"model"`
}

// stepJSON is a normalizer, pre-tokenizer, post-processor or decoder. The fields are those of ByteLevel, and the lists
// of Sequence.
type stepJSON struct {
	Type           string     `json:"type"`
	AddPrefixSpace *bool      `json:"add_prefix_space,omitempty"`
	TrimOffsets    *bool      `json:"trim_offsets,omitempty"`
	UseRegex       *bool      `json:"use_regex,omitempty"`
	Normalizers    []stepJSON `json:"normalizers,omitempty"`
	PreTokenizers  []stepJSON `json:"pretokenizers,omitempty"`
	Processors     []stepJSON `json:"processors,omitempty"`
	Decoders       []stepJSON `json:"decoders,omitempty"`
}

type modelJSON struct {
	Type         string            `json:"type"`
	Dropout      *float64          `json:"dropout"`
	UnknownToken *string           `json:"unk_token"`
	Prefix       *string           `json:"continuing_subword_prefix"`
	Suffix       *string           `json:"end_of_word_suffix"`
	FuseUnknown  bool              `json:"fuse_unk"`
	ByteFallback bool              `json:"byte_fallback"`
	IgnoreMerges bool              `json:"ignore_merges"`
	Vocab        json.RawMessage   `json:"vocab"`
	Merges       []subword.Written `json:"merges"`
}

// offsetParts are settings that change nothing but the offsets which the Python package reports. They are kept for
// saving.
type offsetParts struct {
	trim bool
	post *stepJSON
}

// LoadBPE reads a tokenizer.json file. See UnmarshalJSON for what it may have.
func LoadBPE(path string) (*BPE, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	b := new(BPE)
	if err := b.load(data); err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", path)
	}
	return b, nil
}

// Save writes a tokenizer.json file, which LoadBPE and the Python package tokenizers load.
func (b *BPE) Save(path string) error {
	data, err := b.MarshalJSON()
	if err != nil {
		return err
	}
	return errors.Wrap(atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}), "datasets")
}

// UnmarshalJSON reads the contents of a tokenizer.json file: a model of type BPE with ByteLevel as its pre-tokenizer
// and decoder, NFC or no normalizer, and ids from 0 without gaps. Anything else that would change the ids is an
// error that names it, and b stays as it was.
func (b *BPE) UnmarshalJSON(data []byte) error {
	return errors.WithMessage(b.load(data), "datasets: tokenizer")
}

func (b *BPE) load(data []byte) error {
	var f tokenizerJSON
	if err := json.Unmarshal(data, &f); err != nil {
		return errors.WithStack(err)
	}
	loaded := &BPE{}
	if err := f.settings(loaded); err != nil {
		return err
	}
	if err := loaded.setModel(f.Model); err != nil {
		return err
	}
	if err := loaded.setAdded(f.AddedTokens); err != nil {
		return err
	}
	b.assign(loaded)
	return nil
}

// MarshalJSON writes what LoadBPE and the Python package read, version 1.0 of tokenizer.json.
func (b *BPE) MarshalJSON() ([]byte, error) {
	if len(b.tokens) == 0 {
		return nil, errors.New("datasets: an empty byte-pair encoding cannot be saved")
	}
	yes, regex, trim, prefix := true, !b.noSplit, b.offsets.trim, b.prefixSpace
	f := tokenizerJSON{
		Version: "1.0", Truncation: json.RawMessage("null"), Padding: json.RawMessage("null"),
		AddedTokens:   append([]subword.Added{}, b.added...),
		PreTokenizer:  &stepJSON{Type: "ByteLevel", AddPrefixSpace: &prefix, TrimOffsets: &trim, UseRegex: &regex},
		PostProcessor: b.offsets.post,
		Decoder:       &stepJSON{Type: "ByteLevel", AddPrefixSpace: &yes, TrimOffsets: &yes, UseRegex: &yes},
		Model:         modelJSON{Type: "BPE", IgnoreMerges: b.wholeFirst, Merges: make([]subword.Written, len(b.order))},
	}
	if b.compose {
		f.Normalizer = &stepJSON{Type: "NFC"}
	}
	for rank, p := range b.order {
		left, right := p.Split()
		f.Model.Merges[rank] = subword.Written{b.tokens[left], b.tokens[right]}
	}
	vocab, err := orderedObject(b.tokens[:b.model])
	if err != nil {
		return nil, err
	}
	f.Model.Vocab = vocab
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, errors.Wrap(err, "datasets: tokenizer")
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// orderedObject writes {"token": 0, "next token": 1, ...} in the order of the ids.
func orderedObject(tokens []string) (json.RawMessage, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	out.WriteByte('{')
	for id, t := range tokens {
		if id > 0 {
			out.WriteByte(',')
		}
		if err := e.Encode(t); err != nil {
			return nil, errors.Wrap(err, "datasets: tokenizer")
		}
		out.WriteByte(':')
		id, err := json.Marshal(id)
		if err != nil {
			return nil, errors.Wrap(err, "datasets: tokenizer")
		}
		out.Write(id)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
