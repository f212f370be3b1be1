package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
)

// Recordings are files of sound with what is said in them: what a Recogniser is trained on.
type Recordings struct {
	Clips []audio.Clip
	Name  string // of the manifest, for messages
	// Cache remembers what was heard in them: statistics, passes and evaluations share it. nil remembers nothing. It changes speed alone.
	Cache *audio.Cache
}

// ReadRecordings reads a manifest, TSV or JSONL, of which each line names a file and its text. The columns are found by their
// names unless they are given, see audio.Manifest. A line without a text is an error. What is heard in the recordings is remembered in
// up to 1 GiB: features of 19 hours, with 40 mels and a frame every 10 ms.
func ReadRecordings(path, audioColumn, textColumn string) (Recordings, error) {
	clips, err := audio.Manifest{Path: audioColumn, Text: textColumn}.Open(path)
	if err != nil {
		return Recordings{}, err
	}
	r := Recordings{Clips: clips, Name: path, Cache: audio.NewCache(mostHeard)}
	for i, c := range clips {
		if c.Text == "" {
			return Recordings{}, errors.Errorf("%s: %s has no text", r.Place(i), c.Path)
		}
	}
	return r, nil
}

// mostHeard bounds the memory of what was heard, in bytes.
const mostHeard = 1 << 30

// Len is the number of recordings.
func (r Recordings) Len() int { return len(r.Clips) }

// Texts are what is said in the recordings.
func (r Recordings) Texts() []string {
	out := make([]string, len(r.Clips))
	for i, c := range r.Clips {
		out[i] = c.Text
	}
	return out
}

// Split cuts the recordings into three parts, as Examples.Split does.
func (r Recordings) Split(validation, test float64) (fit, valid, exam Recordings, err error) {
	a, b, c, err := splitRows(r.Len(), validation, test)
	return r.Pick(a), r.Pick(b), r.Pick(c), err
}

// Pick is some of the recordings, by their numbers from 0 on; numbers that there are not are passed over.
func (r Recordings) Pick(at []int) Recordings {
	out := Recordings{Name: r.Name, Cache: r.Cache}
	for _, i := range at {
		if i >= 0 && i < r.Len() {
			out.Clips = append(out.Clips, r.Clips[i])
		}
	}
	return out
}

// Place says where a recording comes from.
func (r Recordings) Place(i int) string {
	if i >= 0 && i < len(r.Clips) && r.Clips[i].Line > 0 {
		return fmt.Sprintf("%s, line %d", r.Name, r.Clips[i].Line)
	}
	return fmt.Sprintf("recording %d", i)
}
