package command

import (
	"context"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// spectrogram draws a recording as a recogniser hears it, with the words that it writes below.
func spectrogram(ctx context.Context, m *models.Recogniser, path string) (*chart.Picture, error) {
	sound, err := audio.Open(path)
	if err != nil {
		return nil, err
	}
	t, err := m.Transcribe(ctx, sound, models.Transcribing{})
	if err != nil {
		return nil, err
	}
	f := m.Features()
	frames, err := f.Hear(sound)
	if err != nil {
		return nil, err
	}
	s := chart.Sound{Values: make([][]float64, frames.Steps()), Seconds: float64(f.Hop) / float64(f.Rate)}
	for i := range s.Values {
		s.Values[i] = make([]float64, frames.Width)
		for j := range s.Values[i] {
			s.Values[i][j] = float64(frames.Values[i*frames.Width+j])
		}
	}
	for _, w := range t.Words() {
		s.Words = append(s.Words, chart.Spoken{Text: w.Text, Start: w.Start, End: w.End})
	}
	if t.Label != "" {
		s.Words = []chart.Spoken{{Text: t.Label, End: t.Seconds}}
	}
	return chart.Spectrogram(path, s), nil
}
