package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/recurrent/models"
)

// beeps writes recordings of one or two tones, "a" and "b", and lists them.
func beeps(t testing.TB) models.Recordings {
	t.Helper()
	dir := t.TempDir()
	out := models.Recordings{Name: "beeps"}
	for i, text := range []string{"a", "b", "ab", "ba"} {
		s := &audio.Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 800)}
		for _, c := range text {
			hz := map[rune]float64{'a': 400, 'b': 1500}[c]
			for k := range 1600 {
				s.Samples = append(s.Samples, float32(0.3*math.Sin(math.Pi*float64(k)/1600)*math.Sin(2*math.Pi*hz*float64(k)/8000)))
			}
			s.Samples = append(s.Samples, make([]float32, 800)...)
		}
		path := filepath.Join(dir, text+".wav")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := audio.WriteWAV(f, s, audio.PCM16); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		out.Clips = append(out.Clips, audio.Clip{Path: path, Text: text, Line: i + 1})
	}
	return out
}

// trainedHearer saves a recogniser that knows its few recordings.
func trainedHearer(t testing.TB) (m *models.Recogniser, path string, r models.Recordings) {
	t.Helper()
	r = beeps(t)
	c := models.Defaults(models.KindRecogniser)
	c.Layers, c.Hidden, c.Batch, c.Epochs, c.Rate, c.Dropout, c.Speech.Mels = 1, 16, 4, 120, 0.02, 0, 12
	c.Patience, c.Speech.TimeMasks, c.Speech.FrequencyMasks = 0, 0, 0
	m, err := models.NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, r, models.Run{}); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "beeps.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return m, path, r
}

// hearer serves such a recogniser, and returns it with one of the recordings.
func hearer(t testing.TB, o Options) (m *models.Recogniser, url string, wav []byte, want *models.Transcript) {
	t.Helper()
	m, path, r := trainedHearer(t)
	o.Models = append(o.Models, ModelFile{"beeps", path}, ModelFile{"mood", filepath.Join(writeModels(t), "mood.safetensors")})
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); _ = s.Close() })
	sound, err := audio.Open(r.Clips[2].Path)
	if err != nil {
		t.Fatal(err)
	}
	if want, err = m.Transcribe(context.Background(), sound, models.Transcribing{}); err != nil {
		t.Fatal(err)
	}
	if want.Text != "ab" {
		t.Fatalf("the recogniser writes %q; want %q", want.Text, "ab")
	}
	wav, err = os.ReadFile(r.Clips[2].Path)
	if err != nil {
		t.Fatal(err)
	}
	return m, h.URL, wav, want
}

// posted sends a form, whose fields are pairs of names and values, with a file unless it is nil.
func posted(t testing.TB, url string, file []byte, fields ...string) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		w, err := form.CreateFormFile("file", "call.wav")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return ask(t, http.MethodPost, url+"/v1/audio/transcriptions", form.FormDataContentType(), body.String())
}

func TestTranscriptions(t *testing.T) {
	_, url, wav, want := hearer(t, Options{})
	for format, contains := range map[string][]string{
		"json": {`{"text":"ab"}`}, "text": {"ab\n"}, "srt": {"1\n00:00:0", " --> 00:00:0", "\nab\n"}, "vtt": {"WEBVTT\n\n", "ab"},
		"verbose_json": {`"task":"transcribe"`, `"duration":`, `"segments":[{"id":0,`, `"language":"de"`},
	} {
		status, body := posted(t, url, wav, "model", "beeps", "response_format", format, "language", "de", "temperature", "0")
		for _, c := range contains {
			if status != 200 || !strings.Contains(body, c) {
				t.Errorf("%s: %d %q; want %q", format, status, body, c)
			}
		}
	}
	_, body := posted(t, url, wav, "model", "beeps", "response_format", "verbose_json", "timestamp_granularities[]", "word")
	var got verboseTranscription
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if w := want.Words()[0]; len(got.Words) != 1 || got.Words[0].Start != w.Start || got.Words[0].End != w.End || got.Segments != nil {
		t.Errorf("%s; want the word %v and no segments", body, w)
	}
}

