package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
)

// Entries of a recogniser's metadata; what it hears stands under tokensKey or labelsKey.
const (
	recogniserKey = "recogniser" // the configuration
	statisticsKey = "statistics" // mean and variance of the features
)

func recogniserDefaults() Config {
	return Config{
		Tokens: datasets.Character, Vocabulary: 500, Cell: "gru", Layers: 2, Hidden: 96, Embed: 64, Dropout: 0.2, Pool: "mean",
		Batch: 16, Optimizer: "adamw", Rate: 0.003, Clip: 5, Epochs: 30, Patience: 8, Seed: 1,
		Speech: SpeechConfig{Decoder: DecoderCTC, Mels: 40, FrameLength: 25, FrameShift: 10, Normalise: NormaliseCorpus, Subsample: 4,
			TimeMasks: 2, FrequencyMasks: 2},
		Origin: Origin{TestPart: 0.1},
	}
}

// recogniserKind is the row of the recogniser in the table of kinds.
func recogniserKind() spec {
	return spec{
		title: "recogniser of speech", maker: "NewRecogniser", keys: []string{recogniserKey, statisticsKey},
		tokens:   []string{datasets.Character, BytePairs},
		defaults: recogniserDefaults(),
		lacks: []lack{
			{"Adaptive", "a recogniser has few tokens"},
			{"Seq", "a recogniser hears whole recordings"},
			{"ClassWeights", "recordings count as they come"},
		},
		network: []string{"Speech.Decoder", "Speech.SampleRate", "Speech.Mels", "Speech.FrameLength", "Speech.FrameShift",
			"Speech.Normalise", "Speech.Range", "Speech.Subsample", "Speech.Chunk", "Speech.LookAhead"},
		complete: func(c *Config) { c.Speech = c.Speech.complete() },
		check:    Config.checkSpeech,
		fields:   func() fileFields { return new(recogniserFields) },
		contents: func() contents { return new(recogniserContents) },
		words:    recogniserWords,
	}
}

func recogniserWords(c Config, cell string) string {
	s := c.Speech
	ways := "both directions"
	if c.OneWay {
		ways = "forward"
	}
	switch {
	case s.Chunk > 0:
		ways = fmt.Sprintf("both directions in chunks of %d steps with %d ahead", s.Chunk, s.LookAhead)
	case s.LookAhead > 0:
		ways = fmt.Sprintf("forward with %d steps ahead", s.LookAhead)
	}
	decoder := strings.ToUpper(s.Decoder)
	switch s.Decoder {
	case DecoderTransducer:
		decoder = fmt.Sprintf("transducer, embedding %d", c.Embed)
	case DecoderLabel:
		decoder = "a label by " + c.Pool + " over time"
	}
	what := fmt.Sprintf("%d mels, %d ms every %d ms, 1 step of %d; %d x %s, %s, hidden %d; %s",
		s.Mels, s.FrameLength, s.FrameShift, s.Subsample, c.Layers, cell, ways, c.Hidden, decoder)
	if s.SampleRate > 0 {
		what = fmt.Sprintf("%d Hz, %s", s.SampleRate, what)
	}
	return what
}

// recogniserFields are the configuration of a recogniser as files have it, in this order.
type recogniserFields struct {
	originFields
	Manifest         string `json:"manifest"`
	AudioColumn      string `json:"audio_column,omitempty"`
	TranscriptColumn string `json:"transcript_column,omitempty"`
	partFields
	tokenFields
	Decoder        string  `json:"decoder"`
	SampleRate     int     `json:"sample_rate"`
	Mels           int     `json:"mels"`
	FrameLength    int     `json:"frame_length_ms"`
	FrameShift     int     `json:"frame_shift_ms"`
	Normalise      string  `json:"normalise"`
	Range          float64 `json:"range,omitempty"`
	Subsample      int     `json:"subsample"`
	Chunk          int     `json:"chunk,omitempty"`
	LookAhead      int     `json:"look_ahead,omitempty"`
	TimeMasks      int     `json:"time_masks"`
	FrequencyMasks int     `json:"frequency_masks"`
	Speed          float64 `json:"speed"`
	Warp           float64 `json:"warp,omitempty"`
	Noise          float64 `json:"noise,omitempty"`
	networkSizes
	OneWay bool   `json:"one_way"`
	Pool   string `json:"pool"`
	runFields
}

