package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/recurrent"
)

// Config describes a model and how it is trained. NewLanguageModel and NewClassifier take the value of Defaults for a
// field that is zero and cannot be; dropout, clipping and patience that are zero are none. A file carries it.
type Config struct {
	Tokens     string // what a token is: "character" or "word"; for a classifier also "bpe"
	Vocabulary int    // limit of the number of words or byte pairs

	Cell    string  // one of Cells
	Layers  int     // stacked layers
	Hidden  int     // width of the hidden state
	Heads   int     // of slstm and of cells with matrices, a divisor of Hidden; 0 for 1, and of matrices for 4 or 2 if they divide it
	Embed   int     // width of the embedding
	Dropout float64 // probability of dropping an activation between layers, while training
	OneWay  bool    // a classifier that reads from left to right only
	Pool    string  // what a classifier makes of a text's steps: "last", "max", "mean" or "attention"

	Residual  bool // layers as wide as their input add it to their output, see recurrent.Deep
	LayerNorm bool // layer normalisation in the cells lstm, gru and ligru

	// Rates of dropout that is the same at all steps of a sequence, see recurrent.SequenceDropout: of features of the input, of
	// the hidden state that the next step reads, and of recurrent weights.
	InputDropout, RecurrentDropout, WeightDropout float64
	// Zoneout is the probability that a unit keeps its old value, see recurrent.Zoneout.
	Zoneout float64

	// ClassWeights says how much the labels of a classifier count in the loss: all alike if it is empty, Balanced, or some as
	// in "spam=5,other=1", the others with 1.
	ClassWeights string

	// Adaptive has the cutoffs of a language model's softmax over many words, see nn.AdaptiveHead; nil for a full softmax.
	Adaptive []int

	Seq       int     // time steps of a language model's window: how far gradients reach back
	Batch     int     // sequences in a batch
	Shards    int     // parts of a batch that processors, or processes, compute side by side, see train.Parallel; 0 for none
	Optimizer string  // one of Optimizers
	Rate      float64 // learning rate; a language model's falls to a tenth along a cosine
	Clip      float64 // limit of the gradients' global norm; 0 for none
	Epochs    int     // passes over the data
	Steps     int     // stop after this many steps; 0 for no limit
	Patience  int     // stop after this many epochs without a better validation loss; 0 for never
	Seed      uint64  // of the weights, of dropout and of the order of examples

	// Freeze names the weights that training leaves as they are, as models' files have them: "embedding.weight", "rnn.*", or
	// what stands before a dot, "embedding".
	Freeze    []string
	Tag       TagConfig       // of a tagger
	Sequence  SequenceConfig  // of a SequenceModel
	Forecast  ForecastConfig  // of a Forecaster
	Translate TranslateConfig // of a Translator alone
	Speech    SpeechConfig    // of a Recogniser
	Tune      TuneConfig      // of a model with an adapter, of any kind

	Origin Origin
}

// BytePairs is the kind of token that a classifier has beside those of datasets.Vocabulary.
const BytePairs = "bpe"

// Defaults is the configuration of a model of some kind that the command trains unless told otherwise.
func Defaults(k Kind) Config {
	s, _ := k.spec() // of no kind, nothing
	return s.defaults
}

