package record

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/recurrent/models"
)

// Word is a word of a recording, and when it was heard, in seconds.
type Word struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	// Confidence is a probability; there is none of a transducer's words.
	Confidence float64 `json:"confidence,omitempty"`
}

// Segment is what was said between two pauses.
type Segment struct {
	File    string  `json:"file,omitempty"`
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Text    string  `json:"text"`
	LogProb Number  `json:"log_probability"`
	Words   []Word  `json:"words"`
	Partial bool    `json:"partial,omitempty"` // it is not over yet
}

// SegmentOf is a segment of a file.
func SegmentOf(file string, s models.Segment) Segment {
	return Segment{File: file, Start: s.Start, End: s.End, Text: s.Text, LogProb: Number(s.LogProb), Words: WordsOf(s.Words)}
}

// WordsOf are some words, never null.
func WordsOf(list []models.Word) []Word {
	out := make([]Word, len(list))
	for i, w := range list {
		out[i] = Word{w.Text, w.Start, w.End, w.Confidence}
	}
	return out
}

// Transcript is what was said in a whole recording, or the label that it has.
type Transcript struct {
	File        string    `json:"file,omitempty"`
	Seconds     float64   `json:"seconds"`
	Text        string    `json:"text"`
	Segments    []Segment `json:"segments,omitempty"`
	Label       string    `json:"label,omitempty"`
	Probability float64   `json:"probability,omitempty"`
}

// TranscriptOf is that of a file.
func TranscriptOf(file string, t *models.Transcript) Transcript {
	out := Transcript{File: file, Seconds: t.Seconds, Text: t.Text, Label: t.Label, Probability: t.Probability}
	for _, s := range t.Segments {
		out.Segments = append(out.Segments, SegmentOf("", s))
	}
	return out
}

// Subtitle is a segment as SRT has it, with a comma in its times, or WebVTT, with a dot.
func Subtitle(number int, s models.Segment, comma string) string {
	return fmt.Sprintf("%d\n%s --> %s\n%s\n\n", number, clock(s.Start, comma), clock(s.End, comma), s.Text)
}

// clock writes seconds as 01:02:03,456.
func clock(seconds float64, comma string) string {
	ms := int(math.Round(seconds * 1000))
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3600000, ms/60000%60, ms/1000%60, comma, ms%1000)
}