// Requests that cannot be answered are refused by what is wrong with them.
func TestTranscriptionsRefuse(t *testing.T) {
	_, url, wav, _ := hearer(t, Options{MaxBody: 100_000})
	tiny := append(bytes.Clone(wav[:44]), wav[44:48]...)
	for name, c := range map[string]struct {
		status int
		want   string
		file   []byte
		fields []string
	}{
		"no file":      {400, "the part file is missing", nil, []string{"model", "beeps"}},
		"no sound":     {400, "begins with", []byte("hello, this is no sound"), []string{"model", "beeps"}},
		"empty":        {400, "is empty", []byte{}, []string{"model", "beeps"}},
		"cut":          {400, "before the length that its header gives", tiny, []string{"model", "beeps"}},
		"format":       {400, "response_format is", wav, []string{"model", "beeps", "response_format", "xml"}},
		"granularity":  {400, "verbose_json", wav, []string{"model", "beeps", "timestamp_granularities[]", "word"}},
		"granularity?": {400, "want word or segment", wav, []string{"model", "beeps", "timestamp_granularities[]", "letter"}},
		"temperature":  {400, "temperature", wav, []string{"model", "beeps", "temperature", "0.7"}},
		"stream":       {400, "stream is not there", wav, []string{"model", "beeps", "stream", "true"}},
		"prompt":       {400, "prompt is not there", wav, []string{"model", "beeps", "prompt", "names"}},
		"field":        {400, `has a part`, wav, []string{"model", "beeps", "colour", "red"}},
		"no such":      {404, "nobody", wav, []string{"model", "nobody"}},
		"kind":         {400, "want a recogniser", wav, []string{"model", "mood"}},
		"large":        {413, "larger than", make([]byte, 200_000), []string{"model", "beeps"}},
	} {
		if status, body := posted(t, url, c.file, c.fields...); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s; want %d and %q", name, status, body, c.status, c.want)
		}
	}
	if status, body := ask(t, http.MethodPost, url+"/v1/audio/transcriptions", "application/json", "{}"); status != 400 || !strings.Contains(body, "multipart") {
		t.Errorf("JSON: %d %s", status, body)
	}
}

// OpenAI's own client gets what the model writes.
func TestTranscriptionsClient(t *testing.T) {
	python := os.Getenv(pythonWithClients)
	if python == "" {
		t.Skipf("set %s to a Python with openai", pythonWithClients)
	}
	_, url, wav, want := hearer(t, Options{})
	file := filepath.Join(t.TempDir(), "call.wav")
	if err := os.WriteFile(file, wav, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(map[string]any{"text": want.Text, "start": want.Words()[0].Start, "end": want.Words()[0].End, "seconds": want.Seconds})
	if err != nil {
		t.Fatal(err)
	}
	script := exec.Command(python, "testdata/transcribe.py", url, file)
	script.Stdin = bytes.NewReader(said)
	out, err := script.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "agrees") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The other protocols take whole files, too: tensors of bytes, and tables in base64.
func TestRecognisersElsewhere(t *testing.T) {
	m, _, wav, want := hearer(t, Options{})
	h := newHeardAnswers(m, Options{MaxRows: 2})
	got, err := h.infer(context.Background(), []values{textsOf(audioColumn, 2, func(int) string { return string(wav) })})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].texts[1] != want.Text {
		t.Errorf("%q; want %q", got[0].texts, want.Text)
	}
	for _, bad := range []string{"", "no sound"} {
		if _, err := h.infer(context.Background(), []values{textsOf(audioColumn, 1, func(int) string { return bad })}); err == nil {
			t.Errorf("%q is heard", bad)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := transcribe(ctx, m, "", wav); err == nil {
		t.Error("a request whose client has gone is answered")
	}
}
