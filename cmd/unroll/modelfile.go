package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
)

// modelFile is a file that train or import wrote, read and checked: its configuration makes sense, and the sizes in it
// are those of the weights. Every command that takes a model reads it here.
type modelFile struct {
	path    string
	kind    modelKind
	config  classConfig // of a language model, the config in it
	vocab   *datasets.Vocabulary
	tokens  datasets.Tokenizer // of a classifier
	labels  []string           // of a classifier, in order
	primer  string
	weights []graph.Named
	newHead bool // the weights lack those of the head, which are to be drawn
	trained bool // with what a training goes on from
}

type modelKind int

const (
	languageModel modelKind = iota
	textClassifier
)

func (k modelKind) String() string { return [...]string{"language model", "classifier of texts"}[k] }

// kindOf tells by the metadata what model a file has, if any.
func kindOf(metadata map[string]string) (kind modelKind, ok bool) {
	switch {
	case isClassifier(metadata):
		return textClassifier, true
	case metadata["config"] != "" && metadata["vocabulary"] != "":
		return languageModel, true
	}
	return 0, false
}

// trainingPrefix begins the names of tensors that only training needs.
const trainingPrefix = "train/"

// readModelFile reads a file of either kind of model.
func readModelFile(path string) (*modelFile, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if errors.Is(err, os.ErrNotExist) && path == firstName {
		return nil, errors.Errorf("open %s: no such file; unroll train makes one, and --model names another", path)
	}
	if err != nil {
		return nil, err
	}
	return parseModelFile(path, tensors, metadata)
}

// parseModelFile makes a modelFile of what a file holds.
func parseModelFile(path string, tensors []graph.Named, metadata map[string]string) (*modelFile, error) {
	f := &modelFile{path: path, primer: metadata["primer"], trained: metadata["train.loop"] != ""}
	var ok bool
	if f.kind, ok = kindOf(metadata); !ok {
		return nil, errors.Errorf("%s is no model of this command: it has no configuration and vocabulary", path)
	}
	f.weights = slices.DeleteFunc(tensors, func(t graph.Named) bool { return strings.HasPrefix(t.Name, trainingPrefix) })
	if err := f.decode(metadata); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, f.fits()
}

// decode reads the metadata.
func (f *modelFile) decode(metadata map[string]string) error {
	if f.trained {
		var counters map[string]json.RawMessage // whose values whoever resumes reads
		if err := decodeEntry(f.path, metadata, "train.loop", &counters); err != nil {
			return err
		}
	}
	if f.kind == languageModel {
		f.vocab = new(datasets.Vocabulary)
		if err := decodeEntry(f.path, metadata, "config", &f.config.config); err != nil {
			return err
		}
		return decodeEntry(f.path, metadata, "vocabulary", f.vocab)
	}
	if err := decodeEntry(f.path, metadata, "classifier", &f.config); err != nil {
		return err
	}
	if err := decodeEntry(f.path, metadata, "labels", &f.labels); err != nil {
		return err
	}
	f.tokens = new(datasets.Vocabulary)
	if f.config.Vocabulary == bytePairs {
		f.tokens = new(datasets.BPE)
	}
	return decodeEntry(f.path, metadata, "tokens", f.tokens)
}

// decodeEntry reads an entry of the metadata, which is JSON. Neither it nor the fields of a configuration may be null,
// which encoding/json would take for zero.
func decodeEntry(path string, metadata map[string]string, key string, to interface{}) error {
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
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		name := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]
		return errors.Errorf("%s: its %s has a %s as %s; want %s", path, key, wrong.Value, name, wrong.Type)
	}
	return errors.Wrapf(err, "%s: its %s cannot be read", path, key)
}

