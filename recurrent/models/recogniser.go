package models

import (
	"runtime"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/parallel"
	"gorgonia.org/tensor"
)

// Recogniser writes down what is said in recordings: log-mel energies, convolutions that make one step of several frames, recurrent
// layers in both directions or one, and CTC or a transducer. It may also say which of some labels a recording has, to spot keywords.
// One that reads forward alone can hear a recording that is still going on, see Stream.
type Recogniser struct {
	core
	own     *recogniserContents
	hearing lender[*hearing] // of those that read forward
}

// NewRecogniser returns a recogniser of the tokens, or the labels, that the texts of the recordings have. It hears all of them once,
// to measure their features, which are normalised as in these. It is to be trained, see Fit.
func NewRecogniser(c Config, r Recordings) (*Recogniser, error) {
	c, err := c.forRecordings(r)
	if err != nil {
		return nil, err
	}
	own := &recogniserContents{}
	if own.statistics, err = heardStatistics(c.Speech.features(), r); err != nil {
		return nil, err
	}
	if c.Speech.Decoder == DecoderLabel {
		own.labels = distinct(r.Texts())
		if len(own.labels) < 2 {
			return nil, errors.Errorf("models: the labels are %q; want two at least", own.labels)
		}
		return newRecogniser(c, own)
	}
	if own.tokens, err = tokensOf(c, r.Texts()); err != nil {
		return nil, err
	}
	return newRecogniser(c, own)
}

// NewRecogniserOf is NewRecogniser with the tokens, or the labels, and the measures of a recogniser that is there.
func NewRecogniserOf(c Config, of *Recogniser, r Recordings) (*Recogniser, error) {
	if of == nil {
		return nil, errors.New("models: NewRecogniserOf: there is no recogniser to take the tokens of")
	}
	if err := of.made(); err != nil {
		return nil, err
	}
	c.Speech.SampleRate = of.config.Speech.SampleRate
	c, err := c.forRecordings(r)
	if err != nil {
		return nil, err
	}
	if has := of.config.Speech; (has.Decoder == DecoderLabel) != (c.Speech.Decoder == DecoderLabel) || has.Mels != c.Speech.Mels {
		return nil, wrong("Speech", "decoder %s and %d mels; want those of the recogniser to begin with, %s and %d",
			c.Speech.Decoder, c.Speech.Mels, has.Decoder, has.Mels)
	}
	own := *of.own
	return newRecogniser(c, &own)
}

// forRecordings completes and checks the configuration of a recogniser of recordings.
func (c Config) forRecordings(r Recordings) (Config, error) {
	c = c.complete(KindRecogniser)
	if err := c.Check(KindRecogniser); err != nil {
		return c, err
	}
	if r.Len() == 0 {
		return c, errors.New("models: there are no recordings to train on")
	}
	if c.Speech.SampleRate > 0 {
		return c, nil
	}
	c.Speech.SampleRate = highestRate
	for i, clip := range r.Clips {
		s, err := audio.OpenStream(clip.Path)
		if err != nil {
			return c, errors.Wrap(err, r.Place(i))
		}
		c.Speech.SampleRate = min(c.Speech.SampleRate, s.Rate())
		if err := s.Close(); err != nil {
			return c, err
		}
	}
	return c, c.Check(KindRecogniser)
}

// heardStatistics counts the features of recordings, in their order, some at a time on all processors.
func heardStatistics(f audio.Features, r Recordings) (*audio.Statistics, error) {
	s, some := new(audio.Statistics), make([]*audio.Frames, 16*runtime.GOMAXPROCS(0))
	for from := 0; from < r.Len(); from += len(some) {
		n := min(len(some), r.Len()-from)
		err := parallel.Do(n, func(i int) (err error) {
			some[i], _, err = r.Cache.Hear(f, r.Clips[from+i].Path)
			return errors.Wrap(err, r.Place(from+i))
		})
		if err != nil {
			return nil, err
		}
		for i, frames := range some[:n] {
			if err := s.Add(frames); err != nil {
				return nil, errors.Wrapf(err, "%s: %s", r.Place(from+i), r.Clips[from+i].Path)
			}
		}
	}
	if s.Count == 0 {
		return nil, errors.Errorf("models: %s: all recordings are shorter than a window, of %d samples", r.Name, f.Length)
	}
	return s, nil
}

