package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
)

// Sentences are lists of words, with a tag for each word.
type Sentences struct {
	Words [][]string
	Tags  [][]string // as many; nil where there are none
	// Name and Lines, if they are given, say where the sentences come from, for messages: the name of a file, and for each
	// sentence its first line.
	Name  string
	Lines []int
}

// ReadSentences reads a file of tagged words: CoNLL-U, of which it takes the universal parts of speech, columns or JSONL,
// see datasets.Tagged.
func ReadSentences(path string) (Sentences, error) {
	f, err := datasets.Tagged{}.Open(path)
	if err != nil {
		return Sentences{}, err
	}
	return SentencesOf(f), nil
}

// SentencesOf are the sentences of a file that was read.
func SentencesOf(f *datasets.TaggedFile) Sentences {
	if f == nil {
		return Sentences{}
	}
	s := Sentences{Name: f.Name}
	for _, one := range f.Sentences {
		s.Words, s.Lines = append(s.Words, one.Words), append(s.Lines, one.Line)
		if f.Column != "" {
			s.Tags = append(s.Tags, one.Tags)
		}
	}
	return s
}

// Len is the number of sentences.
func (s Sentences) Len() int { return len(s.Words) }

// Count is the number of words.
func (s Sentences) Count() int {
	n := 0
	for _, words := range s.Words {
		n += len(words)
	}
	return n
}

// AllTags are the tags of all words, one after the other: what NewTagger takes.
func (s Sentences) AllTags() []string {
	var out []string
	for _, tags := range s.Tags {
		out = append(out, tags...)
	}
	return out
}

// Converted are the sentences with the same spans, marked by the tags of another scheme.
func (s Sentences) Converted(from, to spans.Scheme) (Sentences, error) {
	out := s
	out.Tags = make([][]string, len(s.Tags))
	for i, tags := range s.Tags {
		var err error
		if out.Tags[i], err = from.Convert(to, tags); err != nil {
			return Sentences{}, errors.Wrap(err, s.Place(i))
		}
	}
	return out, nil
}

// Split cuts the sentences into three parts, as Examples.Split does.
func (s Sentences) Split(validation, test float64) (fit, valid, exam Sentences, err error) {
	if err := s.check(); err != nil {
		return fit, valid, exam, err
	}
	a, b, c, err := splitRows(s.Len(), validation, test)
	return s.Pick(a), s.Pick(b), s.Pick(c), err
}

// Pick is some of the sentences, by their numbers from 0 on; numbers that there are not are passed over.
func (s Sentences) Pick(at []int) Sentences {
	out := Sentences{Name: s.Name}
	for _, i := range at {
		if i < 0 || i >= s.Len() {
			continue
		}
		out.Words = append(out.Words, s.Words[i])
		if i < len(s.Tags) {
			out.Tags = append(out.Tags, s.Tags[i])
		}
		if i < len(s.Lines) {
			out.Lines = append(out.Lines, s.Lines[i])
		}
	}
	return out
}

// check refuses lists of different lengths.
func (s Sentences) check() error {
	if len(s.Tags) != len(s.Words) {
		return errors.Errorf("models: Sentences: %d lists of words, %d of tags; want as many", len(s.Words), len(s.Tags))
	}
	if s.Lines != nil && len(s.Lines) != len(s.Words) {
		return errors.Errorf("models: Sentences: %d lists of words, %d lines; want as many", len(s.Words), len(s.Lines))
	}
	for i, words := range s.Words {
		if len(words) != len(s.Tags[i]) {
			return errors.Errorf("%s has %d words and %d tags", s.Place(i), len(words), len(s.Tags[i]))
		}
	}
	return nil
}

// Place says where a sentence comes from.
func (s Sentences) Place(i int) string {
	if i < len(s.Lines) && i >= 0 {
		return fmt.Sprintf("%s, line %d", s.Name, s.Lines[i])
	}
	return fmt.Sprintf("sentence %d", i)
}
