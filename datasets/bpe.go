package datasets

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
	"golang.org/x/text/unicode/norm"
)

// BPE is a byte-level byte-pair encoding, as GPT-2's (Sennrich et al., 2016; Radford et al., 2019): it encodes every
// text, whatever its script, with tokens from single bytes to frequent words. A BPETrainer makes one from a text;
// LoadBPE and Save share tokenizer.json files with the Python package tokenizers. It never changes once made, so
// goroutines may share it.
type BPE struct {
	tokens []string // as in the file: bytes as printable characters (Ġ is a space), added tokens as they are
	bytes  []string // what each token stands for
	ids    map[string]int
	model  int // tokens[:model] are the model's, the rest were added

	byteIDs     [256]int32 // the ids of single bytes, -1 where there is none
	merges      subword.Merges
	order       []subword.Pair // merges by rank
	whole       map[string]int32
	wholeFirst  bool // a piece that is a token is not merged together (ignore_merges)
	compose     bool // texts are brought to normalisation form C
	prefixSpace bool // a space goes before a text that does not begin with one
	noSplit     bool // texts are not cut into words (use_regex false)
	added       []subword.Added
	specials    map[int]bool
	raw, normal subword.Matcher // added tokens that are looked for before and after normalising
	offsets     offsetParts

	scratch sync.Pool // of *bpeScratch
}

// Len is the number of tokens, added ones included.
func (b *BPE) Len() int { return len(b.tokens) }

// ID returns a token's id, and whether there is one. Tokens are written as in tokenizer.json: "Ġthe" is " the".
func (b *BPE) ID(token string) (int, bool) {
	id, ok := b.ids[token]
	return id, ok
}

// Token returns an id's token as tokenizer.json writes it.
func (b *BPE) Token(id int) (string, error) {
	if id < 0 || id >= len(b.tokens) {
		return "", errors.Errorf("datasets: id %d; the encoding has %d tokens, counted from 0", id, len(b.tokens))
	}
	return b.tokens[id], nil
}

// Encode maps a text to ids. Added tokens, such as <|endoftext|>, are recognised in the text. The text is normalised
// only if the encoding says so. Text that is not UTF-8 is an error, and so is a byte that an encoding from a file has no
// token for.
func (b *BPE) Encode(text string) ([]int, error) {
	if problem := notUTF8(text); problem != "" {
		return nil, errors.Errorf("datasets: the text to encode is %s", problem)
	}
	return b.encodePart(text, true)
}

// encodePart encodes a text, or a later part of a longer one, before which no space is put.
func (b *BPE) encodePart(text string, first bool) ([]int, error) {
	if len(b.tokens) == 0 {
		return nil, errors.New("datasets: encoding with an empty byte-pair encoding")
	}
	s := b.getScratch()
	defer b.scratch.Put(s)
	ids := make([]int, 0, len(text)/3+1)
	var err error
	b.raw.Split(text, func(piece string, id int) {
		if id >= 0 {
			ids, first = append(ids, id), true
			return
		}
		if b.compose {
			piece = norm.NFC.String(piece)
		}
		b.normal.Split(piece, func(piece string, id int) {
			if id >= 0 {
				ids, first = append(ids, id), true
				return
			}
			if b.prefixSpace && first && piece[0] != ' ' {
				piece = " " + piece
			}
			if err == nil {
				ids, err = b.appendPieces(ids, piece, s)
			}
		})
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// appendPieces cuts a text into words and appends their tokens.
func (b *BPE) appendPieces(ids []int, text string, s *bpeScratch) ([]int, error) {
	for len(text) > 0 {
		n := len(text)
		if !b.noSplit {
			n = nextPiece(text)
		}
		word, err := b.encodeWord(text[:n], s)
		if err != nil {
			return nil, err
		}
		for _, id := range word {
			ids = append(ids, int(id))
		}
		text = text[n:]
	}
	return ids, nil
}

// Decode maps ids to text, without the special tokens (see Specials). For ids that Encode gave, it is the text that
// was encoded, normalised and with the space before it that the encoding may ask for. Other ids may have bytes that
// are not UTF-8; they become U+FFFD. One character may be several tokens, so join text that is generated token by
// token from DecodeBytes.
func (b *BPE) Decode(ids []int) (string, error) {
	raw, err := b.DecodeBytes(ids)
	if err != nil {
		return "", err
	}
	return lossyUTF8(string(raw)), nil
}

// DecodeBytes is Decode for bytes, which may not be UTF-8.
func (b *BPE) DecodeBytes(ids []int) ([]byte, error) {
	var out []byte
	for i, id := range ids {
		if id < 0 || id >= len(b.tokens) {
			return nil, errors.Errorf("datasets: id %d, number %d of those to decode; the encoding has %d tokens, counted from 0",
				id, i+1, len(b.tokens))
		}
		if !b.specials[id] {
			out = append(out, b.bytes[id]...)
		}
	}
	return out, nil
}

// Specials returns the ids of the special tokens, such as <|endoftext|>, which Decode leaves out.
func (b *BPE) Specials() []int {
	var ids []int
	for _, a := range b.added {
		if a.Special {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// lossyUTF8 puts one U+FFFD in the place of each longest beginning of a character that does not end as one, as
// Unicode recommends (and Rust and Python do; ToValidUTF8 makes one of many).
func lossyUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			n = brokenLength(s)
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// brokenLength returns the bytes at the start of s that begin a character and are followed by none that goes on with
// it (Unicode Standard, table 3-7).
func brokenLength(s string) int {
	lowest, highest, want := byte(0x80), byte(0xbf), 0
	switch c := s[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 1
	case c >= 0xe0 && c <= 0xef:
		want = 2
	case c >= 0xf0 && c <= 0xf4:
		want = 3
	}
	switch s[0] {
	case 0xe0:
		lowest = 0xa0
	case 0xed:
		highest = 0x9f
	case 0xf0:
		lowest = 0x90
	case 0xf4:
		highest = 0x8f
	}
	n := 1
	for n <= want && n < len(s) && s[n] >= lowest && s[n] <= highest {
		lowest, highest = 0x80, 0xbf
		n++
	}
	return n
}
