package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
)

// recogniserReport is how good a recogniser is.
type recogniserReport struct {
	Recordings int    `json:"recordings"`
	Seconds    number `json:"seconds"`
	Loss       number `json:"loss"`
	// Of texts: the edits of words and of characters, over those of the texts that were wanted; and the share of texts with a mistake.
	WER   *number `json:"wer,omitempty"`
	CER   *number `json:"cer,omitempty"`
	Wrong *number `json:"wrong_texts,omitempty"`
	// Of labels.
	Accuracy *number `json:"accuracy,omitempty"`
	// RealTime is the time that hearing took, over that of the sound.
	RealTime number `json:"real_time_factor"`
	found    *models.SpeechEvaluation
}

// evalRecogniser judges a recogniser by a manifest, or, if the path is empty, by the recordings of its own that were kept for the
// test.
func evalRecogniser(
	ctx context.Context, m *models.Recogniser, path string, columns models.SpeechOrigin, how models.Transcribing,
) (*recogniserReport, error) {
	var r models.Recordings
	var err error
	if path == "" {
		if columns != (models.SpeechOrigin{}) {
			return nil, usage("--audio-column and --transcript-column go with --speech")
		}
		r, err = ownTestRecordings(m.Config())
	} else {
		r, err = readManifest(path, columns)
	}
	if err != nil {
		return nil, err
	}
	start := time.Now()
	e, err := m.Evaluate(ctx, r, how)
	if err != nil {
		return nil, err
	}
	out := &recogniserReport{Recordings: e.Recordings, Seconds: number(e.Seconds), Loss: number(e.Loss),
		RealTime: number(time.Since(start).Seconds() / e.Seconds), found: e}
	rate := func(v float64) *number { n := number(v); return &n }
	if e.Confusion != nil {
		out.Accuracy = rate(e.Confusion.Accuracy())
	} else {
		out.WER, out.CER, out.Wrong = rate(e.Words.Rate()), rate(e.Characters.Rate()), rate(e.Words.SentenceRate())
	}
	return out, nil
}

func (r *recogniserReport) print(w io.Writer) error {
	if c := r.found.Confusion; c != nil {
		_, err := fmt.Fprintf(w, "%s, %.0f s: accuracy %.4f, loss %.4f\n\n%v", count(r.Recordings, "recording", "recordings"), r.Seconds,
			c.Accuracy(), r.Loss, c)
		return err
	}
	e := r.found
	_, err := fmt.Fprintf(w, "%s, %.0f s, %s words: word error rate %.2f %%, character error rate %.2f %%\n%d with a mistake; loss %.4f\n",
		count(r.Recordings, "recording", "recordings"), r.Seconds, thousands(e.Words.Length), 100*e.Words.Rate(), 100*e.Characters.Rate(),
		e.Words.Wrong, r.Loss)
	return err
}
