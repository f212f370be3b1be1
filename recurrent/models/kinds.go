package models

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/pkg/errors"
)

// Kind is the kind of a model.
type Kind int

// Kinds of model. Each has a row in the table of kinds.
const (
	KindLanguage   Kind = iota // a LanguageModel
	KindClassifier             // a Classifier
	KindTranslator             // a Translator
	KindTagger                 // a Tagger
	KindForecaster             // a Forecaster
	KindSequence               // a SequenceModel
	KindRecogniser             // a Recogniser
)

// kinds is the table of the kinds of model, in the order of their constants. A kind that is added takes a constant above, a
// line here, and files of its own: one for its spec and its contents, such as classifier_kind.go, and others for the model.
func kinds() []spec {
	return []spec{languageKind(), classifierKind(), translatorKind(), taggerKind(), forecasterKind(), sequenceKind(), recogniserKind()}
}

// spec is all that is known of a kind of model: a row of the table of kinds. What kinds have in common, Config.Check, the
// reader of files and core do for all of them.
type spec struct {
	title  string   // in messages: "language model"
	maker  string   // the function that makes a new one
	keys   []string // the entries of a file's metadata that tell its kind; the first has the configuration
	tokens []string // the values of Config.Tokens; nil where inputs are no tokens
	// numbers tells that inputs are numbers: cells that want a mask and gaps beside them may read them.
	numbers bool
	// defaults is what Defaults returns. Fields that the kind lacks are zero in it.
	defaults Config
	lacks    []lack
	// network are the fields of the kind's own struct in Config that say what the network is, such as "Forecast.Lags".
	network []string
	// complete fills in the fields of the kind's own struct in Config that are zero and cannot be. It may be nil.
	complete func(c *Config)
	// check refuses what is wrong with the fields that this kind alone has; those of all kinds were checked. It may be nil.
	check func(c Config) error
	// fields makes the zero value of what a file has of a configuration.
	fields func() fileFields
	// contents makes the zero value of what a file has beside the configuration and the weights.
	contents func() contents
	// words says in words what the network is, with the cell's title.
	words func(c Config, cell string) string
}

// lack is a field of Config that is none of a kind's business, and why.
type lack struct{ field, why string }

// fileFields is a configuration as a file has it: a pointer to a struct with names for JSON.
type fileFields interface {
	set(c Config)
	config() Config
}

// contents is what a file has beside the configuration and the weights: vocabularies, labels, scales. It knows the network,
// and makes the model.
type contents interface {
	// read decodes the kind's own entries of the metadata. The configuration may make no sense yet.
	read(path string, metadata map[string]string, c Config) error
	// check tells what is wrong with them, given a configuration that makes sense.
	check(c Config) error
	// network is the whole network, of which the sizes are compared with those of the weights before memory is taken.
	network(c Config) (network, error)
	// model makes the model, with no weights yet.
	model(c Config) (built, error)
}

// built is a model of this package.
type built interface {
	Model
	base() *core
	metadata() (map[string]string, error)
}

// spec is the kind's row.
func (k Kind) spec() (spec, error) {
	if list := kinds(); k >= 0 && int(k) < len(list) {
		return list[k], nil
	}
	return spec{}, errors.Errorf("models: there is no kind of model %d", int(k))
}

func (k Kind) String() string {
	s, err := k.spec()
	if err != nil {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return s.title
}

// has tells whether a field of Config is of this kind's business.
func (s spec) has(field string) bool {
	for _, l := range s.lacks {
		if l.field == field {
			return false
		}
	}
	return true
}

// refuse refuses fields that are none of the kind's business.
func (s spec) refuse(c Config) error {
	for _, l := range s.lacks {
		v := reflect.ValueOf(c).FieldByName(l.field)
		if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
			continue
		}
		found, none := fmt.Sprint(v), "none"
		switch v.Kind() {
		case reflect.String:
			found = fmt.Sprintf("%q", v)
		case reflect.Bool:
			none = "false"
		}
		return wrong(l.field, "%s; want %s: %s", found, none, l.why)
	}
	return nil
}

// networkFields are the fields of Config that say what a network is, whatever its kind.
var networkFields = []string{
	"Tokens", "Vocabulary", "Cell", "Layers", "Hidden", "Heads", "Embed", "Residual", "LayerNorm", "OneWay", "Pool", "Adaptive",
}

// NetworkFields are the fields of Config that say what the network of a kind is, without those that it lacks: what a model
// keeps when it is trained on. A field of a struct in Config has the struct's name before it, with a dot.
func NetworkFields(k Kind) []string {
	s, err := k.spec()
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range networkFields {
		if s.has(f) {
			out = append(out, f)
		}
	}
	return append(out, s.network...)
}

// fieldOf is the value of a field of Config by its name, as NetworkFields has it.
func fieldOf(c Config, name string) any {
	v := reflect.ValueOf(c)
	for part := range strings.SplitSeq(name, ".") {
		v = v.FieldByName(part)
	}
	return v.Interface()
}

// KindOf tells by the metadata of a safetensors file what model it has, if any. The model may yet be damaged.
func KindOf(metadata map[string]string) (kind Kind, ok bool) {
	for i, s := range kinds() {
		if s.known(metadata) {
			return Kind(i), true
		}
	}
	return 0, false
}

// known tells whether the metadata are those of this kind of model.
func (s spec) known(metadata map[string]string) bool {
	for _, key := range s.keys {
		if metadata[key] == "" {
			return false
		}
	}
	return true
}

// ConfigOf is the configuration that the metadata of a safetensors file have, as it is: it may make no sense.
func ConfigOf(metadata map[string]string) (Config, error) {
	kind, ok := KindOf(metadata)
	if !ok {
		return Config{}, errors.New("models: the metadata are of no model: they have no configuration")
	}
	s, err := kind.spec()
	if err != nil {
		return Config{}, err
	}
	return s.decode("the file", metadata)
}

// decode reads the configuration of a file.
func (s spec) decode(path string, metadata map[string]string) (Config, error) {
	f := s.fields()
	err := decodeEntry(path, metadata, s.keys[0], f)
	return f.config(), err
}

// metadata are the entries of a file: the configuration, and those of the kind alone.
func (s spec) metadata(c Config, own map[string]any) (map[string]string, error) {
	f := s.fields()
	f.set(c)
	out := map[string]string{}
	encode := func(key string, v any) error {
		data, err := json.Marshal(v)
		out[key] = string(data)
		return errors.Wrapf(err, "models: %s", key)
	}
	if err := encode(s.keys[0], f); err != nil {
		return nil, err
	}
	for key, v := range own {
		if err := encode(key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FileField is what a field of Config, Origin or Format, or of a struct of one kind in them, is called in the configuration
// that a file has; empty if no kind has such a field. What stands before a dot in the name is passed over.
func FileField(field string) string {
	of := []any{&tuneFields{}}
	if !strings.HasPrefix(field, "Tune.") {
		of = nil
		for _, s := range kinds() {
			of = append(of, s.fields())
		}
	}
	field = field[strings.LastIndexByte(field, '.')+1:]
	for _, fields := range of {
		if f, ok := reflect.TypeOf(fields).Elem().FieldByName(field); ok {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}

// ConfigEntry is the entry of a file's metadata that has the configuration of a kind of model.
func ConfigEntry(k Kind) string {
	s, err := k.spec()
	if err != nil {
		return ""
	}
	return s.keys[0]
}
