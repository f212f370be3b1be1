package tokenizer

import (
	"strings"
	"unicode"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// normalizer is a chain of functions of a text.
type normalizer []func(string) string

func (n normalizer) apply(s string) string {
	for _, f := range n {
		s = f(s)
	}
	return s
}

func normalizerOf(p *part, change func(part) part) (normalizer, error) {
	var out normalizer
	for _, p := range flatten(p, func(p part) []part { return p.Normalizers }) {
		f, err := change(p).normalizer()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// forms are Unicode's.
var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

func (p part) normalizer() (func(string) string, error) {
	if form, ok := forms[p.Type]; ok {
		return form.String, nil
	}
	switch p.Type {
	case "Lowercase":
		return lower, nil
	case "StripAccents":
		return withoutMarks, nil
	case "Strip":
		return func(s string) string {
			if p.Left {
				s = strings.TrimLeftFunc(s, unicode.IsSpace)
			}
			if p.Right {
				s = strings.TrimRightFunc(s, unicode.IsSpace)
			}
			return s
		}, nil
	case "Prepend":
		return func(s string) string {
			if s == "" {
				return s
			}
			return p.Prepend + s
		}, nil
	case "Replace":
		return p.replacer()
	case "BertNormalizer":
		return p.bert, nil
	case "ByteLevel":
		return printable, nil
	case "Precompiled":
		c, err := parseCharsmap(p.Charsmap)
		if err != nil {
			return nil, err
		}
		return c.apply, nil
	}
	return nil, unknown(p, "NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, BertNormalizer, ByteLevel or Precompiled")
}

// replacer puts a text in the place of every match of a pattern.
func (p part) replacer() (func(string) string, error) {
	if p.Pattern.regex == "" && p.Pattern.text == "" {
		return nil, errors.New("Replace has no pattern")
	}
	if p.Pattern.regex == "" {
		return func(s string) string { return strings.ReplaceAll(s, p.Pattern.text, p.Content) }, nil
	}
	f, err := p.Pattern.finder()
	if err != nil {
		return nil, err
	}
	return func(s string) string {
		var out strings.Builder
		at := 0
		for {
			start, end, ok := f.next(s, at)
			if !ok {
				break
			}
			out.WriteString(s[at:start] + p.Content)
			at = end
		}
		out.WriteString(s[at:])
		return out.String()
	}, nil
}

// lower is Unicode's mapping, one character at a time as Rust's char::to_lowercase has it.
func lower(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r == 'İ' { // the one character that becomes two
			out.WriteString("i\u0307")
			continue
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, s)
}

// bert is the normaliser of BERT.
func (p part) bert(s string) string {
	if or(p.CleanText, true) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\t' || r == '\n' || r == '\r' || unicode.IsSpace(r):
				return ' '
			case r == 0 || r == 0xfffd || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
				return -1
			}
			return r
		}, s)
	}
	if or(p.ChineseChars, true) {
		var out strings.Builder
		for _, r := range s {
			if isChinese(r) {
				out.WriteString(" " + string(r) + " ")
			} else {
				out.WriteRune(r)
			}
		}
		s = out.String()
	}
	lowered := or(p.Lowercase, true)
	if or(p.StripAccents, lowered) {
		s = withoutMarks(norm.NFD.String(s))
	}
	if lowered {
		s = lower(s)
	}
	return s
}

// isChinese is what BERT takes for Chinese.
func isChinese(r rune) bool {
	for _, block := range [][2]rune{
		{0x4e00, 0x9fff}, {0x3400, 0x4dbf}, {0x20000, 0x2a6df}, {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf},
		{0xf900, 0xfaff}, {0x2f800, 0x2fa1f},
	} {
		if r >= block[0] && r <= block[1] {
			return true
		}
	}
	return false
}