// complete fills in the fields that are zero and cannot be.
func (c Config) complete(k Kind) Config {
	s, err := k.spec()
	if err != nil {
		return c // Check refuses the kind
	}
	d := s.defaults
	for _, f := range []struct {
		field *int
		value int
	}{
		{&c.Vocabulary, d.Vocabulary}, {&c.Layers, d.Layers}, {&c.Hidden, d.Hidden}, {&c.Embed, d.Embed},
		{&c.Seq, d.Seq}, {&c.Batch, d.Batch}, {&c.Epochs, d.Epochs},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	for _, f := range []struct {
		field *string
		value string
	}{{&c.Tokens, d.Tokens}, {&c.Cell, d.Cell}, {&c.Pool, d.Pool}, {&c.Optimizer, d.Optimizer}} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	if c.Rate == 0 {
		c.Rate = d.Rate
	}
	if s.complete != nil {
		s.complete(&c)
	}
	return c
}

// ConfigError is a field of a Config that makes no sense.
type ConfigError struct {
	Field   string // its name in Config
	Problem string // what was found, and what is wanted
}

func (e *ConfigError) Error() string { return "models: Config." + e.Field + " " + e.Problem }

func wrong(field, format string, args ...any) error {
	return &ConfigError{field, fmt.Sprintf(format, args...)}
}

// most is the limit of whole numbers that only count. Products of two of them do not overflow.
const most = math.MaxInt32

// Check refuses a configuration that cannot work, before anything is read and before memory is taken. The error is a
// *ConfigError, unless there is no such kind.
func (c Config) Check(k Kind) error {
	s, err := k.spec()
	if err != nil {
		return err
	}
	if err := c.checkNumbers(s); err != nil {
		return err
	}
	if s.has("Tokens") && !slices.Contains(s.tokens, c.Tokens) {
		return wrong("Tokens", "%q; want %s", c.Tokens, oneOf(s.tokens))
	}
	switch {
	case !(c.Rate > 0) || math.IsInf(c.Rate, 0):
		return wrong("Rate", "%g; want above 0", c.Rate)
	case !(c.Clip >= 0):
		return wrong("Clip", "%g; want 0 or more", c.Clip)
	}
	if err := s.refuse(c); err != nil {
		return err
	}
	if err := c.checkFreeze(); err != nil {
		return err
	}
	if err := c.checkTune(); err != nil {
		return err
	}
	if err := c.checkCell(); err != nil {
		return err
	}
	if kind, err := cellOf(c.Cell); err == nil && kind.observing != nil && !s.numbers {
		return wrong("Cell", "%q; want another for a %s: it reads numbers, which may be missing", c.Cell, s.title)
	}
	if _, _, err := optimizerOf(c.Optimizer); err != nil {
		return err
	}
	if _, err := c.explicitWeights(); err != nil {
		return err
	}
	if s.check == nil {
		return nil
	}
	return s.check(c)
}

// checkNumbers refuses whole numbers that are too small or too large.
func (c Config) checkNumbers(s spec) error {
	for _, v := range []struct {
		field               string
		value, least, limit int
	}{
		{"Layers", c.Layers, 1, math.MaxInt}, {"Hidden", c.Hidden, 1, math.MaxInt}, {"Embed", c.Embed, 1, math.MaxInt},
		{"Seq", c.Seq, 1, most}, {"Batch", c.Batch, 1, most}, {"Epochs", c.Epochs, 1, most}, {"Shards", c.Shards, 0, most},
		{"Steps", c.Steps, 0, most}, {"Patience", c.Patience, 0, most}, {"Vocabulary", c.Vocabulary, 2, most},
	} {
		if !s.has(v.field) {
			continue
		}
		if v.value < v.least {
			return wrong(v.field, "%d; want at least %d", v.value, v.least)
		}
		if v.value > v.limit {
			return wrong(v.field, "%d; want at most %d", v.value, v.limit)
		}
	}
	if _, err := dense.Size([]int{max(c.Seq, 1), c.Batch}); err != nil {
		return wrong("Batch", "%d, of %d steps each: that is too much for one batch", c.Batch, c.Seq)
	}
	return nil
}

var poolings = []struct {
	name string
	pool recurrent.Pooling
}{{"last", recurrent.PoolLast}, {"max", recurrent.PoolMax}, {"mean", recurrent.PoolMean}, {"attention", recurrent.PoolAttention}}

// Poolings are the names of the ways in which a classifier may pool.
func Poolings() []string {
	out := make([]string, len(poolings))
	for i, p := range poolings {
		out[i] = p.name
	}
	return out
}

func poolingOf(name string) (recurrent.Pooling, error) {
	for _, p := range poolings {
		if p.name == name {
			return p.pool, nil
		}
	}
	return 0, wrong("Pool", "%q; want %s", name, oneOf(Poolings()))
}

// optimizers make an optimiser, and say how many numbers it keeps for each weight.
var optimizers = []struct {
	name   string
	make   func() optim.Optimizer
	copies float64
}{
	{"sgd", func() optim.Optimizer { return &optim.SGD{} }, 0},
	{"momentum", func() optim.Optimizer { return &optim.SGD{Momentum: 0.9, Nesterov: true} }, 1},
	{"rmsprop", func() optim.Optimizer { return &optim.RMSProp{} }, 1},
	{"adam", func() optim.Optimizer { return &optim.Adam{} }, 2},
	{sparseAdam, func() optim.Optimizer { return optim.SparseAdam() }, 2},
	{"adamw", func() optim.Optimizer { return optim.AdamW(0.01) }, 2},
	{"adagrad", func() optim.Optimizer { return &optim.AdaGrad{} }, 1},
}

// sparseAdam goes with an embedding whose gradient is kept by rows.
const sparseAdam = "sparse-adam"

// Optimizers are the names of the optimisers that a Config may have.
func Optimizers() []string {
	out := make([]string, len(optimizers))
	for i, o := range optimizers {
		out[i] = o.name
	}
	return out
}

// optimizerOf makes an optimiser, and returns how many numbers it keeps for each weight.
func optimizerOf(name string) (optim.Optimizer, float64, error) {
	for _, o := range optimizers {
		if o.name == name {
			return o.make(), o.copies, nil
		}
	}
	return nil, 0, wrong("Optimizer", "%q; want %s", name, oneOf(Optimizers()))
}

// Network says in words what the network of a model of this kind is.
func (c Config) Network(k Kind) string {
	s, err := k.spec()
	if err != nil {
		return err.Error()
	}
	cell := strings.ToUpper(c.Cell)
	if k, err := cellOf(c.Cell); err == nil {
		cell = k.title
	}
	words := s.words(c, cell)
	if c.Heads > 0 {
		words += fmt.Sprintf(", %d heads", c.Heads)
	}
	if c.LayerNorm {
		words += ", layer norm"
	}
	if c.Residual {
		words += ", residual"
	}
	return words
}

// ways says in which directions the layers read.
func (c Config) ways() string {
	if c.OneWay {
		return "left to right"
	}
	return "both directions"
}

// oneOf lists values as a sentence does: "a, b or c".
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
