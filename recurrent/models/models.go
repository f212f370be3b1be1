// Package models has trained models as values, of seven kinds: a LanguageModel goes on with a text, a Classifier gives it a
// label, a Translator another text, a Tagger a tag to each of its words; a Forecaster says how series in time go on, a
// SequenceModel gives rows of numbers that belong together a class or a number, and a Recogniser writes down speech. Each has
// its configuration, its vocabulary or what it knows of its columns, its labels and its weights. One file holds one model; the
// command unroll writes and reads the same files.
//
//	m, err := models.LoadClassifier("reviews.safetensors")
//	predictions, err := m.Predict([]string{"a wonderful evening"})
//	fmt.Println(predictions[0].Label, predictions[0].Probability)
//
// To train one: the New function of its kind, then Fit. Loop gives the train.Loop that Fit would run, to change it or to watch
// it.
//
// Predict, Generate, Translate, Tag, Forecast and Evaluate may be called by any number of goroutines at once: each call has
// functions of its own over the same weights. They must not run while Fit or Import changes the weights.
//
// What a file holds is written down in docs/models.md.
package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// Model is what the kinds of model have in common. It is a pointer to the type that its Kind names, such as *LanguageModel.
type Model interface {
	Kind() Kind
	// Config is the model's configuration, complete.
	Config() Config
	// Params is the store of the weights. A new model draws them when they are first needed.
	Params() *graph.Params
	// Trained tells whether the file that the model was loaded from is a checkpoint, from which training can be resumed.
	Trained() bool
	// Demand estimates what training the model takes.
	Demand() Demand
	// SetWeightFormat chooses how the model reads its weights from now on when it predicts, generates and evaluates.
	SetWeightFormat(w graph.WeightFormat) error
	// Save writes the model to a file, without the state of a training, replacing one that is there.
	Save(path string) error
	// Export writes the model for another framework, see Formats.
	Export(path string) error
	// Import replaces the model's weights by those of a file that Export, or the other framework, wrote.
	Import(path string) error
}

// Load reads a model of any kind that this package trains. Foundation models, which others have trained, such as a folder with
// config.json or a GGUF file, are models of their own: pretrained.Load opens them.
func Load(path string) (Model, error) {
	f, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return f.model()
}

// LoadLanguageModel reads a language model.
func LoadLanguageModel(path string) (*LanguageModel, error) {
	return loadAs[*LanguageModel](path, KindLanguage)
}

// LoadClassifier reads a classifier.
func LoadClassifier(path string) (*Classifier, error) {
	return loadAs[*Classifier](path, KindClassifier)
}

// LoadTagger reads a tagger.
func LoadTagger(path string) (*Tagger, error) { return loadAs[*Tagger](path, KindTagger) }

// LoadForecaster reads a forecaster.
func LoadForecaster(path string) (*Forecaster, error) {
	return loadAs[*Forecaster](path, KindForecaster)
}

// loadAs reads a file that must be of a kind, whose models have the type M.
func loadAs[M Model](path string, want Kind) (none M, err error) {
	f, err := readFile(path)
	if err != nil {
		return none, err
	}
	if f.kind != want {
		return none, errors.Errorf("%s is a %v; want a %v", path, f.kind, want)
	}
	m, err := f.model()
	if err != nil {
		return none, err
	}
	return m.(M), nil
}

// LoadRecogniser reads a recogniser of speech.
func LoadRecogniser(path string) (*Recogniser, error) {
	return loadAs[*Recogniser](path, KindRecogniser)
}

// LoadSequenceModel reads a model of sequences.
func LoadSequenceModel(path string) (*SequenceModel, error) {
	return loadAs[*SequenceModel](path, KindSequence)
}
