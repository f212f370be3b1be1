package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/nn/train"
)

// LoadAdapted reads an adapter and returns the model that it makes of another one, whose weights are copied. path is a file of a
// training with Config.Tune, which must have been trained beside these very weights, or a folder as PEFT writes it. What the
// model was trained on last, and with which settings, a file tells; with a folder it is as base has it.
func LoadAdapted(base Model, path string) (Model, error) {
	b, ok := base.(built)
	if !ok {
		return nil, errors.New("models: LoadAdapted: want a model of this package")
	}
	if err := b.base().draw(); err != nil {
		return nil, err
	}
	under, err := b.base().merged()
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return loadFolder(b, under, path)
	}
	return loadAdapter(b, under, path)
}

// loadAdapter reads an adapter of this library.
func loadAdapter(b built, under *graph.Params, path string) (Model, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	if metadata[AdapterEntry] == "" {
		return nil, errors.Errorf("%s is no adapter: its metadata have no %s", path, AdapterEntry)
	}
	f, err := parseModel(path, tensors, metadata)
	if err != nil {
		return nil, err
	}
	if f.kind != b.Kind() {
		return nil, errors.Errorf("%s is an adapter of a %v, and the model is a %v", path, f.kind, b.Kind())
	}
	var about tuneFields
	if err := decodeEntry(path, metadata, AdapterEntry, &about); err != nil {
		return nil, err
	}
	if about.Weights != hashOf(under) {
		return nil, errors.Errorf("%s is an adapter%s, trained beside other weights than those of this model", path, from(f.config.Origin.From))
	}
	if err := b.base().sameNetwork(f.kind, f.config); err != nil {
		return nil, errors.Wrap(err, path)
	}
	m, err := f.contents.model(f.config)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	return m, f.adapt(m.base(), under)
}

// from says of an adapter where its model was.
func from(base string) string {
	if base == "" {
		return ""
	}
	return " of " + base
}

// adapt puts the weights below and the adapter into a model's store, where nothing else may be.
func (f *file) adapt(c *core, under *graph.Params) error {
	list := under.Tensors("")
	for _, t := range f.weights {
		if !nn.IsAdapter(t.Name) {
			return errors.Errorf("%s has the weight %s; want those of an adapter", f.path, t.Name)
		}
	}
	if err := c.params.SetAll(append(list, f.weights...)); err != nil {
		return errors.Wrap(err, f.path)
	}
	c.params.Seal()
	c.path, c.trained = f.path, f.trained
	if err := c.draw(); err != nil {
		return errors.Wrapf(err, "%s: its adapter does not fit the model", f.path)
	}
	names, err := c.config.Tune.lora().Parameters(c.params)
	if err == nil && len(names) != len(f.weights) {
		err = errors.Errorf("it has %d tensors; want %s", len(f.weights), strings.Join(names, ", "))
	}
	return errors.Wrap(err, f.path)
}

// loadFolder reads an adapter of PEFT.
func loadFolder(b built, under *graph.Params, path string) (Model, error) {
	with := graph.NewParams(under.Seed()) // under may be the base's own
	if err := with.SetAll(under.Tensors("")); err != nil {
		return nil, err
	}
	l, err := peft.Load(path, with)
	if err != nil {
		return nil, err
	}
	c := b.Config()
	if l.RankStabilized { // Scale is all that it says
		l.Alpha = l.Scale() * float64(l.Rank)
	}
	c.Tune = TuneConfig{Rank: l.Rank, Alpha: l.Alpha, Dropout: l.Dropout, Targets: l.Targets, Whole: l.Whole}
	m, err := another(b, c)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	return m, errors.Wrap(m.base().params.SetAll(with.Tensors("")), path)
}

// another is a model with another configuration of its training, whatever its kind.
func another(b built, c Config) (built, error) {
	switch m := b.(type) {
	case *LanguageModel:
		return m.With(c)
	case *Classifier:
		return m.With(c)
	case *Translator:
		return m.With(c)
	case *Tagger:
		return m.With(c)
	case *Forecaster:
		return m.With(c)
	case *SequenceModel:
		return m.With(c)
	case *Recogniser:
		return m.With(c)
	}
	return nil, errors.Errorf("models: a %v cannot be adapted", b.Kind())
}

// SaveAdapter writes the adapter of a model, without the state of a training: into a file whose name ends in .safetensors, which
// LoadAdapted reads, or into a folder as PEFT reads it. Save writes the whole model, with the adapter merged into it.
func SaveAdapter(m Model, path string) error {
	b, ok := m.(built)
	if !ok || b.Config().Tune.Rank == 0 {
		return errors.New("models: SaveAdapter: the model has no adapter: its Config.Tune is not set")
	}
	c := b.base()
	if err := c.draw(); err != nil {
		return err
	}
	if !strings.HasSuffix(path, ".safetensors") {
		return peft.Save(path, c.config.Tune.lora(), c.params, c.config.Origin.From)
	}
	entries, err := b.metadata()
	if err != nil {
		return err
	}
	if err := c.tuneEntry(entries); err != nil {
		return err
	}
	entries[formatKey] = formatModel
	list := slices.DeleteFunc(c.params.Tensors(""), func(t graph.Named) bool { return !nn.IsAdapter(t.Name) })
	return graph.WriteSafetensors(path, list, entries)
}

// AdapterError is the error of a file that was to be a model and is the adapter of one.
type AdapterError struct {
	Path string // of the file
	Base string // where the model was; empty if it does not tell
}

func (e *AdapterError) Error() string {
	return e.Path + " is an adapter" + from(e.Base) + ": LoadAdapted reads it beside the model that it belongs to"
}

// merged is the store of a model whose adapter is a part of its weights; without an adapter, the model's own.
func (c *core) merged() (*graph.Params, error) {
	if c.config.Tune.Rank == 0 {
		return c.params, nil
	}
	return c.config.Tune.lora().Merge(c.params)
}

// hashOf is a hash of the names, shapes and values of weights, but for those of adapters.
func hashOf(p *graph.Params) string {
	h := sha256.New()
	for i := range p.Len() {
		q := p.At(i)
		if nn.IsAdapter(q.Name()) || train.IsState(q.Name()) {
			continue
		}
		fmt.Fprintf(h, "%s %v\n", q.Name(), q.Shape())
		_ = binary.Write(h, binary.LittleEndian, weights.Of(q).Float32s()) // a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil))
}
