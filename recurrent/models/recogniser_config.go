package models

import (
	"slices"

	"github.com/unroll-go/unroll/datasets/audio"
)

// SpeechConfig is what a Config has for a Recogniser alone. What is zero and cannot be takes the value of Defaults.
type SpeechConfig struct {
	// Decoder says what is made of the encoder's outputs: one of Decoders.
	Decoder string
	// SampleRate is that at which sounds are heard, in samples a second; others are resampled. 0 is for that of the recordings to
	// train on, or 16,000 if theirs is higher.
	SampleRate  int
	Mels        int    // bands of the log-mel energies, the features of a frame
	FrameLength int    // of the window of a frame, in milliseconds
	FrameShift  int    // from one frame to the next, in milliseconds
	Normalise   string // the mean and deviation of features: one of Normalisations
	// Range limits the energies of a recording to so many decibels below the loudest of them, so that the noise of rooms and microphones
	// does not tell recordings apart, see audio.Features.Limit; 0 does not. It goes with NormaliseRecording.
	Range float64
	// Subsample is how many frames become one step of the recurrent layers: 1, 2, 4 or 8, by as many convolutions that halve them.
	Subsample int
	// Chunk, if it is not 0, has layers that read in both directions follow a stream: the backward direction reads as many steps of
	// the recurrent layers at a time, and LookAhead behind them, see recurrent.LatencyControlled.
	Chunk int
	// LookAhead is how many steps of the recurrent layers are known ahead, by each of them where they read forward alone, or by a
	// Chunk: what is heard comes as much later.
	LookAhead int

	// While training, to see more than there is: so many stretches of time and bands of frequency are hidden, see
	// audio.SpecAugment, each recording is played as it is, or by the share Speed slower or faster, and it is heard as of another throat,
	// whose frequencies are up to the share Warp lower or higher, and in white noise of Noise decibels below it or up to 20 more, see
	// audio.Batching.
	TimeMasks, FrequencyMasks int
	Speed, Warp, Noise        float64
}

// SpeechOrigin tells which manifest a Recogniser was trained on, and its columns.
type SpeechOrigin struct {
	Manifest         string
	AudioColumn      string
	TranscriptColumn string
}

// What a Recogniser makes of the encoder's outputs.
const (
	DecoderCTC        = "ctc"        // a label or the blank at every step, see losses.CTC
	DecoderTransducer = "transducer" // labels that depend on those before, see recurrent.Transducer
	DecoderLabel      = "label"      // one label for a whole recording: keyword spotting
)

// Decoders are the values of SpeechConfig.Decoder.
func Decoders() []string { return []string{DecoderCTC, DecoderTransducer, DecoderLabel} }

// Ways to normalise features.
const (
	NormaliseCorpus    = "corpus"    // by the recordings to train on: the same for all, so that a stream can be heard
	NormaliseRecording = "recording" // each recording by itself, which takes the colour of a microphone away
)

// Normalisations are the values of SpeechConfig.Normalise.
func Normalisations() []string { return []string{NormaliseCorpus, NormaliseRecording} }

// mostAhead is how many steps a model can look ahead.
const mostAhead = 1000

// highestRate is the sampling rate of models that choose it themselves: more is of no use for speech.
const highestRate = 16000

