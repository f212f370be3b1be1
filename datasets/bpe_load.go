package datasets

import (
	"bytes"
	"encoding/json"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
	"golang.org/x/text/unicode/norm"
)

// settings checks and takes everything of a file but its tokens.
func (f *tokenizerJSON) settings(b *BPE) error {
	for _, part := range []struct {
		name string
		data json.RawMessage
	}{{"truncation", f.Truncation}, {"padding", f.Padding}} {
		if len(part.data) > 0 && !bytes.Equal(part.data, []byte("null")) {
			return errors.Errorf("%s is set in the file; want null: batches are padded elsewhere", part.name)
		}
	}
	for _, n := range flatten(f.Normalizer, func(s stepJSON) []stepJSON { return s.Normalizers }) {
		if n.Type != "NFC" {
			return errors.Errorf("normalizer %q is not supported; want NFC or none", n.Type)
		}
		b.compose = true
	}
	pre := flatten(f.PreTokenizer, func(s stepJSON) []stepJSON { return s.PreTokenizers })
	for _, p := range pre {
		if p.Type != "ByteLevel" {
			return errors.Errorf("pre_tokenizer %q is not supported; want ByteLevel alone", p.Type)
		}
	}
	if len(pre) != 1 {
		return errors.Errorf("%d pre-tokenizers; want one, ByteLevel", len(pre))
	}
	b.prefixSpace = pre[0].AddPrefixSpace == nil || *pre[0].AddPrefixSpace
	b.noSplit = pre[0].UseRegex != nil && !*pre[0].UseRegex
	b.offsets.trim = pre[0].TrimOffsets == nil || *pre[0].TrimOffsets
	for _, p := range flatten(f.PostProcessor, func(s stepJSON) []stepJSON { return s.Processors }) {
		if p.Type != "ByteLevel" {
			return errors.Errorf("post_processor %q is not supported; want ByteLevel or none", p.Type)
		}
	}
	b.offsets.post = f.PostProcessor
	decoders := flatten(f.Decoder, func(s stepJSON) []stepJSON { return s.Decoders })
	for _, d := range decoders {
		if d.Type != "ByteLevel" {
			return errors.Errorf("decoder %q is not supported; want ByteLevel", d.Type)
		}
	}
	if len(decoders) != 1 {
		return errors.Errorf("%d decoders; want one, ByteLevel", len(decoders))
	}
	return f.Model.check()
}

// flatten lists a step, or the steps of a sequence of them.
func flatten(s *stepJSON, parts func(stepJSON) []stepJSON) []stepJSON {
	if s == nil {
		return nil
	}
	if s.Type != "Sequence" {
		return []stepJSON{*s}
	}
	var all []stepJSON
	for _, p := range parts(*s) {
		all = append(all, flatten(&p, parts)...)
	}
	return all
}

// check refuses what is not byte-level pair encoding. unk_token never comes into play if every byte has a token.
func (m *modelJSON) check() error {
	filled := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Type != "BPE" && m.Type != "": // files before version 1 of the package do not name it
		return errors.Errorf("model %q is not supported; want BPE", m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return errors.Errorf("model.dropout %g is not supported; want none", *m.Dropout)
	case filled(m.Prefix):
		return errors.Errorf("model.continuing_subword_prefix %q is not supported; want none", *m.Prefix)
	case filled(m.Suffix):
		return errors.Errorf("model.end_of_word_suffix %q is not supported; want none", *m.Suffix)
	case m.ByteFallback:
		return errors.New("model.byte_fallback is not supported: ByteLevel has no use for it")
	}
	return nil
}

