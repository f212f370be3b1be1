package tokenizer

import (
	"encoding/json"
	"regexp"

	"github.com/pkg/errors"
)

// part is a part of a chain: a normalizer, pre-tokenizer, post-processor or decoder, with the fields of all of them.
type part struct {
	Type string `json:"type"`

	Normalizers   []part `json:"normalizers"`
	PreTokenizers []part `json:"pretokenizers"`
	Processors    []part `json:"processors"`
	Decoders      []part `json:"decoders"`

	AddPrefixSpace *bool   `json:"add_prefix_space"`
	UseRegex       *bool   `json:"use_regex"`
	Prepend        string  `json:"prepend"`
	Pattern        pattern `json:"pattern"`
	Content        string  `json:"content"`
	Behavior       string  `json:"behavior"`
	Invert         bool    `json:"invert"`
	Replacement    string  `json:"replacement"`
	PrependScheme  string  `json:"prepend_scheme"`
	Split          *bool   `json:"split"`
	Individual     bool    `json:"individual_digits"`
	Left           bool    `json:"strip_left"`
	Right          bool    `json:"strip_right"`
	Prefix         *string `json:"prefix"`
	Suffix         *string `json:"suffix"`
	Cleanup        *bool   `json:"cleanup"`
	Start          int     `json:"start"`
	Stop           int     `json:"stop"`
	CleanText      *bool   `json:"clean_text"`
	ChineseChars   *bool   `json:"handle_chinese_chars"`
	StripAccents   *bool   `json:"strip_accents"`
	Lowercase      *bool   `json:"lowercase"`
	Charsmap       string  `json:"precompiled_charsmap"`

	Single        []templatePiece           `json:"single"`
	SpecialTokens map[string]templateTokens `json:"special_tokens"`
	Sep           *named                    `json:"sep"`
	Cls           *named                    `json:"cls"`
}

// itself is the part as the file has it.
func (p part) itself() part { return p }

// continued is the part for a text that goes on after another: it neither adds to the beginning of a text nor takes away from it.
func (p part) continued() part {
	no := false
	p.AddPrefixSpace, p.Prepend, p.Left = &no, "", false
	if p.Type == "Metaspace" {
		p.PrependScheme = "never"
	}
	return p
}

// or is a flag, or what it is if it is missing.
func or(flag *bool, otherwise bool) bool {
	if flag == nil {
		return otherwise
	}
	return *flag
}

// flatten lists a part, or the parts of a sequence of them.
func flatten(p *part, parts func(part) []part) []part {
	if p == nil {
		return nil
	}
	if p.Type != "Sequence" {
		return []part{*p}
	}
	var out []part
	for _, q := range parts(*p) {
		out = append(out, flatten(&q, parts)...)
	}
	return out
}

// unknown is the error of a part that is not known.
func unknown(p part, want string) error {
	return errors.Errorf("the type %q is not supported; want %s", p.Type, want)
}

// pattern is a text or a regular expression.
type pattern struct {
	text  string
	regex string
}

func (p *pattern) UnmarshalJSON(data []byte) error {
	var fields struct{ String, Regex *string }
	if err := json.Unmarshal(data, &fields); err != nil || fields.String == nil && fields.Regex == nil {
		return errors.Errorf("a pattern is %.40s; want a String or a Regex", data)
	}
	if fields.String != nil {
		p.text = *fields.String
		return nil
	}
	p.regex = *fields.Regex
	return nil
}

// finder finds the matches of a pattern.
func (p pattern) finder() (finder, error) {
	if p.regex == "" {
		r, err := regexp.Compile(regexp.QuoteMeta(p.text))
		return finder{r: r}, err
	}
	return newFinder(p.regex)
}
