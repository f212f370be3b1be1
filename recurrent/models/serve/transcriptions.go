package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// transcriptionRequest is what OpenAI's clients send to /v1/audio/transcriptions, as parts of a form.
// https://platform.openai.com/docs/api-reference/audio/createTranscription
type transcriptionRequest struct {
	model    string
	file     []byte
	name     string // of the file
	format   string
	language string // is told again; what a model knows was decided when it was trained
	words    bool   // of verbose_json: times of words beside those of segments
	segments bool
}

// transcriptionFormats are the values of response_format.
var transcriptionFormats = []string{"json", "text", "srt", "verbose_json", "vtt"}

func (s *Server) transcriptions(w http.ResponseWriter, r *http.Request) error {
	q, err := readTranscription(r)
	if err != nil {
		return err
	}
	v, done, err := s.models.use(q.model)
	if err != nil {
		return err
	}
	defer done()
	h, ok := v.answerer.(*heardAnswers)
	if !ok {
		return bad("%s is a %s; want a recogniser of speech", v.name, v.kind)
	}
	t, err := h.hear(r.Context(), q.name, q.file)
	if err != nil {
		return err
	}
	q.answer(w, t)
	return nil
}

// mostField bounds the fields of a form beside the file.
const mostField = 1 << 12

// readTranscription reads the form.
func readTranscription(r *http.Request) (*transcriptionRequest, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, bad("want a form with the parts file and model (Content-Type: multipart/form-data)")
	}
	q := &transcriptionRequest{format: "json"}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, readingForm(err)
		}
		if err := q.take(part); err != nil {
			return nil, err
		}
	}
	switch {
	case q.file == nil:
		return nil, bad("the part file is missing: want a WAV or FLAC file")
	case !slices.Contains(transcriptionFormats, q.format):
		return nil, bad("response_format is %.20q; want one of %s", q.format, strings.Join(transcriptionFormats, ", "))
	case (q.words || q.segments) && q.format != "verbose_json":
		return nil, bad("timestamp_granularities go with the response_format verbose_json")
	}
	if !q.words {
		q.segments = true
	}
	return q, nil
}

// readingForm is an error of a form that cannot be read: too large a body keeps its status.
func readingForm(err error) error {
	if status, _ := statusOf(err); status == http.StatusRequestEntityTooLarge {
		return err
	}
	return bad("the form cannot be read: %v", err)
}

// take takes a part of the form. What is not there is refused rather than passed over.
func (q *transcriptionRequest) take(part *multipart.Part) error {
	name := part.FormName()
	if name == "file" {
		var err error
		q.name = part.FileName()
		if q.file, err = io.ReadAll(part); err != nil { // the body has a limit
			return readingForm(err)
		}
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(part, mostField+1))
	switch {
	case err != nil:
		return readingForm(err)
	case len(data) > mostField:
		return bad("the part %.40q has more than %d bytes", name, mostField)
	}
	value := string(data)
	switch name {
	case "model":
		q.model = value
	case "response_format":
		q.format = value
	case "language":
		q.language = value
	case "temperature":
		if t, err := strconv.ParseFloat(value, 64); err != nil || t != 0 {
			return bad("temperature is %.20q; want 0: nothing is drawn", value)
		}
	case "timestamp_granularities[]", "timestamp_granularities":
		switch value {
		case "word":
			q.words = true
		case "segment":
			q.segments = true
		default:
			return bad("timestamp_granularities has %.20q; want word or segment", value)
		}
	case "stream":
		if value != "false" {
			return bad("stream is not there; want false")
		}
	case "prompt":
		if value != "" {
			return bad("prompt is not there: a recogniser reads no texts")
		}
	default:
		return bad("the form has a part %.40q; want file, model, language, response_format and timestamp_granularities[]", name)
	}
	return nil
}

// mostSamples bounds the sound of a request, all channels together: 35 minutes at 16 kHz. A small file may hold hours of silence.
const mostSamples = 1 << 25

// transcribe hears a file. What is wrong with it is the request's fault.
func transcribe(ctx context.Context, m *models.Recogniser, name string, data []byte) (*models.Transcript, error) {
	if name == "" {
		name = "the file"
	}
	in, err := audio.ReadStream(bytes.NewReader(data), name)
	if err != nil {
		return nil, bad("%v", err)
	}
	sound := &audio.Sound{Rate: in.Rate(), Channels: in.Channels()}
	for buffer := make([]float32, max(1<<14, in.Channels())); ; {
		n, err := in.Read(buffer)
		sound.Samples = append(sound.Samples, buffer[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, bad("%v", err)
		}
		if len(sound.Samples) > mostSamples {
			return nil, refused(http.StatusRequestEntityTooLarge, "%s has more than %d samples; want at most so many", name, mostSamples)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	t, err := m.Transcribe(ctx, sound, models.Transcribing{})
	if err != nil && ctx.Err() == nil {
		return nil, bad("%s: %v", name, err)
	}
	return t, err
}

// transcription is the answer of the format json; the others of verbose_json.
type transcription struct {
	Text string `json:"text"`
}

type verboseTranscription struct {
	Task     string                 `json:"task"`
	Language string                 `json:"language"`
	Duration float64                `json:"duration"`
	Text     string                 `json:"text"`
	Segments []transcriptionSegment `json:"segments,omitempty"`
	Words    []record.Word          `json:"words,omitempty"`
}

// transcriptionSegment is a segment, with what is known of it.
type transcriptionSegment struct {
	ID          int           `json:"id"`
	Seek        int           `json:"seek"`
	Start       float64       `json:"start"`
	End         float64       `json:"end"`
	Text        string        `json:"text"`
	Temperature float64       `json:"temperature"`
	AvgLogprob  record.Number `json:"avg_logprob"` // nats a character
}

// answer writes a transcript in the format that was asked for.
func (q *transcriptionRequest) answer(w http.ResponseWriter, t *models.Transcript) {
	plain := func(kind, text string) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		_, _ = io.WriteString(w, text) // a client that has gone is told nothing
	}
	segments := t.Segments
	if t.Label != "" {
		segments = []models.Segment{{Text: t.Label, End: t.Seconds}}
	}
	switch q.format {
	case "text":
		plain("text/plain", t.Text+"\n")
	case "srt", "vtt":
		kind, head, comma := "application/x-subrip", "", ","
		if q.format == "vtt" {
			kind, head, comma = "text/vtt", "WEBVTT\n\n", "."
		}
		var b strings.Builder
		fmt.Fprint(&b, head)
		for i, s := range segments {
			b.WriteString(record.Subtitle(i+1, s, comma))
		}
		plain(kind, b.String())
	case "verbose_json":
		out := verboseTranscription{Task: "transcribe", Language: q.language, Duration: t.Seconds, Text: t.Text}
		for i, s := range segments {
			if q.segments {
				out.Segments = append(out.Segments, transcriptionSegment{ID: i, Start: s.Start, End: s.End, Text: s.Text,
					AvgLogprob: record.Number(s.LogProb / float64(max(len([]rune(s.Text)), 1)))})
			}
		}
		if q.words {
			out.Words = record.WordsOf(t.Words())
		}
		answer(w, openAIError, out)
	default:
		answer(w, openAIError, transcription{t.Text})
	}
}
