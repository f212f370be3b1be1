package models

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// TuneConfig describes an adapter, see nn.LoRA: a model with one is trained by its adapter alone. Every kind of model may have
// one; With gives one to a model that is there:
//
//	c := m.Config()
//	c.Tune = models.TuneConfig{Rank: 8}
//	m, err = m.With(c)
type TuneConfig struct {
	Rank    int      // of the adapter; 0 for a model without one
	Alpha   float64  // what is added is scaled by Alpha/Rank; 0 for Rank
	Dropout float64  // of the inputs of the adapter, while training
	Targets []string // which weights are adapted, as Config.Freeze names weights; none for all of two axes or more
	Blocks  []bool   // which blocks of their rows, such as the gates of an LSTM; nil for all rows together

	// Whole are weights that are trained whole beside the adapter, such as biases or the embedding, see nn.LoRA.
	Whole []string

	// Recompute is how many steps of the recurrent layers training computes a second time in place of keeping them, see
	// recurrent.Options: memory for time. recurrent.RecomputeSqrt takes the least memory, 0 keeps all.
	Recompute int
}

// lora is the adapter.
func (t TuneConfig) lora() nn.LoRA {
	return nn.LoRA{Rank: t.Rank, Alpha: t.Alpha, Dropout: t.Dropout, Targets: t.Targets, Blocks: t.Blocks, Whole: t.Whole, Tables: tables}
}

// tables are the embeddings of models of this package.
var tables = []string{embeddingScope, "source", "target", charactersScope}

// same tells whether two adapters are of the same weights, with matrices of the same shapes and meaning.
func (t TuneConfig) same(o TuneConfig) bool {
	return t.Rank == o.Rank && t.Alpha == o.Alpha && slices.Equal(t.Targets, o.Targets) && slices.Equal(t.Blocks, o.Blocks) &&
		slices.Equal(t.Whole, o.Whole)
}

// adapting is a build function in whose graph weights are adapted.
func (t TuneConfig) adapting(build graph.Build) graph.Build {
	if t.Rank == 0 || build == nil {
		return build
	}
	return func(g *graph.Graph, in []graph.Node) []graph.Node { return build(t.lora().Apply(g), in) }
}

// checkTune refuses an adapter that cannot be.
func (c Config) checkTune() error {
	t := c.Tune
	switch {
	case t.Rank == 0 && (t.Alpha != 0 || t.Dropout != 0 || len(t.Targets) > 0 || len(t.Blocks) > 0 || len(t.Whole) > 0 || t.Recompute != 0):
		return wrong("Tune.Rank", "0; want at least 1: the other fields of an adapter are set")
	case t.Rank == 0:
		return nil
	case len(c.Freeze) > 0:
		return wrong("Freeze", "%v; want none: of a model with an adapter, all other weights are frozen anyway", c.Freeze)
	case c.Optimizer == sparseAdam:
		return wrong("Optimizer", "%q; want another: the gradient of an adapted embedding has no rows of its own", c.Optimizer)
	case t.Recompute < recurrent.RecomputeSqrt:
		return wrong("Tune.Recompute", "%d; want a number of steps, 0 for none, or %d for the root of the window",
			t.Recompute, recurrent.RecomputeSqrt)
	}
	return t.check()
}

// check refuses what nn.LoRA does, by the fields.
func (t TuneConfig) check() error {
	for _, p := range t.Targets {
		if err := nn.CheckPattern(p); err != nil {
			return wrong("Tune.Targets", "%v", err)
		}
	}
	for _, p := range t.Whole {
		if err := nn.CheckPattern(p); err != nil {
			return wrong("Tune.Whole", "%v", err)
		}
	}
	switch {
	case t.Rank < 1:
		return wrong("Tune.Rank", "%d; want at least 1", t.Rank)
	case !(t.Alpha >= 0) || math.IsInf(t.Alpha, 1):
		return wrong("Tune.Alpha", "%g; want a number, 0 or more", t.Alpha)
	case !(t.Dropout >= 0 && t.Dropout < 1):
		return wrong("Tune.Dropout", "%g; want at least 0 and below 1", t.Dropout)
	case t.Blocks != nil && !slices.Contains(t.Blocks, true):
		return wrong("Tune.Blocks", "%v; want one at least that is adapted", t.Blocks)
	}
	return nil
}

// tuneFields are an adapter as files have it.
type tuneFields struct {
	Rank      int      `json:"r"`
	Alpha     float64  `json:"alpha,omitempty"`
	Dropout   float64  `json:"dropout,omitempty"`
	Targets   []string `json:"targets,omitempty"`
	Blocks    []bool   `json:"blocks,omitempty"`
	Whole     []string `json:"whole,omitempty"`
	Recompute int      `json:"recompute,omitempty"`
	Weights   string   `json:"weights_sha256"` // of the weights beside which it was trained
}

// AdapterEntry is the entry of a file's metadata that has the adapter: an object with its rank r, and what else differs from
// the defaults. It tells the file of an adapter.
const AdapterEntry = "adapter"

// tuneEntry adds the adapter to the entries of a file.
func (c *core) tuneEntry(entries map[string]string) error {
	t := c.config.Tune
	if t.Rank == 0 {
		return nil
	}
	f := tuneFields{t.Rank, t.Alpha, t.Dropout, t.Targets, t.Blocks, t.Whole, t.Recompute, hashOf(c.params)}
	data, err := json.Marshal(f)
	entries[AdapterEntry] = string(data)
	return err
}

// decodeTune reads the adapter of a file; the zero value, if it has none.
func decodeTune(path string, metadata map[string]string) (TuneConfig, error) {
	if metadata[AdapterEntry] == "" {
		return TuneConfig{}, nil
	}
	var f tuneFields
	err := decodeEntry(path, metadata, AdapterEntry, &f)
	return TuneConfig{f.Rank, f.Alpha, f.Dropout, f.Targets, f.Blocks, f.Whole, f.Recompute}, err
}