// complete fills in what is zero and cannot be.
func (c SpeechConfig) complete() SpeechConfig {
	d := recogniserDefaults().Speech
	for _, f := range []struct {
		field *int
		value int
	}{{&c.Mels, d.Mels}, {&c.FrameLength, d.FrameLength}, {&c.FrameShift, d.FrameShift}, {&c.Subsample, d.Subsample}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if c.Decoder == "" {
		c.Decoder = d.Decoder
	}
	if c.Normalise == "" {
		c.Normalise = d.Normalise
	}
	return c
}

// checkSpeech refuses what is wrong with the fields of a recogniser.
func (c Config) checkSpeech() error {
	s := c.Speech
	for _, v := range []struct {
		field, value string
		known        []string
	}{{"Speech.Decoder", s.Decoder, Decoders()}, {"Speech.Normalise", s.Normalise, Normalisations()}} {
		if !slices.Contains(v.known, v.value) {
			return wrong(v.field, "%q; want %s", v.value, oneOf(v.known))
		}
	}
	for _, v := range []struct {
		field              string
		value, least, most int
	}{
		{"Speech.SampleRate", s.SampleRate, 0, 192000}, {"Speech.Mels", s.Mels, 1, 512},
		{"Speech.FrameLength", s.FrameLength, 1, 1000}, {"Speech.FrameShift", s.FrameShift, 1, 1000},
		{"Speech.Chunk", s.Chunk, 0, mostAhead}, {"Speech.LookAhead", s.LookAhead, 0, mostAhead},
		{"Speech.TimeMasks", s.TimeMasks, 0, 100}, {"Speech.FrequencyMasks", s.FrequencyMasks, 0, 100},
	} {
		if v.value < v.least || v.value > v.most {
			return wrong(v.field, "%d; want %d to %d", v.value, v.least, v.most)
		}
	}
	switch {
	case s.SampleRate > 0 && s.SampleRate < 1000:
		return wrong("Speech.SampleRate", "%d; want at least 1000, or 0 for that of the recordings", s.SampleRate)
	case !slices.Contains([]int{1, 2, 4, 8}, s.Subsample):
		return wrong("Speech.Subsample", "%d; want 1, 2, 4 or 8", s.Subsample)
	case !(s.Speed >= 0 && s.Speed <= 0.5):
		return wrong("Speech.Speed", "%g; want 0 to 0.5", s.Speed)
	case !(s.Warp >= 0 && s.Warp <= 0.5):
		return wrong("Speech.Warp", "%g; want 0 to 0.5", s.Warp)
	case !(s.Noise >= 0 && s.Noise <= 100):
		return wrong("Speech.Noise", "%g; want 0 to 100", s.Noise)
	case s.Range != 0 && !(s.Range >= 10 && s.Range <= 200):
		return wrong("Speech.Range", "%g; want 10 to 200 decibels, or 0", s.Range)
	case s.Range != 0 && s.Normalise != NormaliseRecording:
		return wrong("Speech.Range", "%g; want 0, or Normalise %q: the loudest of a recording is known when it is over",
			s.Range, NormaliseRecording)
	case s.Chunk > 0 && c.OneWay:
		return wrong("Speech.Chunk", "%d; want 0 with OneWay: chunks are for layers that read in both directions", s.Chunk)
	case s.Chunk > 0 && s.Decoder == DecoderLabel:
		return wrong("Speech.Chunk", "%d; want 0 with the decoder %s, which hears a recording as a whole", s.Chunk, s.Decoder)
	case s.LookAhead > 0 && !c.OneWay && s.Chunk == 0:
		return wrong("Speech.LookAhead", "%d; want 0, or OneWay, or a Chunk: layers that read in both directions know all that comes",
			s.LookAhead)
	case c.streams() && s.Normalise == NormaliseRecording && s.Decoder != DecoderLabel:
		return wrong("Speech.Normalise", "%q; want %q: layers that read forward, or chunks, hear a recording before it is over",
			s.Normalise, NormaliseCorpus)
	case c.Optimizer == sparseAdam:
		return wrong("Optimizer", "%q; want another: there is no embedding", c.Optimizer)
	}
	_, err := poolingOf(c.Pool)
	return err
}

// streams tells whether a recogniser hears sound as it comes.
func (c Config) streams() bool { return c.OneWay || c.Speech.Chunk > 0 }

// features are those of a frame. Frames have no padding, so that a stream has those of the whole.
func (c SpeechConfig) features() audio.Features {
	f := audio.LogMel(c.SampleRate)
	f.Length, f.Hop = max(c.SampleRate*c.FrameLength/1000, 1), max(c.SampleRate*c.FrameShift/1000, 1)
	for f.FFT = 2; f.FFT < f.Length; {
		f.FFT *= 2
	}
	f.Filters = c.Mels
	return f
}

// normalise makes a recording, or a piece of one, what the layers read. Statistics are those of the recordings to train on.
func (c SpeechConfig) normalise(f *audio.Frames, stats *audio.Statistics) error {
	if c.Range != 0 {
		if err := c.features().Limit(f, c.Range); err != nil {
			return err
		}
	}
	if c.Normalise == NormaliseRecording {
		return f.Normalise(true)
	}
	return stats.Apply(f, true)
}

// recordingBatches is how recordings become batches, of fit to train on or of others.
func (c Config) recordingBatches(stats *audio.Statistics, fit bool) audio.Batching {
	s := c.Speech
	b := audio.Batching{Features: s.features(), Size: c.Batch, Seconds: mostBatchSeconds, Shuffle: fit, Seed: c.Seed,
		RoundTo: roundFrames * s.Subsample, RoundTargets: roundTargets, Range: s.Range}
	switch s.Normalise {
	case NormaliseRecording:
		b.Normalise = true
	default:
		b.Statistics = stats
	}
	if !fit {
		return b
	}
	b.Augment = audio.SpecAugment{TimeMasks: s.TimeMasks, TimeWidth: 250 / s.FrameShift, TimeShare: 0.2,
		FrequencyMasks: s.FrequencyMasks, FrequencyWidth: max(s.Mels/5, 1)}
	if s.Speed > 0 {
		b.Speeds = []float64{1 - s.Speed, 1, 1 + s.Speed}
	}
	b.Warp, b.Noise = s.Warp, s.Noise
	return b
}

// Sizes of a batch are rounded up to multiples of these, so that few shapes occur, each of which is compiled: steps behind the
// convolutions, and labels.
const (
	roundFrames      = 16
	roundTargets     = 16
	mostBatchSeconds = 2000
)

// steps is how many steps the recurrent layers make of some frames: the last one may have fewer than the others.
func (c SpeechConfig) steps(frames int) int { return (frames + c.Subsample - 1) / c.Subsample }

// stepSeconds is the time from one step to the next.
func (c SpeechConfig) stepSeconds() float64 {
	return float64(c.Subsample) * float64(c.features().Hop) / float64(c.SampleRate)
}
