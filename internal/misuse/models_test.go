package misuse

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/recurrent/models"
)

// tinyConfig is for models of texts that are made in no time.
var tinyConfig = models.Config{Tokens: "word", Hidden: 3, Embed: 2, Layers: 1, Batch: 2, Seq: 3, Epochs: 1}

// tinyModels make a model of each kind, which knows nothing yet; the folder is for its data. TestTinyModels holds that no kind is
// forgotten.
var tinyModels = []func(folder string) (models.Model, error){
	models.KindLanguage: func(string) (models.Model, error) {
		return models.NewLanguageModel(tinyConfig, strings.Repeat(text, 4))
	},
	models.KindClassifier: func(string) (models.Model, error) {
		return models.NewClassifier(tinyConfig, strings.Split(text, "\n"), []string{"a", "b"})
	},
	models.KindTranslator: func(string) (models.Model, error) {
		return models.NewTranslator(models.Config{Tokens: "character", Hidden: 4, Embed: 2, Layers: 1, Batch: 2, Epochs: 1}, tinyPairs())
	},
	models.KindTagger: func(string) (models.Model, error) {
		return models.NewTagger(models.Config{Hidden: 3, Embed: 2, Layers: 1, Batch: 2, Epochs: 1}, tinySentences(), []string{"D", "N", "V"})
	},
	models.KindForecaster: func(string) (models.Model, error) {
		c := models.Config{Hidden: 3, Layers: 1, Batch: 2, Epochs: 1}
		c.Forecast.Context, c.Forecast.Horizon = 6, 2
		return models.NewForecaster(c, tinyPanel())
	},
	models.KindSequence: func(string) (models.Model, error) {
		return models.NewSequenceModel(models.Config{Hidden: 3, Layers: 1, Batch: 2, Epochs: 1}, tinySequences())
	},
	models.KindRecogniser: func(folder string) (models.Model, error) {
		c := models.Config{Tokens: "character", Hidden: 3, Layers: 1, Batch: 2, Epochs: 1}
		c.Speech.Mels = 8
		return models.NewRecogniser(c, tinyRecordings(folder))
	},
}

// tinyModel makes one, or ends the test.
func tinyModel(kind models.Kind, folder string) models.Model {
	m, err := tinyModels[kind](folder)
	if err != nil {
		panic(err)
	}
	return m
}

// tinyFiles are the names of files with them.
func tinyFiles() []string {
	names := make([]string, len(tinyModels))
	for k := range names {
		names[k] = strings.ReplaceAll(models.Kind(k).String(), " ", "-") + ".safetensors"
	}
	return names
}

func tinyPairs() models.Pairs {
	return models.Pairs{Sources: []string{"the cat", "a dog"}, Targets: []string{"die Katze", "ein Hund"}}
}

func tinySentences() models.Sentences {
	return models.Sentences{Words: [][]string{{"the", "cat", "sleeps"}, {"a", "dog"}}, Tags: [][]string{{"D", "N", "V"}, {"D", "N"}}}
}

func tinyPanel() *datasets.Panel {
	p := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	for _, id := range []string{"a", "b"} {
		s := datasets.PanelSeries{ID: id, Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
		for i := range 40 {
			s.Values = append(s.Values, float64(i%7+len(id)))
		}
		p.Series = append(p.Series, s)
	}
	return p
}

func tinySequences() models.Sequences {
	s := models.Sequences{Columns: []models.SequenceColumn{{Name: "x"}, {Name: "y"}}}
	for i, id := range []string{"1", "2", "3", "4"} {
		s.IDs = append(s.IDs, id)
		s.Values = append(s.Values, []float64{float64(i), 1, 2, math.NaN(), 3, float64(-i)})
		s.Labels = append(s.Labels, []string{"up", "down"}[i%2])
	}
	return s
}

// tinyRecordings writes two sounds to the folder.
func tinyRecordings(folder string) models.Recordings {
	r := models.Recordings{Name: "tiny.tsv"}
	for i, said := range []string{"ab", "ba"} {
		s := &audio.Sound{Rate: 8000, Channels: 1}
		for t := range 4000 {
			s.Samples = append(s.Samples, float32(0.3*math.Sin(float64(t*(i+1))/5)))
		}
		var b bytes.Buffer
		if err := audio.WriteWAV(&b, s, audio.PCM16); err != nil {
			panic(err)
		}
		path := filepath.Join(folder, said+".wav")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			panic(err)
		}
		r.Clips = append(r.Clips, audio.Clip{Path: path, Text: said, Line: i + 2})
	}
	return r
}

func TestTinyModels(t *testing.T) {
	for k := models.Kind(0); !strings.HasPrefix(k.String(), "Kind("); k++ {
		if int(k) >= len(tinyModels) {
			t.Fatalf("no %s is tried", k)
		}
		if m, err := tinyModels[k](t.TempDir()); err != nil {
			t.Errorf("%s: %v", k, err)
		} else if m.Kind() != k {
			t.Errorf("%s: the model is a %s", k, m.Kind())
		}
	}
}

func modelMaker[T models.Model](k models.Kind) {
	maker(func(w *world, _ string) T { return tinyModel(k, w.home()).(T) })
}

func tinyMakers() {
	modelMaker[*models.LanguageModel](models.KindLanguage)
	modelMaker[*models.Classifier](models.KindClassifier)
	modelMaker[*models.Translator](models.KindTranslator)
	modelMaker[*models.Tagger](models.KindTagger)
	modelMaker[*models.Forecaster](models.KindForecaster)
	modelMaker[*models.SequenceModel](models.KindSequence)
	modelMaker[*models.Recogniser](models.KindRecogniser)
	maker(func(w *world, _ string) models.Model {
		return tinyModel(models.Kind(w.IntN(len(tinyModels))), w.home())
	})
	maker(func(*world, string) models.Pairs { return tinyPairs() })
	maker(func(*world, string) models.Sentences { return tinySentences() })
	maker(func(*world, string) *datasets.Panel { return tinyPanel() })
	maker(func(*world, string) models.Sequences { return tinySequences() })
	maker(func(w *world, _ string) models.Recordings { return tinyRecordings(w.home()) })
}
