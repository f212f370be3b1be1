package serve

import (
	"context"
	"strings"

	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// floatsOf is an output of one number for each row.
func floatsOf(name string, n int, of func(i int) float64) values {
	v := values{name: name, datatype: "FP64", shape: []int{n}, floats: make([]float64, n)}
	for i := range n {
		v.floats[i] = of(i)
	}
	return v
}

// textsOf is an output of one text for each row.
func textsOf(name string, n int, of func(i int) string) values {
	v := values{name: name, datatype: "BYTES", shape: []int{n}, texts: make([]string, n)}
	for i := range n {
		v.texts[i] = of(i)
	}
	return v
}

func column(name, datatype string) port {
	return port{Name: name, Datatype: datatype, Shape: []int{-1}}
}

// labels answers with a classifier.
func labels(m *models.Classifier, o Options, observe func(int)) answerer {
	names := m.Labels()
	t := newTexts(o, true, observe, counted(m.Tokenizer()), m.Predict)
	t.outputs = []port{column("label", "BYTES"), column("probability", "FP64"),
		{Name: "probabilities", Datatype: "FP64", Shape: []int{-1, len(names)}}}
	t.columns = func(_ []string, found []models.Prediction) []values {
		n := len(found)
		all := values{name: "probabilities", datatype: "FP64", shape: []int{n, len(names)}}
		for _, p := range found {
			all.floats = append(all.floats, p.Probabilities...)
		}
		return []values{
			textsOf("label", n, func(i int) string { return found[i].Label }),
			floatsOf("probability", n, func(i int) float64 { return found[i].Probability }), all,
		}
	}
	t.record = func(text string, p models.Prediction) any { return record.LabelOf(names, text, p, 0, nil) }
	return t
}

// likelihoods answers with a language model, which says how likely texts are.
func likelihoods(m *models.LanguageModel, o Options, observe func(int)) answerer {
	return likely(o, observe, counted(m.Vocabulary()), m.Predict)
}

// foundationLikelihoods is likelihoods with a model that others have trained.
func foundationLikelihoods(m *pretrained.Model, t pretrained.Tokenizer, o Options, observe func(int)) answerer {
	return likely(o, observe, counted(t), func(list []string) ([]models.Likelihood, error) {
		found, err := m.Score(list)
		out := make([]models.Likelihood, len(found))
		for i, l := range found {
			out[i] = models.Likelihood{Tokens: l.Tokens, Loss: l.Loss}
		}
		return out, err
	})
}

func likely(o Options, observe func(int), count func(string) (int, error), predict func([]string) ([]models.Likelihood, error)) answerer {
	t := newTexts(o, false, observe, count, predict)
	t.outputs = []port{column("tokens", "INT64"), column("log_probability", "FP64"), column("perplexity", "FP64")}
	t.columns = func(_ []string, found []models.Likelihood) []values {
		n := len(found)
		tokens := values{name: "tokens", datatype: "INT64", shape: []int{n}}
		for _, l := range found {
			tokens.ints = append(tokens.ints, int64(l.Tokens))
		}
		return []values{
			tokens, floatsOf("log_probability", n, func(i int) float64 { return found[i].LogProb() }),
			floatsOf("perplexity", n, func(i int) float64 { return found[i].Perplexity() }),
		}
	}
	t.record = func(text string, l models.Likelihood) any { return record.LikelihoodOf(text, l, nil) }
	return t
}

// translations answers with a translator.
func translations(m *models.Translator, o Options, observe func(int)) answerer {
	source, _ := m.Tokenizers()
	t := newTexts(o, false, observe, counted(source), func(list []string) ([][]models.Translated, error) {
		return m.Translate(context.Background(), list, models.Translation{})
	})
	t.outputs = []port{column("translation", "BYTES"), column("score", "FP64"), column("log_probability", "FP64")}
	t.columns = func(_ []string, found [][]models.Translated) []values {
		n := len(found)
		return []values{
			textsOf("translation", n, func(i int) string { return found[i][0].Text }),
			floatsOf("score", n, func(i int) float64 { return found[i][0].Score }),
			floatsOf("log_probability", n, func(i int) float64 { return found[i][0].LogProb }),
		}
	}
	t.record = func(text string, found []models.Translated) any { return record.TranslatedOf(text, found, nil) }
	return t
}

// tags answers with a tagger; words stand between blanks.
func tags(m *models.Tagger, o Options, observe func(int)) answerer {
	scheme := m.Scheme()
	words := func(text string) (int, error) { return len(strings.Fields(text)), nil }
	t := newTexts(o, false, observe, words, func(list []string) ([][]string, error) {
		words := make([][]string, len(list))
		for i, text := range list {
			words[i] = strings.Fields(text)
		}
		return m.Tag(words)
	})
	t.outputs = []port{column("tags", "BYTES")}
	t.columns = func(_ []string, found [][]string) []values {
		return []values{textsOf("tags", len(found), func(i int) string { return strings.Join(found[i], " ") })}
	}
	t.record = func(text string, tags []string) any { return record.TaggedOf(scheme, strings.Fields(text), tags) }
	return t
}