func (f *recogniserFields) set(c Config) {
	f.originFields.set(c)
	f.partFields.set(c)
	f.tokenFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
	o, s := c.Origin.Speech, c.Speech
	f.Manifest, f.AudioColumn, f.TranscriptColumn = o.Manifest, o.AudioColumn, o.TranscriptColumn
	f.Decoder, f.SampleRate, f.Mels, f.FrameLength, f.FrameShift = s.Decoder, s.SampleRate, s.Mels, s.FrameLength, s.FrameShift
	f.Normalise, f.Range, f.Subsample, f.Chunk, f.LookAhead = s.Normalise, s.Range, s.Subsample, s.Chunk, s.LookAhead
	f.TimeMasks, f.FrequencyMasks, f.Speed, f.Warp, f.Noise = s.TimeMasks, s.FrequencyMasks, s.Speed, s.Warp, s.Noise
	f.OneWay, f.Pool = c.OneWay, c.Pool
}

func (f *recogniserFields) config() Config {
	c := Config{OneWay: f.OneWay, Pool: f.Pool, Speech: SpeechConfig{f.Decoder, f.SampleRate, f.Mels, f.FrameLength, f.FrameShift,
		f.Normalise, f.Range, f.Subsample, f.Chunk, f.LookAhead, f.TimeMasks, f.FrequencyMasks, f.Speed, f.Warp, f.Noise}}
	f.originFields.into(&c)
	f.partFields.into(&c)
	f.tokenFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	c.Origin.Speech = SpeechOrigin{f.Manifest, f.AudioColumn, f.TranscriptColumn}
	return c
}

// recogniserContents is what a recogniser's file has beside its configuration.
type recogniserContents struct {
	statistics *audio.Statistics  // of the features
	tokens     datasets.Tokenizer // nil where recordings have a label
	labels     []string           // in order
}

func (l *recogniserContents) read(path string, metadata map[string]string, c Config) error {
	l.statistics = new(audio.Statistics)
	if err := decodeEntry(path, metadata, statisticsKey, l.statistics); err != nil {
		return err
	}
	switch {
	case !slices.Contains(Decoders(), c.Speech.Decoder): // the check of the configuration says so
		return nil
	case c.Speech.Decoder == DecoderLabel:
		return decodeEntry(path, metadata, labelsKey, &l.labels)
	}
	var err error
	l.tokens, err = readTokens(path, metadata, tokensKey, c)
	return err
}

func (l *recogniserContents) check(c Config) error {
	s := l.statistics
	if c.Speech.SampleRate == 0 {
		return errors.New("its configuration has sample_rate 0; want that of its sounds")
	}
	if len(s.Sums) != c.Speech.Mels || len(s.Squares) != c.Speech.Mels || s.Count < 1 {
		return errors.Errorf("its statistics are of %d and %d features, over %d frames; want %d mels",
			len(s.Sums), len(s.Squares), s.Count, c.Speech.Mels)
	}
	for i, v := range s.Sums {
		if v-v != 0 || s.Squares[i]-s.Squares[i] != 0 || s.Squares[i] < 0 || math.Abs(v) > 1e300 {
			return errors.Errorf("its statistics of feature %d are %g and %g; want finite numbers, the second 0 or more", i, v, s.Squares[i])
		}
	}
	if c.Speech.Decoder == DecoderLabel {
		return checkLabels(l.labels)
	}
	if l.tokens.Len() < 1 {
		return errors.New("it has no tokens")
	}
	return nil
}

// count is the number of labels: of tokens, or of the labels of recordings.
func (l *recogniserContents) count() int {
	if l.tokens == nil {
		return len(l.labels)
	}
	return l.tokens.Len()
}

func (l *recogniserContents) network(c Config) (network, error) {
	return recogniserNetwork(c, l.count())
}

func (l *recogniserContents) model(c Config) (built, error) {
	m, err := newRecogniser(c, l)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *Recogniser) metadata() (map[string]string, error) {
	own := map[string]any{statisticsKey: m.own.statistics}
	if m.own.tokens == nil {
		own[labelsKey] = m.own.labels
	} else {
		own[tokensKey] = m.own.tokens
	}
	return recogniserKind().metadata(m.config, own)
}
