// Package record has what models say as objects of JSON: the lines of `unroll predict`, and the answers of `unroll serve`.
package record

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
)

// Number is a number that JSON can hold: null where there is none.
type Number float64

// MarshalJSON writes null for NaN and infinities.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Numbers are some.
func Numbers(list []float64) []Number {
	out := make([]Number, len(list))
	for i, v := range list {
		out[i] = Number(v)
	}
	return out
}

// Label is what a classifier says of a text.
type Label struct {
	Text          string             `json:"text"`
	Label         string             `json:"label"`
	Probability   float64            `json:"probability"`
	Probabilities map[string]float64 `json:"probabilities"`
	Columns       map[string]any     `json:"columns,omitempty"`
}

// LabelOf is a prediction for a text, with the probabilities of the likeliest labels; all if top is 0.
func LabelOf(labels []string, text string, p models.Prediction, top int, columns map[string]any) Label {
	order := make([]int, len(labels))
	for j := range order {
		order[j] = j
	}
	row := p.Probabilities
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
	out := Label{Text: text, Label: p.Label, Probability: p.Probability, Probabilities: map[string]float64{}, Columns: columns}
	for k, j := range order {
		if top == 0 || k < top {
			out.Probabilities[labels[j]] = row[j]
		}
	}
	return out
}

// Likelihood is what a language model says of a text.
type Likelihood struct {
	Text       string         `json:"text"`
	Tokens     int            `json:"tokens"` // that were predicted: all but the first
	LogProb    float64        `json:"log_probability"`
	Perplexity *float64       `json:"perplexity"` // nil if none was
	Columns    map[string]any `json:"columns,omitempty"`
}

// LikelihoodOf is that of a text.
func LikelihoodOf(text string, l models.Likelihood, columns map[string]any) Likelihood {
	out := Likelihood{Text: text, Columns: columns}
	if l.Tokens > 0 {
		perplexity := l.Perplexity()
		out.Tokens, out.LogProb, out.Perplexity = l.Tokens, l.LogProb(), &perplexity
	}
	return out
}

// Translation is one of a text.
type Translation struct {
	Translation string  `json:"translation"`
	Score       float64 `json:"score"`
	LogProb     float64 `json:"log_probability"`
	Finished    bool    `json:"finished"` // or else it was cut off
}

// Translated is a text with its translation, the best, and others.
type Translated struct {
	Text string `json:"text"`
	Translation
	Others  []Translation  `json:"others,omitempty"`
	Columns map[string]any `json:"columns,omitempty"`
}

// TranslatedOf is a text with the translations that were found.
func TranslatedOf(text string, found []models.Translated, columns map[string]any) Translated {
	out := Translated{Text: text, Columns: columns}
	for i, t := range found {
		one := Translation{t.Text, t.Score, t.LogProb, t.Finished}
		if i == 0 {
			out.Translation = one
		} else {
			out.Others = append(out.Others, one)
		}
	}
	return out
}

// Tagged is a sentence with its tags.
type Tagged struct {
	Tokens []string `json:"tokens"`
	Tags   []string `json:"tags"`
	Spans  []Span   `json:"spans,omitempty"`
}

// Span is a span: words from Start on, before End, counted from 0.
type Span struct {
	Type  string `json:"type"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// TaggedOf is a sentence with its tags, and their spans if the scheme of the tags has any.
func TaggedOf(scheme spans.Scheme, words, tags []string) Tagged {
	out := Tagged{Tokens: append([]string{}, words...), Tags: append([]string{}, tags...)}
	if scheme != spans.None {
		for _, v := range spans.Lenient(tags) {
			out.Spans = append(out.Spans, Span{v.Type, v.Start, v.End, strings.Join(words[v.Start:v.End], " ")})
		}
	}
	return out
}

// Forecast is how a series goes on.
type Forecast struct {
	ID        string              `json:"id"`
	Times     []string            `json:"times"`
	Mean      []Number            `json:"mean"`
	Quantiles map[string][]Number `json:"quantiles"`
	Paths     [][]Number          `json:"paths,omitempty"`
}

// ForecastOf is a forecast, with some of its sample paths.
func ForecastOf(f models.Forecast, step datasets.Frequency, paths int) Forecast {
	out := Forecast{ID: f.ID, Mean: Numbers(f.Mean), Quantiles: map[string][]Number{}}
	for _, t := range f.Times {
		out.Times = append(out.Times, step.Format(t))
	}
	for i, q := range f.Levels {
		out.Quantiles[strconv.FormatFloat(q, 'g', -1, 64)] = Numbers(f.Quantiles[i])
	}
	for _, p := range f.Paths[:min(paths, len(f.Paths))] {
		out.Paths = append(out.Paths, Numbers(p))
	}
	return out
}

// Sequence is what a model says of a sequence of rows, or of the rows of one so far.
type Sequence struct {
	ID            string             `json:"id"`
	Row           int                `json:"row,omitempty"` // from 1 on, of a stream
	Label         string             `json:"label,omitempty"`
	Probability   *float64           `json:"probability,omitempty"`
	Probabilities map[string]float64 `json:"probabilities,omitempty"`
	Number        *float64           `json:"number,omitempty"`
}

// SequenceOf is a prediction for a sequence; labels are those of the model, nil of one that predicts numbers.
func SequenceOf(labels []string, id string, row int, p models.SequencePrediction) Sequence {
	out := Sequence{ID: id, Row: row}
	if labels == nil {
		out.Number = &p.Number
		return out
	}
	out.Label, out.Probability, out.Probabilities = p.Label, &p.Probability, map[string]float64{}
	for i, l := range labels {
		out.Probabilities[l] = p.Probabilities[i]
	}
	return out
}
