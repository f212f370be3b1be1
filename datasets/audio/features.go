package audio

// What a frame holds.
const (
	KindSpectrum = "spectrum" // magnitudes to the power of Power, FFT/2+1 of them
	KindMel      = "mel"      // these in Filters bands
	KindLogMel   = "log-mel"  // the logarithm of these
	KindMFCC     = "mfcc"     // Coefficients of the cosine transform of these (Davis and Mermelstein, 1980)
)

// How frames lie over the samples.
const (
	// PadReflect centres frame t at sample t·Hop, with the sound mirrored beyond its ends: 1 + T/Hop frames. It is what
	// torch.stft does. The sound must be longer than half of FFT.
	PadReflect = "reflect"
	PadZero    = "zero" // as PadReflect, with silence beyond the ends: what librosa does
	// PadNone begins frame t at sample t·Hop and has only frames that fit: 1 + (T-Length)/Hop, or none, as Kaldi does with
	// snip-edges. Without Aligned, FFT counts in place of Length.
	PadNone = "none"
	// PadKaldi centres frame t at sample (t+1/2)·Hop, with the sound mirrored as often as it takes, as Kaldi does without
	// snip-edges: (T+Hop/2)/Hop frames.
	PadKaldi = "kaldi"
)

// Logarithms.
const (
	Natural = "ln"
	Decibel = "dB" // 10 log10
)

// Energies of a frame beside its features.
const (
	EnergyNone    = ""
	EnergyAppend  = "append"  // the natural logarithm of the frame's energy comes first, before the features
	EnergyReplace = "replace" // it takes the place of the first feature
)

// Features says how one channel becomes frames. Every field means what it says, zeros too: begin with LogMel, MFCC, KaldiFbank
// or KaldiMFCC, and change what is to be different.
type Features struct {
	Kind string
	Rate int // samples a second; sounds of another rate are refused

	Length    int    // samples in a window
	Hop       int    // samples from one frame to the next
	FFT       int    // points of the transform; Length at least. The samples beyond Length are zeros
	Window    string // such as Hann
	Symmetric bool   // see Window
	Padding   string
	// Aligned puts the window at the beginning of the FFT points, as Kaldi does. Otherwise it is in their middle.
	Aligned bool

	Gain        float64 // the samples are multiplied by it; Kaldi expects 16 bits, 32768. 0 is 1
	Dither      float64 // standard deviation of noise that is added to each frame, after Gain; 0, as is usual: none
	Seed        uint64  // of that noise
	RemoveMean  bool    // of each frame
	PreEmphasis float64 // y[t] = x[t] - PreEmphasis x[t-1], which lifts high frequencies; 0.97 is usual
	// FramePreEmphasis applies it in each frame, and takes the first sample for the one before it, as Kaldi does.
	FramePreEmphasis bool

	Power float64 // 2, of energies, or 1

	Filters        int     // bands
	Low            float64 // Hz, where the first filter begins
	High           float64 // Hz, where the last ends; 0 and less: so much below half of Rate
	Scale          string  // HTK or Slaney
	EqualArea      bool    // divides each filter by its width, as Slaney does
	PitchTriangles bool    // filters are triangles over the pitch, as Kaldi has them, instead of over the frequency
	// Warp moves the filters so many times as high, as if another throat spoke, shorter or longer; 0 leaves them where they are.
	// Batching.Warp draws it. See Jaitly and Hinton, 2013, "Vocal Tract Length Perturbation".
	Warp float64

	Log    string  // Natural or Decibel
	Floor  float64 // what is less counts as so much, before the logarithm
	Offset float64 // is added before the logarithm; torchaudio's log-mel has 1e-6

	Coefficients int     // of an MFCC
	Lifter       float64 // weighs them; 0 does not. 22 is Kaldi's
	LifterFrom   int     // 0 as Kaldi, 1 as librosa; see the formula there

	Energy      string  // EnergyNone, EnergyAppend or EnergyReplace
	RawEnergy   bool    // before pre-emphasis and window
	EnergyFloor float64 // a lower energy counts as so much; 0: as the precision of float32. Kaldi's default is 1
}

// LogMel is 80 bands of log-mel energies every 10 ms, of windows of 25 ms: what most recognisers are fed.
func LogMel(rate int) Features {
	length := max(1, rate/40)
	return Features{Kind: KindLogMel, Rate: rate, Length: length, Hop: max(1, rate/100), FFT: nextPower(length), Window: Hann,
		Padding: PadNone, Aligned: true, Power: 2, Filters: 80, Scale: HTK, Log: Natural, Floor: 1e-10}
}

// MFCC is 13 cepstral coefficients of 40 bands, with windows as LogMel's.
func MFCC(rate int) Features {
	f := LogMel(rate)
	f.Kind, f.Filters, f.Coefficients = KindMFCC, 40, 13
	return f
}

// KaldiFbank is Kaldi's compute-fbank-feats as it is by default, without dither: 23 bands, Povey's window, pre-emphasis.
// torchaudio.compliance.kaldi.fbank gives the same; for samples of 16 bits, as Kaldi reads them, set Gain to 32768.
func KaldiFbank(rate int) Features {
	length := max(1, rate/40)
	return Features{Kind: KindLogMel, Rate: rate, Length: length, Hop: max(1, rate/100), FFT: nextPower(length), Window: Povey,
		Symmetric: true, Padding: PadNone, Aligned: true, RemoveMean: true, PreEmphasis: 0.97, FramePreEmphasis: true, Power: 2,
		Filters: 23, Low: 20, Scale: HTK, PitchTriangles: true, Log: Natural, Floor: epsilon32, RawEnergy: true}
}

// KaldiMFCC is Kaldi's compute-mfcc-feats as torchaudio.compliance.kaldi.mfcc has it by default: 13 coefficients, no energy.
func KaldiMFCC(rate int) Features {
	f := KaldiFbank(rate)
	f.Kind, f.Coefficients, f.Lifter = KindMFCC, 13, 22
	return f
}

// Width is the number of features of a frame, F.
func (f Features) Width() int {
	n := f.Filters
	switch f.Kind {
	case KindSpectrum:
		n = f.FFT/2 + 1
	case KindMFCC:
		n = f.Coefficients
	}
	if f.Energy == EnergyAppend {
		n++
	}
	return n
}
