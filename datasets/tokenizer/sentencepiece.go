package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// SentencePiece is a tokenizer.model of SentencePiece (Kudo and Richardson, 2018, arXiv 1808.06226), of the kind Unigram or BPE.
// Ids and texts are those of the Python package sentencepiece. It never changes, so goroutines may share it. LoadSentencePiece
// makes one; it is a datasets.Tokenizer.
//
// Control pieces, such as </s>, are never found in a text, and Decode leaves them out.
type SentencePiece struct {
	pieces   []piece
	ids      map[string]int // of the pieces that texts are made of
	reserved map[string]int // of all others
	settings settings
	defined  prefixes // the pieces that a user has defined, which are never cut
	table    charsmap // of the normalisation; empty for none
	back     *SentencePiece
	model    model
	unknown  int
	bytes    [256]int32 // the pieces of bytes, -1 for none
	template template
}

// space is what SentencePiece writes for a space.
const space = "\u2581"

// LoadSentencePiece reads a tokenizer.model.
func LoadSentencePiece(path string) (*SentencePiece, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "tokenizer")
	}
	t, err := parseSentencePiece(data)
	return t, errors.WithMessagef(err, "tokenizer: %s", path)
}

// ParseSentencePiece reads the contents of a tokenizer.model.
func ParseSentencePiece(data []byte) (*SentencePiece, error) {
	t, err := parseSentencePiece(data)
	return t, errors.WithMessage(err, "tokenizer")
}

// Around returns a tokenizer whose Prompt puts the piece that begins a text before it, and the one that ends it after it. The
// file has both, but not whether a model was trained with them. Without Around there is nothing around a text.
func (t *SentencePiece) Around(begin, end bool) (*SentencePiece, error) {
	if t == nil || len(t.pieces) == 0 {
		return nil, errNoSentencePiece
	}
	out := *t
	out.template = template{}
	for _, add := range []struct {
		want bool
		name string
		to   *[]int
	}{{begin, t.settings.begin, &out.template.before}, {end, t.settings.end, &out.template.after}} {
		if !add.want {
			continue
		}
		id, ok := t.reserved[add.name]
		if !ok || t.pieces[id].kind != controlPiece {
			return nil, errors.Errorf("tokenizer: the tokenizer has no control piece %q, which was to stand around texts", add.name)
		}
		*add.to = []int{id}
	}
	return &out, nil
}

var errNoSentencePiece = errors.New("tokenizer: there is no tokenizer: LoadSentencePiece makes one")

// Len is the number of pieces.
func (t *SentencePiece) Len() int { return len(t.pieces) }

// ID returns a piece's id, and whether there is one. Pieces are written as in the file, with U+2581 for a space.
func (t *SentencePiece) ID(token string) (int, bool) {
	if id, ok := t.reserved[token]; ok {
		return id, true
	}
	id, ok := t.ids[token]
	return id, ok
}

// Token returns an id's piece as the file has it.
func (t *SentencePiece) Token(id int) (string, error) {
	if id < 0 || id >= len(t.pieces) {
		return "", errors.Errorf("tokenizer: id %d; the tokenizer has %d pieces, counted from 0", id, len(t.pieces))
	}
	return t.pieces[id].text, nil
}

// Specials returns the ids of the control pieces, such as </s>, in order. Decode leaves them out.
func (t *SentencePiece) Specials() []int {
	var out []int
	for id, p := range t.pieces {
		if p.kind == controlPiece {
			out = append(out, id)
		}
	}
	return out
}

// Encode maps a text to ids, without the pieces that Prompt puts around them.
func (t *SentencePiece) Encode(text string) ([]int, error) {
	if len(t.pieces) == 0 {
		return nil, errNoSentencePiece
	}
	return t.model.encode(nil, t.normalized(text, true))
}

// Continue is Encode for a text that goes on after another: it gets a space before it only where it begins with one.
func (t *SentencePiece) Continue(text string) ([]int, error) {
	if len(t.pieces) == 0 {
		return nil, errNoSentencePiece
	}
	if t.settings.suffix {
		return t.Encode(text)
	}
	normal := t.normalized(text, false)
	if text != "" && t.settings.normal.squeeze {
		if with, _ := t.replaced(text); with == " " {
			normal = t.settings.normal.blank() + normal
		}
	}
	return t.model.encode(nil, normal)
}

// Prompt is Encode with what Around has chosen.
func (t *SentencePiece) Prompt(text string) ([]int, error) {
	ids, err := t.Encode(text)
	if err != nil {
		return nil, err
	}
	return t.template.around(ids), nil
}

// Decode maps ids to text, without the control pieces. Bytes that are no UTF-8 become U+FFFD each.
func (t *SentencePiece) Decode(ids []int) (string, error) {
	var out strings.Builder
	var raw []byte
	flush := func() {
		for len(raw) > 0 {
			r, n := utf8.DecodeRune(raw)
			out.WriteRune(r)
			raw = raw[n:]
		}
	}
	n, begins := t.settings.normal, true // whether a space before the text may come
	for _, id := range ids {
		if id < 0 || id >= len(t.pieces) {
			return "", errors.Errorf("tokenizer: id %d; the tokenizer has %d pieces, counted from 0", id, len(t.pieces))
		}
		p := t.pieces[id]
		switch p.kind {
		case bytePiece:
			raw = append(raw, p.value)
			continue
		case controlPiece:
			flush()
			begins = begins && out.Len() == 0
			continue
		case unknownPiece:
			flush()
			out.WriteString(t.settings.surface)
			begins = begins && out.Len() == 0
			continue
		}
		flush()
		begins = begins && out.Len() == 0
		text, cut := p.text, false
		if begins && (n.prefix || n.squeeze) {
			text, cut = strings.CutPrefix(text, space)
		}
		out.WriteString(strings.ReplaceAll(text, space, " "))
		begins = begins && (!cut || n.squeeze) // with squeezed spaces, all that come first are left out
	}
	flush()
	if t.back != nil {
		return t.back.normalized(out.String(), true), nil
	}
	return out.String(), nil
}
