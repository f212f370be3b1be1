package tokenizer

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// decoder is a chain of functions of a list of tokens, which are joined at its end. Without any, there are spaces between.
type decoder []func(tokens []string) []string

func (d decoder) join(tokens []string) string {
	if d == nil {
		return strings.Join(tokens, " ")
	}
	for _, f := range d {
		tokens = f(tokens)
	}
	return strings.Join(tokens, "")
}

func decoderOf(p *part) (decoder, error) {
	var out decoder
	for _, p := range flatten(p, func(p part) []part { return p.Decoders }) {
		f, err := p.decoder()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (p part) decoder() (func(tokens []string) []string, error) {
	switch p.Type {
	case "ByteLevel":
		return func(tokens []string) []string {
			var raw strings.Builder
			for _, t := range tokens {
				raw.WriteString(fromPrintable(t))
			}
			return []string{lossy(raw.String())}
		}, nil
	case "ByteFallback":
		return byteFallback, nil
	case "Fuse":
		return func(tokens []string) []string { return []string{strings.Join(tokens, "")} }, nil
	case "Replace":
		f, err := p.replacer()
		return eachToken(func(_ int, t string) string { return f(t) }), err
	case "Strip":
		return eachToken(func(_ int, t string) string { return p.stripped(t) }), nil
	case "Metaspace":
		prefixed := p.PrependScheme != "never" && or(p.AddPrefixSpace, true)
		return eachToken(func(i int, t string) string {
			if i == 0 && prefixed {
				t = strings.TrimPrefix(t, p.Replacement)
			}
			return strings.ReplaceAll(t, p.Replacement, " ")
		}), nil
	case "WordPiece":
		prefix := "##"
		if p.Prefix != nil {
			prefix = *p.Prefix
		}
		return eachToken(func(i int, t string) string {
			if i > 0 {
				if rest, ok := strings.CutPrefix(t, prefix); ok {
					t = rest
				} else {
					t = " " + t
				}
			}
			if or(p.Cleanup, true) {
				t = cleanup(t)
			}
			return t
		}), nil
	case "BPEDecoder":
		suffix := "</w>"
		if p.Suffix != nil {
			suffix = *p.Suffix
		}
		return func(tokens []string) []string {
			out := make([]string, len(tokens))
			for i, t := range tokens {
				with := " "
				if i == len(tokens)-1 {
					with = ""
				}
				out[i] = strings.ReplaceAll(t, suffix, with)
			}
			return out
		}, nil
	}
	return nil, unknown(p, "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece or BPEDecoder")
}

func eachToken(f func(i int, token string) string) func(tokens []string) []string {
	return func(tokens []string) []string {
		out := make([]string, len(tokens))
		for i, t := range tokens {
			out[i] = f(i, t)
		}
		return out
	}
}

// stripped leaves out up to Start characters Content at the start, and up to Stop at the end.
func (p part) stripped(t string) string {
	for range p.Start {
		rest, ok := strings.CutPrefix(t, p.Content)
		if !ok {
			break
		}
		t = rest
	}
	for range p.Stop {
		rest, ok := strings.CutSuffix(t, p.Content)
		if !ok {
			break
		}
		t = rest
	}
	return t
}

// cleanup takes out the spaces that stand before marks in English.
var cleanup = strings.NewReplacer(" .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m",
	" do not", " don't", " 's", "'s", " 've", "'ve", " 're", "'re").Replace

// byteFallback makes characters of tokens <0x00> to <0xFF> in a row, and U+FFFD of each that is no part of one.
func byteFallback(tokens []string) []string {
	var out []string
	var raw []byte
	flush := func() {
		if utf8.Valid(raw) {
			if len(raw) > 0 {
				out = append(out, string(raw))
			}
		} else {
			for range raw {
				out = append(out, "\uFFFD")
			}
		}
		raw = nil
	}
	for _, t := range tokens {
		if b, ok := byteOf(t); ok {
			raw = append(raw, b)
			continue
		}
		flush()
		out = append(out, t)
	}
	flush()
	return out
}

// byteOf is the byte that a token such as <0xFF> stands for.
func byteOf(token string) (byte, bool) {
	if len(token) != 6 || !strings.HasPrefix(token, "<0x") || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

// Streamer joins the text of tokens that come one by one. The zero value has no tokenizer; NewStreamer makes one.
type Streamer struct {
	decode func(ids []int) (string, error)
	ids    []int
	given  int // ids whose text was given
}

// NewStreamer returns one for a function such as Tokenizer.Decode. The text goes on after that of the tokens before it, of which
// the last few will do: a token whose text begins with a space loses that space only where nothing is before it.
func NewStreamer(decode func(ids []int) (string, error), before ...int) *Streamer {
	return &Streamer{decode: decode, ids: slices.Clone(before), given: len(before)}
}

// Next is the text that a token adds. It is empty as long as the token ends within a character.
func (s *Streamer) Next(id int) (string, error) {
	if s == nil || s.decode == nil {
		return "", errors.New("tokenizer: there is no Streamer: NewStreamer makes one")
	}
	s.ids = append(s.ids, id)
	before, err := s.decode(s.ids[:s.given])
	if err != nil {
		return "", err
	}
	text, err := s.decode(s.ids)
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(text, "\uFFFD") && len(s.ids)-s.given < 8 || len(text) <= len(before) {
		return "", nil
	}
	if !strings.HasPrefix(text, before) { // a decoder that looks ahead
		before = before[:common(before, text)]
	}
	s.ids = s.ids[s.given:] // whole characters, on which the next text may depend
	s.given = len(s.ids)
	return text[len(before):], nil
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
