package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// whistled is the sound of a text: a tone of its own for each of the letters a, e and o, and noise between.
func whistled(text string, seed uint64) *audio.Sound {
	s := &audio.Sound{Rate: 8000, Channels: 1}
	r := rand.New(rand.NewPCG(seed, 1))
	add := func(n int, hz float64) {
		for i := range n {
			tone := 0.3 * math.Sin(math.Pi*float64(i)/float64(n)) * math.Sin(2*math.Pi*hz*float64(i)/8000)
			s.Samples = append(s.Samples, float32(tone+0.003*r.NormFloat64()))
		}
	}
	add(800, 0)
	for _, c := range text {
		add(1200, map[rune]float64{'a': 300, 'e': 900, 'o': 2000}[c])
		add(400, 0)
	}
	add(800, 0)
	return s
}

func writeSound(t *testing.T, path string, s *audio.Sound, encoding string) {
	t.Helper()
	var b bytes.Buffer
	if err := audio.WriteWAV(&b, s, encoding); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeWhistles writes sixty whistled words of the letters a, e and o, and whistles.tsv, which lists them.
func writeWhistles(t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	manifest := "path\ttext\n"
	for i := range 60 {
		text := ""
		for range 1 + r.IntN(4) {
			text += string("aeo"[r.IntN(3)])
		}
		path := fmt.Sprintf("whistles/%d.wav", i)
		writeSound(t, path, whistled(text, uint64(i)), audio.PCM16)
		manifest += path + "\t" + text + "\n"
	}
	writeFile(t, "whistles.tsv", manifest)
	writeSound(t, "call.wav", whistled("aoea", 1000), audio.PCM16)
}

// smallRecogniser is a training that takes seconds.
func smallRecogniser(out string, more ...string) []string {
	return append([]string{"train", "whistles.tsv", "--hidden", "24", "--layers", "1", "--mels", "16", "--batch", "8", "--lr", "0.01",
		"--epochs", "40", "--patience", "0", "--dropout", "0", "--time-masks", "0", "--frequency-masks", "0", "--out", out}, more...)
}

func TestSpeech(t *testing.T) {
	ctx := context.Background()
	t.Chdir(t.TempDir())
	writeWhistles(t)
	command := func(want string, args ...string) string {
		t.Helper()
		status, out, errs := capture(t, ctx, args...)
		if status != 0 || !strings.Contains(out+errs, want) {
			t.Fatalf("%v: status %d, want %q:\n%s%s", args, status, want, out, errs)
		}
		return out
	}
	out := command("recogniser of speech, as its lines name recordings", smallRecogniser("a", "--one-way")...)
	if line := lastOf(out); !strings.HasPrefix(line, "test_wer=") || !strings.Contains(line, " test_cer=") || !strings.Contains(line, " val_loss=") {
		t.Errorf("%q", line)
	}
	var judged recogniserReport
	if err := json.Unmarshal([]byte(command("", "eval", "--model", "a", "--json", "--beam", "4")), &judged); err != nil {
		t.Fatal(err)
	}
	if judged.Recordings != 6 || judged.CER == nil || *judged.CER > 0.2 || judged.Accuracy != nil {
		t.Errorf("%+v", judged)
	}
	command("60 recordings", "eval", "--model", "a", "--speech", "whistles.tsv")
	command("whistles.tsv", "inspect", "a")

	// The formats of transcripts, of files and of the standard input.
	if got := command("", "transcribe", "--model", "a", "call.wav"); got != "aoea\n" {
		t.Fatalf("%q", got)
	}
	if got := command("", "transcribe", "--model", "a", "call.wav", "whistles/0.wav"); !strings.HasPrefix(got, "call.wav\taoea\nwhistles/0.wav\t") {
		t.Errorf("%q", got)
	}
	if got := command("", "transcribe", "--model", "a", "call.wav", "--format", "srt"); !strings.HasPrefix(got, "1\n00:00:00,") || !strings.HasSuffix(got, "\naoea\n\n") {
		t.Errorf("%q", got)
	}
	if got := command("", "transcribe", "--model", "a", "call.wav", "--format", "vtt"); !strings.HasPrefix(got, "WEBVTT\n\n1\n00:00:00.") {
		t.Errorf("%q", got)
	}
	whole := command("", "transcribe", "--model", "a", "call.wav", "--format", "jsonl")
	var said struct {
		File, Text string
		Start, End float64
		Words      []struct {
			Word       string
			Start, End float64
		}
	}
	if err := json.Unmarshal([]byte(whole), &said); err != nil || said.File != "call.wav" || said.Text != "aoea" || len(said.Words) != 1 ||
		!(said.Words[0].Start < said.Words[0].End) || said.End != said.Words[0].End {
		t.Errorf("%s, %v", whole, err)
	}
	wav, err := os.ReadFile("call.wav")
	if err != nil {
		t.Fatal(err)
	}
	stdin(t, string(wav))
	if got := command("", "transcribe", "--model", "a", "-", "--format", "jsonl"); got != strings.Replace(whole, "call.wav", "-", 1) {
		t.Errorf("%q; want %q", got, whole)
	}
	stdin(t, string(wav[44:]))
	got := command("", "transcribe", "--model", "a", "-", "--rate", "8000", "--partial")
	if !strings.HasPrefix(got, "a ...\nao ...\n") || !strings.HasSuffix(got, "\naoea\n") {
		t.Errorf("%q", got)
	}
	stdin(t, string(wav[44:]))
	if got := command("", "transcribe", "--model", "a", "-", "--rate", "8000", "--partial", "--format", "jsonl"); strings.Count(got, `"partial":true`) < 2 {
		t.Errorf("%q", got)
	}
	if got := command("", "predict", "--model", "a", "call.wav"); !strings.Contains(got, `"file":"call.wav"`) || !strings.Contains(got, `"text":"aoea"`) {
		t.Errorf("%q", got)
	}
	if got := command("", "predict", "--model", "a", "whistles.tsv"); strings.Count(got, "\n") != 60 {
		t.Errorf("%q", got)
	}
	command("Saved", "plot", "--model", "a", "--spectrogram", "call.wav", "--out", "call.svg")
	if picture, err := os.ReadFile("call.svg"); err != nil || !strings.Contains(string(picture), ">aoea<") {
		t.Errorf("%v: the picture lacks the word", err)
	}

	// On from a model: the same network and tokens.
	command("Kept", "train", "--from", "a", "--speech", "whistles.tsv", "--epochs", "1", "--out", "b", "--patience", "0")
	command("step", "train", "--resume", "a", "--epochs", "41")
	first := "path\ttext\n"
	for i := range 60 {
		path := fmt.Sprintf("letters/%d.wav", i)
		writeSound(t, path, whistled(string("aeo"[i%3]), uint64(i)), audio.PCM16)
		first += path + "\t" + string("aeo"[i%3]) + "\n"
	}
	writeFile(t, "letters.tsv", first)
	command("test_accuracy=", "train", "letters.tsv", "--decoder", "label", "--hidden", "8", "--layers", "1", "--epochs", "2", "--test-part", "0", "--out", "labels")
	if got := command("", "transcribe", "--model", "labels", "call.wav", "--format", "jsonl"); !strings.Contains(got, `"probability":`) {
		t.Errorf("%q", got)
	}
	command("accuracy", "eval", "--model", "labels")
}

// What a new user does wrong has an error that says how to do it right.
func TestSpeechMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	writeWhistles(t)
	if status, _, errs := capture(t, context.Background(), smallRecogniser("m", "--epochs", "1")...); status != 0 {
		t.Fatal(errs)
	}
	if status, _, errs := capture(t, context.Background(), small(writeText(t, "."), "text.safetensors", "--epochs", "1")...); status != 0 {
		t.Fatal(errs)
	}
	for name, text := range map[string]string{
		"empty.tsv": "", "columns.tsv": "sound\twords\nwhistles/0.wav\ta\n", "gone.tsv": "path\ttext\nnothing.wav\ta\nwhistles/0.wav\ta\n",
		"gap.tsv": "path\ttext\nwhistles/0.wav\t\n", "text.wav": "hello", "empty.wav": "", "one.tsv": "path\ttext\nwhistles/0.wav\ta\n",
		"long.tsv": "path\ttext\n" + strings.Repeat("whistles/0.wav\t"+strings.Repeat("ae", 90)+"\n", 20),
	} {
		writeFile(t, name, text)
	}
	writeSound(t, "sample.wav", &audio.Sound{Rate: 8000, Channels: 1, Samples: []float32{0.5}}, audio.PCM16)
	writeSound(t, "nan.wav", whistled("a", 1), audio.Float32)
	raw, err := os.ReadFile("nan.wav")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte("data")) + 8 + 4*500
	copy(raw[at:], []byte{0, 0, 0xc0, 0x7f})
	writeFile(t, "nan.wav", string(raw))
	training := func(args ...string) []string {
		return append([]string{"train", "--out", "out.safetensors", "--hidden", "8", "--layers", "1"}, args...)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "nofile.tsv: no such file or directory", training("--speech", "nofile.tsv")},
		{1, "empty.tsv lists no recordings", training("--speech", "empty.tsv")},
		{1, "no column path", training("--speech", "columns.tsv")},
		{1, "gone.tsv, line 2", training("--speech", "gone.tsv")},
		{1, "gap.tsv, line 2: whistles/0.wav has no text", training("--speech", "gap.tsv")},
		{1, "is too little (--valid, --test-part)", training("--speech", "one.tsv")},
		{1, "long.tsv, line", training("--speech", "long.tsv")},
		{2, `--decoder "las"; want ctc, transducer or label`, training("--speech", "whistles.tsv", "--decoder", "las")},
		{2, "--subsample 3; want 1, 2, 4 or 8", training("--speech", "whistles.tsv", "--subsample", "3")},
		{2, "--sample-rate 12; want at least 1000", training("--speech", "whistles.tsv", "--sample-rate", "12")},
		{2, `--normalise "recording"; want "corpus"`, training("--speech", "whistles.tsv", "--one-way", "--normalise", "recording")},
		{2, "--seq 50; want none", training("--speech", "whistles.tsv", "--seq", "50")},
		{2, "--mels goes with --speech", training("--text", "text.txt", "--mels", "9")},
		{2, "want files, or - for the standard input", []string{"transcribe", "--model", "m"}},
		{1, "no.wav: no such file or directory", []string{"transcribe", "--model", "m", "no.wav"}},
		{1, `text.wav begins with "hell"; want WAV`, []string{"transcribe", "--model", "m", "text.wav"}},
		{1, "empty.wav is empty", []string{"transcribe", "--model", "m", "empty.wav"}},
		{1, "a sound of 1 samples is too short", []string{"transcribe", "--model", "m", "sample.wav"}},
		{1, "sample 500", []string{"transcribe", "--model", "m", "nan.wav"}},
		{2, `--format "docx"; want text, jsonl, srt or vtt`, []string{"transcribe", "--model", "m", "call.wav", "--format", "docx"}},
		{2, "--partial goes with --format text and jsonl", []string{"transcribe", "--model", "m", "call.wav", "--format", "srt", "--partial"}},
		{1, "m reads whole recordings in both directions; train one with --one-way or --chunk", []string{"transcribe", "--model", "m", "call.wav", "--partial"}},
		{2, "--rate goes with -", []string{"transcribe", "--model", "m", "call.wav", "--rate", "8000"}},
		{2, "--encoding goes with --rate", []string{"transcribe", "--model", "m", "-", "--encoding", "u8"}},
		{2, "--format srt is for one recording; found 2", []string{"transcribe", "--model", "m", "call.wav", "call.wav", "--format", "srt"}},
		{1, "Beam -2", []string{"transcribe", "--model", "m", "call.wav", "--beam", "-2"}},
		{1, "text.safetensors is a language model; want a recogniser of speech", []string{"transcribe", "--model", "text.safetensors", "call.wav"}},
		{2, "text.safetensors is a language model; --spectrogram wants a recogniser of speech",
			[]string{"plot", "--model", "text.safetensors", "--spectrogram", "call.wav", "--out", "x.svg"}},
		{1, "Keras has no layer like convolutions", []string{"export", "--model", "m", "--out", "m.keras"}},
	} {
		status, _, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, %s; want %d, %q", c.args, status, errs, c.status, c.want)
		}
	}
}

// The session of the page on speech, from an empty folder with whistles in it.
func TestSpeechTranscript(t *testing.T) {
	all := sessions(t, "speech.md")
	if len(all) < 5 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeWhistles(t)
	play(t, all)
}