// check refuses a configuration that cannot work. What would be a wrong flag on the command line is here a fault of the
// file.
func (f *modelFile) check() error {
	err := f.config.config.check()
	if f.kind == textClassifier {
		err = f.config.check()
	}
	var wrong badSetting
	if errors.As(err, &wrong) {
		return errors.Errorf("%s: its configuration has %s %s", f.path, wrong.field, wrong.problem)
	}
	if err != nil {
		return errors.Wrap(err, f.path)
	}
	if f.kind != textClassifier {
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

// fits compares the sizes that the configuration tells with those of the weights, before memory is taken for a network
// of such sizes. What else may be wrong with the weights shows when the network is built.
func (f *modelFile) fits() error {
	c, scope, tokens, classes := f.config, f.config.Cell, 0, 0
	answer := "vocabulary"
	if f.kind == textClassifier {
		scope, tokens, classes, answer = "rnn", f.tokens.Len(), len(f.labels), "labels"
	} else {
		tokens, classes = f.vocab.Len(), f.vocab.Len()
	}
	shapes := map[string][]int{}
	for _, t := range f.weights {
		shapes[t.Name] = t.Value.Shape()
	}
	recurrent := func(layer int) string { return fmt.Sprintf("%s.weight_hh_l%d", scope, layer) }
	for _, s := range []struct {
		field, tensor string
		rank, axis    int
		size          int
	}{
		{"vocabulary", "embedding.weight", 2, 0, tokens}, {"embed", "embedding.weight", 2, 1, c.Embed},
		{"hidden", recurrent(0), 2, 1, c.Hidden}, {answer, "head.bias", 1, 0, classes},
	} {
		shape, ok := shapes[s.tensor]
		switch {
		case !ok:
			return errors.Errorf("%s: the weights %s are missing", f.path, s.tensor)
		case len(shape) != s.rank:
			return errors.Errorf("%s: the weights %s have the shape %v; want %d axes", f.path, s.tensor, shape, s.rank)
		case shape[s.axis] != s.size:
			return errors.Errorf("%s: its configuration has %s %d, its weights %s have the shape %v", f.path, s.field, s.size, s.tensor, shape)
		}
	}
	layers := 0
	for shapes[recurrent(layers)] != nil {
		layers++
	}
	if layers != c.Layers {
		return errors.Errorf("%s: its configuration has layers %d, its weights are those of %d", f.path, c.Layers, layers)
	}
	return nil
}

// anyModel is one of the kinds of model.
type anyModel struct {
	language   *model
	classifier *classifier
}

func (m anyModel) params() *graph.Params {
	if m.language != nil {
		return m.language.params
	}
	return m.classifier.params
}

func (m anyModel) metadata() (map[string]string, error) {
	if m.language != nil {
		return m.language.metadata()
	}
	return m.classifier.metadata()
}

// loadAny reads a model of either kind.
func loadAny(path string) (anyModel, error) {
	f, err := readModelFile(path)
	if err != nil {
		return anyModel{}, err
	}
	if f.kind == textClassifier {
		c, err := f.classifier()
		return anyModel{classifier: c}, err
	}
	m, err := f.languageModel()
	return anyModel{language: m}, err
}

// loadModel reads a language model.
func loadModel(path string) (*model, error) {
	f, err := readModelFile(path)
	if err != nil {
		return nil, err
	}
	return f.languageModel()
}

// languageModel makes the model of a file's contents.
func (f *modelFile) languageModel() (*model, error) {
	if f.kind != languageModel {
		return nil, errors.Errorf("%s is a %v; want a %v", f.path, f.kind, languageModel)
	}
	m, err := newModel(f.config.config, f.vocab)
	if err != nil {
		return nil, errors.Wrap(err, f.path)
	}
	m.primer = f.primer
	return m, f.fill(m.params, m.touch)
}

// classifier makes the model of a file's contents.
func (f *modelFile) classifier() (*classifier, error) {
	if f.kind != textClassifier {
		return nil, errors.Errorf("%s is a %v; want a %v", f.path, f.kind, textClassifier)
	}
	m, err := newClassifier(f.config, f.tokens, f.labels)
	if err != nil {
		return nil, errors.Wrap(err, f.path)
	}
	return m, f.fill(m.params, m.touch)
}

// fill puts the weights into a model's store; touch then finds those that are missing or have other shapes.
func (f *modelFile) fill(p *graph.Params, touch func() error) error {
	if err := p.SetAll(f.weights); err != nil {
		return errors.Wrap(err, f.path)
	}
	if !f.newHead {
		p.Seal()
	}
	return errors.Wrapf(touch(), "%s: its weights do not fit its configuration", f.path)
}