// setModel takes the model's tokens and merges.
func (b *BPE) setModel(m modelJSON) error {
	var ids map[string]int
	if err := json.Unmarshal(m.Vocab, &ids); err != nil {
		return errors.Wrap(err, "model.vocab")
	}
	if len(ids) == 0 {
		return errors.New("model.vocab is empty")
	}
	tokens := make([]string, len(ids))
	seen := make([]bool, len(ids))
	for t, id := range ids {
		if id < 0 || id >= len(tokens) || seen[id] {
			return errors.Errorf("model.vocab: token %q has id %d; want each of 0 to %d once", t, id, len(tokens)-1)
		}
		if t == "" {
			return errors.Errorf("model.vocab: token %d is empty", id)
		}
		tokens[id], seen[id] = t, true
	}
	merges := make([]subword.Pair, len(m.Merges))
	for rank, two := range m.Merges {
		left, ok := ids[two[0]]
		right, ok2 := ids[two[1]]
		if _, ok3 := ids[two[0]+two[1]]; !ok || !ok2 || !ok3 {
			return errors.Errorf("model.merges: merge %d, %q and %q: one of them or the two together are not in the vocabulary",
				rank, two[0], two[1])
		}
		merges[rank] = subword.PairOf(int32(left), int32(right))
	}
	b.wholeFirst = m.IgnoreMerges
	b.set(tokens, merges)
	if m.UnknownToken != nil {
		for c, id := range b.byteIDs {
			if id < 0 {
				return errors.Errorf("model.unk_token %q is not supported unless every byte has a token; byte %#02x has none", *m.UnknownToken, c)
			}
		}
	}
	return nil
}

// set builds the tables of a model from its tokens and its merges, whose tokens must exist.
func (b *BPE) set(tokens []string, merges []subword.Pair) {
	b.tokens, b.model, b.order = tokens, len(tokens), merges
	b.ids, b.bytes = make(map[string]int, len(tokens)), make([]string, len(tokens))
	b.whole = make(map[string]int32, len(tokens))
	for i := range b.byteIDs {
		b.byteIDs[i] = -1
	}
	for id, t := range tokens {
		b.ids[t] = id
		raw, ok := fromPrintable(t)
		b.bytes[id] = raw
		if !ok {
			continue
		}
		b.whole[raw] = int32(id)
		if len(raw) == 1 {
			b.byteIDs[raw[0]] = int32(id)
		}
	}
	b.merges = make(subword.Merges, len(merges))
	for rank, p := range merges {
		left, right := p.Split()
		b.merges[p] = subword.Merge{Rank: int32(rank), ID: int32(b.ids[tokens[left]+tokens[right]])}
	}
}

// setAdded takes the added tokens: of the model's vocabulary, or numbered on from it.
func (b *BPE) setAdded(list []subword.Added) error {
	b.added, b.specials = nil, map[int]bool{}
	var raw, normal []subword.Added
	for _, a := range list {
		id, known := b.ids[a.Content]
		if !known {
			id = len(b.tokens)
		}
		if a.Content == "" || a.ID != id {
			return errors.Errorf("added token %q has id %d; want %d, of the vocabulary or the next free one", a.Content, a.ID, id)
		}
		if !known {
			text, _ := fromPrintable(a.Content)
			b.tokens, b.bytes = append(b.tokens, a.Content), append(b.bytes, text)
			b.ids[a.Content] = id
		}
		if a.Special {
			b.specials[id] = true
		}
		b.added = append(b.added, a)
		if !a.Normalized {
			raw = append(raw, a)
			continue
		}
		if b.compose {
			a.Content = norm.NFC.String(a.Content)
		}
		normal = append(normal, a)
	}
	b.raw, b.normal = subword.NewMatcher(raw), subword.NewMatcher(normal)
	return nil
}

// assign makes b what loaded is, except for its pool, which must not be copied.
func (b *BPE) assign(loaded *BPE) {
	b.tokens, b.bytes, b.ids, b.model = loaded.tokens, loaded.bytes, loaded.ids, loaded.model
	b.byteIDs, b.merges, b.order = loaded.byteIDs, loaded.merges, loaded.order
	b.whole, b.wholeFirst = loaded.whole, loaded.wholeFirst
	b.compose, b.prefixSpace, b.noSplit = loaded.compose, loaded.prefixSpace, loaded.noSplit
	b.added, b.specials, b.raw, b.normal = loaded.added, loaded.specials, loaded.raw, loaded.normal
	b.offsets = loaded.offsets
	for b.scratch.Get() != nil { // words of another encoding
	}
}
