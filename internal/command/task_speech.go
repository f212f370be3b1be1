package command

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// speechTask is the recogniser of speech.
type speechTask struct {
	simple
	// of eval
	judged  string // manifest to judge the model by
	columns models.SpeechOrigin
	how     hearing // of eval and predict
	parting parting // of predict

	drawn string // the recording whose spectrogram is drawn
}

func (t *speechTask) kind() models.Kind { return models.KindRecogniser }

func (t *speechTask) data() string { return "speech" }

func (t *speechTask) help() string {
	return `With --speech: a recogniser of speech, on a manifest, TSV or JSONL, with the
path of a recording (WAV or FLAC) and its text in each line. It hears log-mel
energies, reads in both directions, or for sound that is still going on
--one-way or in a --chunk after the other, and writes characters or byte pairs
by --decoder ctc or transducer; or it gives each recording one --decoder label,
which spots keywords. A tenth of the recordings, always the same, is kept for
the test, a tenth of the others to stop by, and the weights of the best pass are
kept. The last line is
test_wer=<word error rate> test_cer=<character error rate> val_loss=<loss>
recordings_per_s=<speed>, or with labels test_accuracy=<share>.
` + otherDefaults(t)
}

func (t *speechTask) judge(s *sample) (likelihood, string) {
	if !s.namesSounds() {
		return impossible, ""
	}
	return certain, "its lines name recordings"
}

// namesSounds tells whether a file is a manifest: each of its lines, but for the header, has the name of a recording.
func (s *sample) namesSounds() bool {
	named := 0
	for _, line := range s.lines {
		if l := strings.ToLower(line); strings.Contains(l, ".wav") || strings.Contains(l, ".flac") {
			named++
		}
	}
	return s.ends(".tsv", ".jsonl", ".json") && named > 0 && named >= len(s.lines)-1
}

func (t *speechTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	o, s := &c.Origin.Speech, &c.Speech
	f.StringVar(&o.Manifest, t.data(), o.Manifest, "manifest of recordings with their texts: .tsv or .jsonl")
	manifestFlags(f, o)
	f.StringVar(&s.Decoder, "decoder", s.Decoder, "what is made of the layers' outputs: "+oneOf(models.Decoders()))
	f.IntVar(&s.SampleRate, "sample-rate", s.SampleRate,
		"samples a second that are heard; 0 for that of the recordings, 16000 at most")
	f.IntVar(&s.Mels, "mels", s.Mels, "bands of the log-mel energies")
	f.IntVar(&s.FrameLength, "frame-length", s.FrameLength, "milliseconds of a frame's window")
	f.IntVar(&s.FrameShift, "frame-shift", s.FrameShift, "milliseconds from one frame to the next")
	f.StringVar(&s.Normalise, "normalise", s.Normalise, "by what features are normalised: "+oneOf(models.Normalisations()))
	f.Float64Var(&s.Range, "range", s.Range,
		"decibels below the loudest band of a recording that are heard, such as 30; with --normalise recording")
	f.IntVar(&s.Subsample, "subsample", s.Subsample, "frames that convolutions make one step of: 1, 2, 4 or 8")
	f.IntVar(&s.Chunk, "chunk", s.Chunk,
		"steps of a chunk, in which layers that read in both directions follow a stream; 0 for whole recordings")
	f.IntVar(&s.LookAhead, "look-ahead", s.LookAhead,
		"steps that are known ahead by layers that read --one-way, or by a --chunk; each is --subsample frames")
	f.IntVar(&s.TimeMasks, "time-masks", s.TimeMasks, "stretches of time that training hides in each recording")
	f.IntVar(&s.FrequencyMasks, "frequency-masks", s.FrequencyMasks, "bands of frequency that training hides")
	f.Float64Var(&s.Speed, "speed", s.Speed, "share by which training plays recordings slower or faster, such as 0.1")
	f.Float64Var(&s.Warp, "warp", s.Warp, "share by which training shifts the frequencies of voices down or up, such as 0.15")
	f.Float64Var(&s.Noise, "noise", s.Noise, "decibels below a recording, or up to 20 more, at which training adds white noise; 0 for none")
	partFlags(f, &c.Origin)
}

// manifestFlags are those that say how a manifest is read.
func manifestFlags(f *pflag.FlagSet, o *models.SpeechOrigin) {
	f.StringVar(&o.AudioColumn, "audio-column", o.AudioColumn, "a manifest's column of the paths; found by its name unless given")
	f.StringVar(&o.TranscriptColumn, "transcript-column", o.TranscriptColumn, "its column of the texts; found by its name unless given")
}

func (t *speechTask) check(c models.Config) error {
	if p := c.Origin.TestPart; !(p >= 0 && p <= 0.5) {
		return bad("TestPart", "%g; want 0 to 0.5", p)
	}
	return nil
}

func (t *speechTask) inputs(c models.Config) []string {
	return []string{c.Origin.Speech.Manifest, c.Origin.ValidFile, c.Origin.TestFile}
}

func (t *speechTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "manifest of recordings to judge a recogniser by")
	manifestFlags(f, &t.columns)
	t.how.flags(f)
}

func (t *speechTask) eval(cmd *cobra.Command, m models.Model) (report, error) {
	how, err := t.how.transcribing(cmd.Flags())
	if err != nil {
		return nil, err
	}
	return evalRecogniser(cmd.Context(), m.(*models.Recogniser), t.judged, t.columns, how)
}

func (t *speechTask) predictFlags(f *pflag.FlagSet) {
	t.how.flags(f)
	t.parting.flags(f)
}

func (t *speechTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	how, err := t.how.transcribing(cmd.Flags())
	if err != nil {
		return err
	}
	if err := t.parting.check(args); err != nil {
		return err
	}
	return predictSpeech(cmd, m.(*models.Recogniser), args, how, &t.parting)
}

func (t *speechTask) plotFlags(f *pflag.FlagSet) {
	f.StringVar(&t.drawn, "spectrogram", "", "recording to draw as a recogniser hears it, with the words that it writes below")
}

func (t *speechTask) picture(m models.Model) (*chart.Picture, error) {
	if t.drawn == "" {
		return nil, nil
	}
	return spectrogram(context.Background(), m.(*models.Recogniser), t.drawn)
}

func (t *speechTask) about(a *account, c models.Config) {
	if size, ok := a.takeCharacters("tokens"); ok {
		a.say("vocabulary", "%s", count(size, "token", "tokens")+" and the blank")
	}
	var labels []string
	if a.take("labels", &labels) {
		a.say("labels", "%d: %s", len(labels), strings.Join(labels, ", "))
	}
	var statistics struct{ Count int }
	if a.take("statistics", &statistics) {
		a.say("heard", "%s, of which features have their mean and deviation", count(statistics.Count, "frame", "frames"))
	}
	if o := c.Origin.Speech; o.Manifest != "" {
		a.say("recordings", "%s", o.Manifest)
	}
}

// takeCharacters takes the entry of a vocabulary, of which it tells the size.
func (a *account) takeCharacters(key string) (size int, ok bool) {
	var v struct {
		Tokens []json.RawMessage `json:"tokens"`
		Model  struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	ok = a.take(key, &v)
	return max(len(v.Tokens), len(v.Model.Vocab)), ok
}
