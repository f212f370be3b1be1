package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
)

func writeJSON(w io.Writer, scheme spans.Scheme, s models.Sentences) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i, words := range s.Words {
		out := record.TaggedOf(scheme, words, s.Tags[i])
		if err := e.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

func writeColumns(w io.Writer, _ spans.Scheme, s models.Sentences) error {
	for i, words := range s.Words {
		for j, word := range words {
			if _, err := fmt.Fprintf(w, "%s\t%s\n", word, s.Tags[i][j]); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}

// writePlain writes sentences in lines: Ann/NOUN sees/VERB, or with spans in brackets, [Ann Clarkson]PER sees.
func writePlain(w io.Writer, scheme spans.Scheme, s models.Sentences) error {
	return writeMarked(w, scheme, s, marks{
		span: func(text, kind string) string { return "[" + text + "]" + kind },
		word: func(word, tag string) string { return word + "/" + tag },
	})
}

// writeColoured is writePlain for a terminal: a colour for each type of span, tags pale.
func writeColoured(w io.Writer, scheme spans.Scheme, s models.Sentences) error {
	const pale, bold, end = "\x1b[2m", "\x1b[1m", "\x1b[0m"
	var kinds []string
	return writeMarked(w, scheme, s, marks{
		span: func(text, kind string) string {
			at := slices.Index(kinds, kind)
			if at < 0 {
				at, kinds = len(kinds), append(kinds, kind)
			}
			return fmt.Sprintf("\x1b[30;%dm %s %s%s %s", 102+at%5, withoutControls(text), bold, withoutControls(kind), end)
		},
		word: func(word, tag string) string {
			return withoutControls(word) + pale + "/" + withoutControls(tag) + end
		},
		plain: withoutControls,
	})
}

// marks are the ways to write a span and a tagged word.
type marks struct {
	span, word func(text, tag string) string
	plain      func(word string) string // of a word in no span; nil as it is
}

func writeMarked(w io.Writer, scheme spans.Scheme, s models.Sentences, m marks) error {
	for i, words := range s.Words {
		var parts []string
		if scheme == spans.None {
			for j, word := range words {
				parts = append(parts, m.word(word, s.Tags[i][j]))
			}
		} else {
			parts = marked(words, spans.Lenient(s.Tags[i]), m)
		}
		if _, err := fmt.Fprintln(w, strings.Join(parts, " ")); err != nil {
			return err
		}
	}
	return nil
}

// marked are the words of a sentence, those of a span together.
func marked(words []string, list []spans.Span, m marks) []string {
	var parts []string
	at := 0
	outside := func(to int) {
		for ; at < to; at++ {
			word := words[at]
			if m.plain != nil {
				word = m.plain(word)
			}
			parts = append(parts, word)
		}
	}
	for _, v := range list {
		outside(v.Start)
		parts = append(parts, m.span(strings.Join(words[v.Start:v.End], " "), v.Type))
		at = v.End
	}
	outside(len(words))
	return parts
}

// fillTreebank writes a file in CoNLL-U again, with other tags in a column.
func fillTreebank(w io.Writer, data []byte, column string, tags []string) error {
	at := map[string]int{"upos": 3, "xpos": 4, "feats": 5}[column]
	return fill(w, data, tags, func(line, tag string) (string, bool) {
		fields := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || len(fields) <= at || strings.ContainsAny(fields[0], "-.") {
			return line, false
		}
		fields[at] = tag
		return strings.Join(fields, "\t"), true
	})
}

// fillColumns writes a file in columns again, with other tags in one of them, counted from 0; below 0 adds one.
func fillColumns(w io.Writer, data []byte, tabs bool, at int, tags []string) error {
	return fill(w, data, tags, func(line, tag string) (string, bool) {
		if strings.HasPrefix(line, "-DOCSTART-") {
			return line, false
		}
		if at < 0 {
			between := " "
			if tabs || strings.Contains(line, "\t") {
				between = "\t"
			}
			return strings.TrimRight(line, " ") + between + tag, true
		}
		if tabs || strings.Contains(line, "\t") {
			fields := strings.Split(line, "\t")
			if at < len(fields) {
				fields[at] = tag
				return strings.Join(fields, "\t"), true
			}
		}
		fields := strings.Fields(line)
		fields[at] = tag
		return strings.Join(fields, " "), true
	})
}

// fill writes the lines of a file again. Put puts a tag into a line, if it is one of a word.
func fill(w io.Writer, data []byte, tags []string, put func(line, tag string) (string, bool)) error {
	lines := datasets.PlainText{}.Read(bytes.NewReader(data), "the file")
	for lines.Next() {
		line := lines.Text()
		if strings.TrimSpace(line) != "" {
			if filled, word := put(line, first(tags)); word && len(tags) > 0 {
				line, tags = filled, tags[1:]
			}
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return lines.Err()
}

// first is the first of some tags; they may be none where what is left are no words.
func first(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return tags[0]
}
