package main

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// answerer answers rows, up to the first that its model cannot read.
type answerer func(rows []row, texts []string) ([]any, error)

// answererOf opens a model.
func answererOf(path string) (answerer, error) {
	m, err := models.Load(path)
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *models.Classifier:
		return classifying(m), nil
	case *models.LanguageModel:
		return judging(m), nil
	}
	return nil, errors.Errorf("%s holds a %s; want a classifier or a language model", path, m.Kind())
}

// The answers have the fields of `unroll predict`, in its order.
type (
	label struct {
		Text          string             `json:"text"`
		Label         string             `json:"label"`
		Probability   float64            `json:"probability"`
		Probabilities map[string]float64 `json:"probabilities"`
		Columns       map[string]any     `json:"columns,omitempty"`
	}
	likelihood struct {
		Text       string         `json:"text"`
		Tokens     int            `json:"tokens"`
		LogProb    float64        `json:"log_probability"`
		Perplexity *float64       `json:"perplexity"`
		Columns    map[string]any `json:"columns,omitempty"`
	}
	failure struct {
		Error   string         `json:"error"`
		Text    string         `json:"text,omitempty"`
		Columns map[string]any `json:"columns,omitempty"`
	}
)

func classifying(m *models.Classifier) answerer {
	labels := m.Labels()
	return func(rows []row, texts []string) (out []any, err error) {
		found, err := m.Predict(texts)
		for i, p := range found {
			a := label{rows[i].text, p.Label, p.Probability, map[string]float64{}, rows[i].columns}
			for j, l := range labels {
				a.Probabilities[l] = p.Probabilities[j]
			}
			out = append(out, a)
		}
		return out, err
	}
}

func judging(m *models.LanguageModel) answerer {
	return func(rows []row, texts []string) (out []any, err error) {
		found, err := m.Predict(texts)
		for i, l := range found {
			a := likelihood{Text: rows[i].text, Tokens: l.Tokens, Columns: rows[i].columns}
			if l.Tokens > 0 {
				perplexity := l.Perplexity()
				a.LogProb, a.Perplexity = l.LogProb(), &perplexity
			}
			out = append(out, a)
		}
		return out, err
	}
}
