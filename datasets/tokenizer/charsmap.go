package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
)

// charsmap is the normalisation table of SentencePiece: a double-array trie (Aoe, 1989) of what is replaced, and the replacements,
// each ended by a zero.
type charsmap struct {
	trie []uint32
	with string
}

func parseCharsmap(encoded string) (charsmap, error) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return charsmap{}, errors.Wrap(err, "precompiled_charsmap")
	}
	return readCharsmap(data)
}

func readCharsmap(data []byte) (charsmap, error) {
	var c charsmap
	if len(data) < 4 {
		return c, errors.New("precompiled_charsmap has no trie")
	}
	n := binary.LittleEndian.Uint32(data)
	if n%4 != 0 || int64(n) > int64(len(data)-4) || n == 0 {
		return c, errors.Errorf("precompiled_charsmap has %d bytes; want a trie of %d", len(data), n)
	}
	c.trie = make([]uint32, n/4)
	for i := range c.trie {
		c.trie[i] = binary.LittleEndian.Uint32(data[4+4*i:])
	}
	c.with = string(data[4+n:])
	return c, nil
}

// each calls a function with the entries that s begins with, the shortest first, until it returns false: how many bytes of s they
// have, and what stands for them.
func (c charsmap) each(s string, found func(n int, with string) bool) {
	if len(c.trie) == 0 {
		return
	}
	at := offset(c.trie[0])
	for i := 0; i < len(s) && s[i] != 0; i++ {
		at ^= uint32(s[i])
		if int64(at) >= int64(len(c.trie)) {
			return
		}
		unit := c.trie[at]
		if unit&(1<<31|0xff) != uint32(s[i]) {
			return
		}
		at ^= offset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if int64(at) >= int64(len(c.trie)) {
			return
		}
		from := int64(c.trie[at] &^ (1 << 31))
		if from > int64(len(c.with)) {
			return
		}
		if with, _, _ := strings.Cut(c.with[from:], "\x00"); !found(i+1, with) {
			return
		}
	}
}

// replaced is what stands for the shortest beginning of s that is in the table, as the package tokenizers takes it.
func (c charsmap) replaced(s string) (with string, ok bool) {
	c.each(s, func(_ int, w string) bool {
		with, ok = w, true
		return false
	})
	return with, ok
}

// longest is what stands for the longest beginning of s that is in the table, as SentencePiece takes it, and its bytes; 0 for none.
func (c charsmap) longest(s string) (with string, n int) {
	c.each(s, func(length int, w string) bool {
		with, n = w, length
		return true
	})
	return with, n
}

func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// apply replaces characters that are short as wholes, and the parts of others.
func (c charsmap) apply(s string) string {
	var out strings.Builder
	state := -1
	for len(s) > 0 {
		var whole string
		whole, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if len(whole) < 6 {
			if with, ok := c.replaced(whole); ok {
				out.WriteString(with)
				continue
			}
		}
		for len(whole) > 0 {
			_, n := utf8.DecodeRuneInString(whole)
			if with, ok := c.replaced(whole[:n]); ok {
				out.WriteString(with)
			} else {
				out.WriteString(whole[:n])
			}
			whole = whole[n:]
		}
	}
	return out.String()
}
