package models

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
)

// Names of the entries of a file's metadata.
const (
	configKey     = "config" // of a language model
	vocabularyKey = "vocabulary"
	primerKey     = "primer"
	classifierKey = "classifier" // the configuration of one
	tokensKey     = "tokens"
	labelsKey     = "labels"
)

// file is a model file, read and checked: its configuration makes sense, and the sizes in it are those of the weights.
type file struct {
	path    string
	kind    Kind
	config  Config
	vocab   *datasets.Vocabulary // of a language model
	primer  string
	tokens  datasets.Tokenizer // of a classifier
	labels  []string           // of a classifier, in order
	weights []graph.Named
	trained bool // with what a training goes on from
}

// KindOf tells by the metadata of a safetensors file what model it has, if any. The model may yet be damaged.
func KindOf(metadata map[string]string) (kind Kind, ok bool) {
	switch {
	case metadata[classifierKey] != "":
		return KindClassifier, true
	case metadata[configKey] != "" && metadata[vocabularyKey] != "":
		return KindLanguage, true
	}
	return 0, false
}

// ConfigOf is the configuration that the metadata of a safetensors file have, as it is: it may make no sense.
func ConfigOf(metadata map[string]string) (Config, error) {
	kind, ok := KindOf(metadata)
	if !ok {
		return Config{}, errors.New("models: the metadata are of no model: they have no configuration")
	}
	return decodeConfig("the file", kind, metadata)
}

func decodeConfig(path string, kind Kind, metadata map[string]string) (Config, error) {
	if kind == KindClassifier {
		var fields classifierFields
		err := decodeEntry(path, metadata, classifierKey, &fields)
		return fields.config(), err
	}
	var fields languageFields
	err := decodeEntry(path, metadata, configKey, &fields)
	return fields.config(), err
}

func readFile(path string) (*file, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	return parseFile(path, tensors, metadata)
}

// parseFile reads what a file holds.
func parseFile(path string, tensors []graph.Named, metadata map[string]string) (*file, error) {
	f := &file{path: path, primer: metadata[primerKey]}
	var ok bool
	if f.kind, ok = KindOf(metadata); !ok {
		return nil, errors.Errorf("%s is no model of this library: it has no configuration and vocabulary", path)
	}
	if err := checkFormat(path, metadata); err != nil {
		return nil, err
	}
	run, err := train.SummaryOf(metadata)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	f.trained = run != nil
	f.weights = slices.DeleteFunc(slices.Clone(tensors), func(t graph.Named) bool { return train.IsState(t.Name) })
	if err := f.decode(metadata); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, f.fits()
}

// decode reads the metadata.
func (f *file) decode(metadata map[string]string) (err error) {
	if f.config, err = decodeConfig(f.path, f.kind, metadata); err != nil {
		return err
	}
	if f.kind == KindLanguage {
		f.vocab = new(datasets.Vocabulary)
		return decodeEntry(f.path, metadata, vocabularyKey, f.vocab)
	}
	if err := decodeEntry(f.path, metadata, labelsKey, &f.labels); err != nil {
		return err
	}
	f.tokens = new(datasets.Vocabulary)
	if f.config.Tokens == BytePairs {
		f.tokens = new(datasets.BPE)
	}
	return decodeEntry(f.path, metadata, tokensKey, f.tokens)
}

// decodeEntry reads an entry of the metadata, which is JSON. Neither it nor the fields of a configuration may be null,
// which encoding/json would take for zero.
func decodeEntry(path string, metadata map[string]string, key string, to any) error {
	data := []byte(metadata[key])
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		if fields == nil {
			return errors.Errorf("%s: its %s is null", path, key)
		}
		_, vocabulary := to.(json.Unmarshaler) // which judges its own fields
		for name, value := range fields {
			if string(value) == "null" && !vocabulary {
				return errors.Errorf("%s: its %s has %s null", path, key, name)
			}
		}
	}
	err := json.Unmarshal(data, to)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		name := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]
		return errors.Errorf("%s: its %s has a %s as %s; want %s", path, key, mismatch.Value, name, mismatch.Type)
	}
	return errors.Wrapf(err, "%s: its %s cannot be read", path, key)
}

