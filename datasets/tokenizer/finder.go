package tokenizer

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// finder finds the matches of a regular expression as tokenizer.json has it, in the dialect of Oniguruma, with Go's regexp.
//
// Both take the first alternative that matches. What is written otherwise: \s, \S, \d and \w are Unicode's there and ASCII's
// here; quantifiers may be possessive, which in the expressions of tokenizers finds the same; and one look ahead is in nearly all
// of them, \s+(?!\S): white space without its last character, if something follows. Here it is \s+ in a group, which is
// shortened afterwards. Every other look around is refused.
type finder struct {
	r     *regexp.Regexp
	blank int // the group that is shortened; 0 for none
}

// spaces is Unicode's White_Space, to stand in brackets.
const spaces = `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`

// classes are what Unicode's classes are in Go, to stand in brackets.
var classes = map[byte]string{'s': spaces, 'd': `\p{Nd}`, 'w': `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}`}

const lookAhead = `\s+(?!\S)`

func newFinder(expression string) (finder, error) {
	var f finder
	before, after, found := strings.Cut(expression, lookAhead)
	if found && (before != "" && !strings.HasSuffix(before, "|") || after != "" && after[0] != '|') {
		return f, errors.Errorf("the regular expression %q looks ahead within an alternative, which is not supported", expression)
	}
	translated, err := translate(before)
	if err != nil {
		return f, err
	}
	if found {
		groups, err := regexp.Compile(strings.TrimSuffix(translated, "|"))
		if err != nil {
			return f, errors.Wrapf(err, "the regular expression %q", expression)
		}
		rest, err := translate(after)
		if err != nil {
			return f, err
		}
		f.blank = groups.NumSubexp() + 1
		translated += "([" + spaces + "]+)" + rest
	}
	f.r, err = regexp.Compile(translated)
	return f, errors.Wrapf(err, "the regular expression %q", expression)
}

// translate writes an expression of Oniguruma as Go has it.
func translate(s string) (string, error) {
	var out strings.Builder
	inside := false // of brackets
	quantified := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		was := quantified
		quantified = false
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			lower := s[i] | 0x20
			class, ok := classes[lower]
			switch {
			case !ok:
				out.WriteByte('\\')
				out.WriteByte(s[i])
			case inside && s[i] == lower:
				out.WriteString(class)
			case inside:
				return "", errors.Errorf("the regular expression has \\%c in brackets, which is not supported", s[i])
			case s[i] == lower:
				out.WriteString("[" + class + "]")
			default:
				out.WriteString("[^" + class + "]")
			}
		case c == '[' && !inside:
			inside = true
			out.WriteByte(c)
			if i+1 < len(s) && s[i+1] == '^' {
				i++
				out.WriteByte('^')
			}
		case c == '[' || c == '&' && inside && i+1 < len(s) && s[i+1] == '&':
			return "", errors.New("the regular expression has brackets in brackets or an intersection, which are not supported")
		case c == ']':
			inside = false
			out.WriteByte(c)
		case inside:
			out.WriteByte(c)
		case c == '(' && i+2 < len(s) && s[i+1] == '?' && strings.IndexByte("=!<>", s[i+2]) >= 0:
			return "", errors.Errorf("the regular expression has %q, which is not supported", s[i:i+3])
		case c == '+' && was: // possessive
		case c == '*' || c == '+' || c == '?':
			quantified = true
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// next is the first match in s at or after a place: none is empty.
func (f finder) next(s string, from int) (start, end int, ok bool) {
	for from <= len(s) {
		var at []int
		if f.blank == 0 {
			at = f.r.FindStringIndex(s[from:])
		} else {
			at = f.r.FindStringSubmatchIndex(s[from:])
		}
		if at == nil {
			return 0, 0, false
		}
		start, end = from+at[0], from+at[1]
		if f.blank > 0 && at[2*f.blank] >= 0 && end < len(s) { // what follows is no white space
			_, last := utf8.DecodeLastRuneInString(s[start:end])
			if end-last > start {
				end -= last
			}
		}
		if end > start {
			return start, end, true
		}
		_, n := utf8.DecodeRuneInString(s[start:])
		if n == 0 {
			return 0, 0, false
		}
		from = start + n
	}
	return 0, 0, false
}

// isPunctuation is what BERT takes for punctuation.
func isPunctuation(r rune) bool {
	return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~' || unicode.IsPunct(r)
}
