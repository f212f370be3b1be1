package datasets

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Fields of JSONL that have words and tags where none are named.
var (
	wordFields = []string{"tokens", "words"}
	tagFields  = []string{"tags", "ner_tags", "pos_tags", "labels"}
)

// objects reads JSONL: {"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}.
func (c Tagged) objects(r io.Reader, out *TaggedFile) error {
	o := JSONL{MaxLine: c.MaxSentence}.Read(r, out.Name)
	words := c.Words
	for o.Next() {
		if len(out.Sentences) == 0 {
			var err error
			if words, err = field("words", c.Words, wordFields, o, out.Name); err != nil {
				return err
			}
			out.Column, err = field("tags", c.Column, tagFields, o, out.Name)
			if err != nil && (!c.Untagged || c.Column != "") {
				return err
			}
		}
		one := TaggedSentence{Line: o.Line()}
		var err error
		if one.Words, err = texts(o, words, out.Name); err != nil {
			return err
		}
		if out.Column != "" {
			if one.Tags, err = texts(o, out.Column, out.Name); err != nil {
				return err
			}
			if len(one.Tags) != len(one.Words) {
				return errors.Errorf("datasets: %s, line %d: %d words in %q, %d tags in %q",
					out.Name, o.Line(), len(one.Words), words, len(one.Tags), out.Column)
			}
		}
		if len(one.Words) > 0 {
			out.Sentences = append(out.Sentences, one)
		}
	}
	return o.Err()
}

// field is the name of a field: the one that is given, or the first of some that there is.
func field(what, given string, usual []string, o *Objects, file string) (string, error) {
	fields := o.Fields()
	if given != "" {
		usual = []string{given}
	}
	for _, name := range usual {
		if slices.Contains(fields, name) {
			return name, nil
		}
	}
	return "", errors.Errorf("datasets: %s, line %d: no field %s for the %s; there are %s",
		file, o.Line(), strings.Join(usual, ", "), what, strings.Join(fields, ", "))
}

// texts is a field that is a list of texts that are not empty. Numbers, as of classes, are taken as they are written.
func texts(o *Objects, name, file string) ([]string, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(o.now[name], &list); err != nil || list == nil {
		return nil, errors.Errorf("datasets: %s, line %d: field %q is %.40s; want a list of texts", file, o.Line(), name, orMissing(o.now[name]))
	}
	out := make([]string, len(list))
	for i, raw := range list {
		switch {
		case raw[0] == '"':
			if err := json.Unmarshal(raw, &out[i]); err != nil {
				return nil, errors.Wrapf(err, "datasets: %s, line %d", file, o.Line())
			}
		case strings.IndexByte("0123456789-", raw[0]) >= 0:
			out[i] = string(raw)
		}
		if out[i] == "" {
			return nil, errors.Errorf("datasets: %s, line %d: field %q has %.40s as number %d; want a text that is not empty",
				file, o.Line(), name, raw, i+1)
		}
	}
	return out, nil
}

func orMissing(raw json.RawMessage) string {
	if raw == nil {
		return "missing"
	}
	return string(raw)
}