func newRecogniser(c Config, own *recogniserContents) (*Recogniser, error) {
	net, err := own.network(c)
	if err != nil {
		return nil, err
	}
	s := c.Speech
	w := wholeOf(net)
	w.inputs = []*tensor.Dense{graph.Floats(make([]float32, s.Subsample*s.Mels), s.Subsample, 1, s.Mels), graph.Ints([]int{1})}
	m := &Recogniser{core: newCore(c, net, w), own: own}
	m.lend(m.Encoder)
	m.hearing.make, m.onnx = m.newHearing, m.onnxFile
	return m, nil
}

// Kind is KindRecogniser.
func (m *Recogniser) Kind() Kind { return KindRecogniser }

// Tokenizer is that of the texts; nil if recordings have a label.
func (m *Recogniser) Tokenizer() datasets.Tokenizer {
	if m.made() != nil {
		return nil
	}
	return m.own.tokens
}

// Labels are those that recordings may have, in order; nil if the model writes texts.
func (m *Recogniser) Labels() []string {
	if m.made() != nil {
		return nil
	}
	return slices.Clone(m.own.labels)
}

// Blank is the number of the class that stands for no label: the last one.
func (m *Recogniser) Blank() int {
	if m.made() != nil {
		return 0
	}
	return m.own.count()
}

// Features are those of the frames that the model hears, before they are normalised.
func (m *Recogniser) Features() audio.Features { return m.config.Speech.features() }

// With is the model with another configuration of its training, which must describe the same network. The weights are copied.
func (m *Recogniser) With(c Config) (*Recogniser, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindRecogniser); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindRecogniser, c); err != nil {
		return nil, err
	}
	own := *m.own
	out, err := newRecogniser(c, &own)
	if err != nil {
		return nil, err
	}
	return out, out.inherit(&m.core)
}

// Loss returns a new function over the model's weights: frames [T, B, F], T a multiple of Speech.Subsample, the numbers of steps that
// are made of them [B], the ids of the texts' tokens [B, U] and their numbers [B] map to the mean loss: of CTC for each token, of a
// transducer for each recording. Of a model of labels, the last two are the numbers of the labels [B].
func (m *Recogniser) Loss() *graph.Func {
	want := 4
	if m.config.Speech.Decoder == DecoderLabel {
		want = 3
	}
	return manyShapes(m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != want {
			return []graph.Node{g.Failf("Recogniser", "%d inputs; want %d: frames, numbers of steps, and targets", len(in), want)}
		}
		f := flow{x: in[0], lengths: in[1], targets: in[2]}
		if want == 4 {
			f.labels = in[3]
		}
		return []graph.Node{m.net.build(g, f).loss}
	}))
}

// Encoder returns a new function over the model's weights: frames [T, B, F], normalised, T a multiple of Speech.Subsample, and the
// numbers of steps [B] that are made of them map to logits [T/Subsample, B, tokens and blank], of a transducer to what its joint
// layer reads, and of a model of labels to logits [B, labels].
func (m *Recogniser) Encoder() *graph.Func { return manyShapes(m.function(m.whole.build)) }

func (m *Recogniser) onnxFile() onnxFile {
	output := "logits"
	if m.config.Speech.Decoder == DecoderTransducer {
		output = "encoded"
	}
	in := []port{rows("frames", m.config.Speech.Mels), lengthsOf("lengths", "batch")}
	return onnxFile{build: m.whole.build, inputs: in, outputs: []string{output}}
}

// rows of the head are those of tokens, or of labels.
func (m *Recogniser) rows() map[string]meanings {
	if m.own.tokens == nil {
		return map[string]meanings{headScope + ".": {rows: m.own.labels}}
	}
	of := meanings{rows: append(tokensIn(m.own.tokens), blankName)}
	return map[string]meanings{headScope + ".": of, embeddingScope + ".": of}
}

// blankName stands for the blank among the rows of weights. No token is called so.
const blankName = "\x00blank"

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or not at all.
func (m *Recogniser) Save(path string) error { return m.save(path, m.metadata) }

// SetWeightFormat chooses how the model reads its weights from now on when it hears, see graph.WeightFormat.
func (m *Recogniser) SetWeightFormat(w graph.WeightFormat) error {
	err := m.core.SetWeightFormat(w)
	m.hearing.recall()
	return err
}

// Export writes the model for another framework, see Formats: of a transducer, the encoder alone. Keras lacks what it takes.
func (m *Recogniser) Export(path string) error { return m.core.Export(path) }
