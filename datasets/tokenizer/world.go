package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// World is the tokenizer of RWKV's World models: the longest token of bytes that the text begins with, and so on. LoadWorld makes
// one; it is a datasets.Tokenizer.
type World struct {
	tokens  []string // by id; empty where there is none
	ids     map[string]int
	longest [1 << 16]uint8 // bytes of the longest token that begins with two
}

// LoadWorld reads the vocabulary, such as rwkv_vocab_v20230424.txt of the Python package rwkv: a line for each token, with its id,
// the token as Python writes texts and bytes, and the number of its bytes.
func LoadWorld(path string) (*World, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "tokenizer")
	}
	w, err := parseWorld(data)
	return w, errors.WithMessagef(err, "tokenizer: %s", path)
}

// ParseWorld reads the contents of a vocabulary.
func ParseWorld(data []byte) (*World, error) {
	w, err := parseWorld(data)
	return w, errors.WithMessage(err, "tokenizer")
}

func parseWorld(data []byte) (*World, error) {
	w := &World{ids: map[string]int{}}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		if err := w.add(strings.TrimRight(line, "\r")); err != nil {
			return nil, errors.WithMessagef(err, "line %d", i+1)
		}
	}
	return w, nil
}

func (w *World) add(line string) error {
	first, last := strings.IndexByte(line, ' '), strings.LastIndexByte(line, ' ')
	if first < 0 || last <= first {
		return errors.Errorf("%.40q; want an id, a token and its length", line)
	}
	id, err := strconv.Atoi(line[:first])
	if err != nil || id < 1 || id >= mostTokens {
		return errors.Errorf("the id %.40q; want a number from 1 on", line[:first])
	}
	token, err := unquote(line[first+1 : last])
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(line[last+1:]); err != nil || n != len(token) || n == 0 || n > 255 {
		return errors.Errorf("the token has %d bytes; the line says %.40q, want 1 to 255", len(token), line[last+1:])
	}
	for len(w.tokens) <= id {
		w.tokens = append(w.tokens, "")
	}
	if w.tokens[id] != "" {
		return errors.Errorf("the id %d comes twice", id)
	}
	w.tokens[id], w.ids[token] = token, id
	for second := range 256 {
		if len(token) > 1 && second != int(token[1]) {
			continue
		}
		at := int(token[0])<<8 | second
		w.longest[at] = max(w.longest[at], uint8(len(token)))
	}
	return nil
}

// unquote reads a text or bytes as Python writes them.
func unquote(s string) (string, error) {
	raw := strings.HasPrefix(s, "b")
	s = strings.TrimPrefix(s, "b")
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return "", errors.Errorf("%.40q; want a text or bytes in quotes", s)
	}
	s = s[1 : len(s)-1]
	var out strings.Builder
	for len(s) > 0 {
		if s[0] != '\\' {
			_, n := utf8.DecodeRuneInString(s)
			out.WriteString(s[:n])
			s = s[n:]
			continue
		}
		if len(s) < 2 {
			return "", errors.New("a backslash at the end")
		}
		if simple := strings.IndexByte(`\'"nrtabfv`, s[1]); simple >= 0 {
			out.WriteByte("\\'\"\n\r\t\a\b\f\v"[simple])
			s = s[2:]
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
		if digits == 0 || len(s) < 2+digits {
			return "", errors.Errorf("the escape %.10q is not known", s)
		}
		v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
		if err != nil {
			return "", errors.Errorf("the escape %.10q is not known", s)
		}
		if raw {
			out.WriteByte(byte(v))
		} else {
			out.WriteRune(rune(v))
		}
		s = s[2+digits:]
	}
	return out.String(), nil
}

// Len is one more than the highest id. Id 0 ends a text, and has none.
func (w *World) Len() int { return len(w.tokens) }

// ID returns a token's id, and whether there is one.
func (w *World) ID(token string) (int, bool) {
	id, ok := w.ids[token]
	return id, ok
}

// Token returns an id's token.
func (w *World) Token(id int) (string, error) {
	if id < 0 || id >= len(w.tokens) {
		return "", errors.Errorf("tokenizer: id %d; the vocabulary has %d, counted from 0", id, len(w.tokens))
	}
	return w.tokens[id], nil
}

// Encode maps a text to ids.
func (w *World) Encode(text string) ([]int, error) {
	if len(w.tokens) == 0 {
		return nil, errors.New("tokenizer: there is no vocabulary: LoadWorld makes one")
	}
	var ids []int
	for len(text) > 0 {
		n := 1
		if len(text) > 1 {
			n = min(int(w.longest[int(text[0])<<8|int(text[1])]), len(text))
		}
		id, ok := 0, false
		for ; n > 0 && !ok; n-- {
			if id, ok = w.ids[text[:n]]; ok {
				break
			}
		}
		if !ok {
			return nil, errors.Errorf("tokenizer: byte %#02x of the text has no token", text[0])
		}
		ids = append(ids, id)
		text = text[n:]
	}
	return ids, nil
}

// Prompt is Encode: nothing stands around a text.
func (w *World) Prompt(text string) ([]int, error) { return w.Encode(text) }

// Decode maps ids to text. Bytes that are not UTF-8 become U+FFFD.
func (w *World) Decode(ids []int) (string, error) {
	var out strings.Builder
	for _, id := range ids {
		token, err := w.Token(id)
		if err != nil {
			return "", err
		}
		out.WriteString(token)
	}
	return lossy(out.String()), nil
}

// Specials returns 0, which ends a text.
func (w *World) Specials() []int { return []int{0} }