// check refuses a configuration that cannot work.
func (f *file) check() error {
	err := f.config.Check(f.kind)
	var setting *ConfigError
	if errors.As(err, &setting) {
		return errors.Errorf("%s: its configuration has %s %s", f.path, FileField(setting.Field), setting.Problem)
	}
	if err != nil {
		return errors.Wrap(err, f.path)
	}
	if f.kind != KindClassifier {
		return nil
	}
	for i := 1; i < len(f.labels); i++ {
		if f.labels[i-1] >= f.labels[i] {
			return errors.Errorf("%s: its labels have %q before %q; want each once, in order", f.path, f.labels[i-1], f.labels[i])
		}
	}
	if len(f.labels) < 2 {
		return errors.Errorf("%s: its labels are %q; want two at least", f.path, f.labels)
	}
	return nil
}

// network is the network that the file's configuration describes.
func (f *file) network() (network, error) {
	kind, err := cellOf(f.config.Cell)
	if err != nil {
		return nil, err
	}
	if f.kind == KindLanguage {
		return languageNetwork(f.config, kind, f.vocab.Len()), nil
	}
	pool, err := poolingOf(f.config.Pool)
	return classifierNetwork(f.config, kind, pool, f.tokens.Len(), len(f.labels)), err
}

// fits compares the sizes that the configuration tells with those of the weights, before memory is taken for a network
// of such sizes. What else may be wrong with the weights shows when the network is built.
func (f *file) fits() error {
	net, err := f.network()
	if err != nil {
		return errors.Wrap(err, f.path)
	}
	shapes := map[string][]int{}
	for _, t := range f.weights {
		shapes[t.Name] = t.Value.Shape()
	}
	for _, l := range net {
		for _, s := range l.sizes() {
			if err := s.check(shapes); err != nil {
				return errors.WithMessage(err, f.path)
			}
		}
		r, ok := l.(recurrence)
		if !ok {
			continue
		}
		layers := 0
		for shapes[r.tensor(layers)] != nil {
			layers++
		}
		if layers != r.layers {
			return errors.Errorf("%s: its configuration has layers %d, its weights are those of %d", f.path, r.layers, layers)
		}
	}
	return nil
}

// check compares a size with the weights' shapes.
func (s size) check(shapes map[string][]int) error {
	shape, ok := shapes[s.tensor]
	switch {
	case !ok:
		return errors.Errorf("the weights %s are missing", s.tensor)
	case len(shape) != s.rank:
		return errors.Errorf("the weights %s have the shape %v; want %d axes", s.tensor, shape, s.rank)
	case shape[s.axis]%s.factor != 0 || shape[s.axis]/s.factor != s.value:
		return errors.Errorf("its configuration has %s %d, its weights %s have the shape %v", s.field, s.value, s.tensor, shape)
	}
	return nil
}

// languageModel makes the model of a file's contents.
func (f *file) languageModel() (*LanguageModel, error) {
	m, err := newLanguageModel(f.config, f.vocab)
	if err != nil {
		return nil, errors.Wrap(err, f.path)
	}
	m.primer = f.primer
	return m, f.fill(&m.core)
}

// classifier makes the model of a file's contents.
func (f *file) classifier() (*Classifier, error) {
	m, err := newClassifier(f.config, f.tokens, f.labels)
	if err != nil {
		return nil, errors.Wrap(err, f.path)
	}
	return m, f.fill(&m.core)
}

// fill puts the weights into a model's store, where all must then be, with the shapes that the network has.
func (f *file) fill(c *core) error {
	if err := c.params.SetAll(f.weights); err != nil {
		return errors.Wrap(err, f.path)
	}
	c.params.Seal()
	c.path, c.trained = f.path, f.trained
	return errors.Wrapf(c.draw(), "%s: its weights do not fit its configuration", f.path)
}

// encodeEntries writes entries of the metadata as JSON.
func encodeEntries(entries map[string]any) (map[string]string, error) {
	out := map[string]string{}
	for key, v := range entries {
		data, err := json.Marshal(v)
		if err != nil {
			return nil, errors.Wrapf(err, "models: %s", key)
		}
		out[key] = string(data)
	}
	return out, nil
}
