package decode

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Alignment is the likeliest path of given labels through the frames of a sequence: where each of them is.
type Alignment struct {
	Spans   []Span  // of each label, in their order
	LogProb float64 // of the path, the blanks included, in nats
}

// Span is where a label or a word is.
type Span struct {
	Begin, End int // frames: the first one, and the one behind the last
	// Confidence is the mean probability of the label, or of the word's labels, over their frames, blanks between them left out.
	Confidence float64
}

// Word is a word with its place.
type Word struct {
	Text string
	Span
}

// Words are the words of an alignment. pieces are what its labels stand for, one for each: characters, or tokens with a blank
// where a word begins or ends. Blanks belong to no word.
func (a Alignment) Words(pieces []string) ([]Word, error) {
	if len(pieces) != len(a.Spans) {
		return nil, errors.Errorf("decode: Words: %d pieces of %d labels", len(pieces), len(a.Spans))
	}
	var out []Word
	open, frames := false, 0
	for i, piece := range pieces {
		s := a.Spans[i]
		for len(piece) > 0 {
			n := strings.IndexFunc(piece, unicode.IsSpace)
			if n == 0 {
				_, size := utf8.DecodeRuneInString(piece)
				piece, open = piece[size:], false
				continue
			}
			if n < 0 {
				n = len(piece)
			}
			if !open {
				out, open, frames = append(out, Word{"", Span{s.Begin, s.Begin, 0}}), true, 0
			}
			w, more := &out[len(out)-1], s.End-s.Begin
			w.Text += piece[:n]
			if frames+more > 0 {
				w.Confidence = (w.Confidence*float64(frames) + s.Confidence*float64(more)) / float64(frames+more)
			}
			w.End, frames = s.End, frames+more
			piece = piece[n:]
		}
	}
	return out, nil
}

// checkLabels reports labels that no path can have, of so many classes.
func checkLabels(labels []int, classes, blank int) error {
	for i, l := range labels {
		if l < 0 || l >= classes || l == blank {
			return errors.Errorf("label %d is %d; want 0 to %d, and not the blank %d", i, l, classes-1, blank)
		}
	}
	return nil
}
