package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

func init() {
	register.DoFn3x1[context.Context, string, func(string), error](&predict{})
	register.Emitter1[string]()
}

// Options say what a pipeline predicts with, and from which field.
type Options struct {
	Model string   // file of a classifier or a language model, which every worker can read
	Text  string   // field of the texts
	Keep  []string // fields that an answer keeps under "columns", such as a key to join by
}

// Predict predicts for rows, each a JSON object of a PCollection<string>, from whatever source. For each there is an answer, a JSON
// object as `unroll predict` prints it, or {"error": ..., "text": ...} of a row that cannot be read. Answers come in any order.
func Predict(s beam.Scope, o Options, rows beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("Predict"), &predict{Options: o}, rows)
}

// predict is the step of the pipeline. Beam sends its exported fields to the workers as JSON, and makes as many as it has threads.
type predict struct {
	Options Options

	answer answerer
	batch  []row
	texts  []string
}

// row is one that waits for the rest of its batch.
type row struct {
	text    string
	columns map[string]any
}

// together is how many rows are predicted at a time.
const together = 256

// opened are the models of this worker, by their files: its threads share them, as a model is safe for many goroutines.
var opened sync.Map

var opens atomic.Int64 // how many, for the test

// Setup opens the model, once a worker.
func (p *predict) Setup(context.Context) error {
	open, _ := opened.LoadOrStore(p.Options.Model, sync.OnceValues(func() (answerer, error) {
		opens.Add(1)
		return answererOf(p.Options.Model)
	}))
	var err error
	p.answer, err = open.(func() (answerer, error))()
	return err
}

// StartBundle begins a bundle: the rows that Beam repeats together if a worker is lost.
func (p *predict) StartBundle(context.Context, func(string)) { p.batch, p.texts = nil, nil }

// ProcessElement takes a row, and predicts when there are enough.
func (p *predict) ProcessElement(_ context.Context, line string, emit func(string)) error {
	var fields map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	if err := d.Decode(&fields); err != nil {
		return write(emit, failure{Error: errors.Wrap(err, "not a JSON object").Error(), Text: line})
	}
	columns := map[string]any{}
	for _, k := range p.Options.Keep {
		if v, ok := fields[k]; ok {
			columns[k] = v
		}
	}
	text, ok := fields[p.Options.Text].(string)
	if !ok {
		return write(emit, failure{Error: "no text in field " + p.Options.Text, Text: line, Columns: columns})
	}
	p.batch, p.texts = append(p.batch, row{text, columns}), append(p.texts, text)
	if len(p.batch) < together {
		return nil
	}
	return p.finish(emit)
}

// FinishBundle predicts what is left.
func (p *predict) FinishBundle(_ context.Context, emit func(string)) error { return p.finish(emit) }

// finish predicts the batch. A text that the model cannot read is told of, and the others are predicted all the same.
func (p *predict) finish(emit func(string)) error {
	for len(p.batch) > 0 {
		answers, err := p.answer(p.batch, p.texts)
		for _, a := range answers {
			if err := write(emit, a); err != nil {
				return err
			}
		}
		var unreadable *models.TextError
		switch {
		case err == nil:
			p.batch, p.texts = nil, nil
		case !errors.As(err, &unreadable):
			return err
		default:
			i := unreadable.Index
			if err := write(emit, failure{Error: unreadable.Err.Error(), Text: p.texts[i], Columns: p.batch[i].columns}); err != nil {
				return err
			}
			p.batch, p.texts = p.batch[i+1:], p.texts[i+1:]
		}
	}
	return nil
}

// write emits a JSON object.
func write(emit func(string), a any) error {
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(a); err != nil {
		return err
	}
	emit(strings.TrimSuffix(out.String(), "\n"))
	return nil
}
