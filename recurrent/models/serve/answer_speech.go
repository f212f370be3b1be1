package serve

import (
	"context"
	"encoding/base64"

	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// audioColumn is what the input of recognisers is called: whole WAV or FLAC files, as bytes, or in a table in base64.
const audioColumn = "audio"

// heardAnswers answers recordings by a recogniser.
type heardAnswers struct {
	m      *models.Recogniser
	most   int
	places places // one for each that is heard at a time: a small file may be a large sound
}

func newHeardAnswers(m *models.Recogniser, o Options) *heardAnswers {
	return &heardAnswers{m, o.MaxRows, newPlaces()}
}

func (h *heardAnswers) ports() (in, out []port) {
	return []port{{Name: audioColumn, Datatype: "BYTES", Shape: []int{-1}}}, []port{{Name: textColumn, Datatype: "BYTES", Shape: []int{-1}}}
}

// hear hears a recording, once there is a place.
func (h *heardAnswers) hear(ctx context.Context, name string, file []byte) (*models.Transcript, error) {
	if err := h.places.enter(ctx); err != nil {
		return nil, err
	}
	defer h.places.leave()
	return transcribe(ctx, h.m, name, file)
}

// each hears recordings one by one.
func (h *heardAnswers) each(ctx context.Context, files [][]byte) ([]*models.Transcript, error) {
	if len(files) > h.most {
		return nil, refused(413, "%d recordings; want at most %d", len(files), h.most)
	}
	out := make([]*models.Transcript, len(files))
	for i, f := range files {
		var err error
		if out[i], err = h.hear(ctx, "", f); err != nil {
			status, text := statusOf(err)
			return nil, refused(status, "recording %d: %s", i, text)
		}
	}
	return out, nil
}

func (h *heardAnswers) infer(ctx context.Context, in []values) ([]values, error) {
	if len(in) != 1 || !in[0].isText() || len(in[0].shape) < 1 || len(in[0].shape) > 2 || in[0].shape[0] != len(in[0].texts) {
		return nil, bad("want one input, %q, of datatype BYTES and shape [N]: WAV or FLAC files", audioColumn)
	}
	files := make([][]byte, len(in[0].texts))
	for i, f := range in[0].texts {
		files[i] = []byte(f)
	}
	found, err := h.each(ctx, files)
	if err != nil {
		return nil, err
	}
	return []values{textsOf(textColumn, len(found), func(i int) string { return found[i].Text })}, nil
}

func (h *heardAnswers) rows(ctx context.Context, table *table) ([]any, error) {
	list, err := table.column(audioColumn)
	if err != nil {
		return nil, err
	}
	files := make([][]byte, len(list))
	for i, one := range list {
		if files[i], err = base64.StdEncoding.DecodeString(one); err != nil {
			return nil, bad("row %d: %s is no base64: %v", i, audioColumn, err)
		}
	}
	found, err := h.each(ctx, files)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(found))
	for i, t := range found {
		out[i] = record.TranscriptOf("", t)
	}
	return out, nil
}

func (h *heardAnswers) close() {}
