package serve

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// answerer answers requests about a model.
type answerer interface {
	// ports are the inputs and outputs of the model, as tensors.
	ports() (in, out []port)
	// infer maps tensors to tensors.
	infer(ctx context.Context, in []values) ([]values, error)
	// rows answers a table with records, objects of JSON: one for each row, each sequence, or each series.
	rows(ctx context.Context, t *table) ([]any, error)
	close()
}

// answererOf is that of a model.
func answererOf(m models.Model, o Options, observe func(int)) (answerer, error) {
	switch m := m.(type) {
	case *models.LanguageModel:
		return likelihoods(m, o, observe), nil
	case *models.Classifier:
		return labels(m, o, observe), nil
	case *models.Translator:
		return translations(m, o, observe), nil
	case *models.Tagger:
		return tags(m, o, observe), nil
	case *models.SequenceModel:
		return newSequenceAnswers(m, o), nil
	case *models.Forecaster:
		return newForecastAnswers(m, o), nil
	case *models.Recogniser:
		return newHeardAnswers(m, o), nil
	}
	return nil, errors.Errorf("serve: a %v cannot be served", m.Kind())
}

// texts answers texts, one by one or many together.
type texts[A any] struct {
	batch   *batcher[string, A]
	most    int
	tokens  int
	count   func(text string) (int, error) // its tokens
	outputs []port
	columns func(texts []string, found []A) []values
	record  func(text string, found A) any
}

// textColumn is what the input of models of texts is called.
const textColumn = "text"

// newTexts answers by a function that predicts several texts, and says with a *models.TextError which it cannot read. Pad adds
// empty texts, so that few sizes of batches are compiled.
func newTexts[A any](o Options, pad bool, observe func(int), count func(string) (int, error),
	predict func([]string) ([]A, error)) *texts[A] {
	t := &texts[A]{most: o.MaxRows, tokens: o.MaxTokens, count: count}
	length := func(s string) int { return len(s) }
	t.batch = newBatcher(min(o.BatchRows, fullSpeed), o.BatchWait, workers(), length, func(items []string) []result[A] {
		return predictAll(items, pad, predict)
	})
	t.batch.observe, t.batch.load = observe, batchBytes*o.MaxTokens
	return t
}

// predictAll predicts texts; each that cannot be read has an error of its own.
func predictAll[A any](items []string, pad bool, predict func([]string) ([]A, error)) []result[A] {
	out := make([]result[A], 0, len(items))
	for len(out) < len(items) {
		rest := items[len(out):]
		n := len(rest)
		if pad {
			rest = append(append(make([]string, 0, rowsFor(n)), rest...), make([]string, rowsFor(n)-n)...)
		}
		found, err := predict(rest)
		var at *models.TextError
		bad := errors.As(err, &at)
		if err != nil && !bad {
			for len(out) < len(items) {
				out = append(out, result[A]{err: err})
			}
			return out
		}
		for _, a := range found[:min(len(found), n)] {
			out = append(out, result[A]{value: a})
		}
		if bad {
			out = append(out, result[A]{err: refused(400, "%v", at.Err)})
		}
	}
	return out
}

func (t *texts[A]) ports() (in, out []port) {
	return []port{{Name: textColumn, Datatype: "BYTES", Shape: []int{-1}}}, t.outputs
}

// batchBytes are how many bytes of texts a batch has for each token that one text may have.
const batchBytes = 4

// fits refuses a text that is too long. Only a text of many bytes can have many tokens.
func (t *texts[A]) fits(text string) error {
	if len(text) <= t.tokens {
		return nil
	}
	if most := 64 * t.tokens; len(text) > most {
		return refused(413, "%d bytes; want at most %d", len(text), most)
	}
	n, err := t.count(text)
	if err == nil && n > t.tokens {
		err = refused(413, "%d tokens; want at most %d", n, t.tokens)
	}
	return err
}

// counted counts the tokens of a text; the model itself says why it cannot read one.
func counted(v interface {
	Encode(text string) ([]int, error)
}) func(string) (int, error) {
	return func(text string) (int, error) {
		ids, err := v.Encode(text)
		if err != nil {
			return 0, refused(400, "%v", err)
		}
		return len(ids), nil
	}
}

// predict answers texts.
func (t *texts[A]) predict(ctx context.Context, list []string) ([]A, error) {
	if len(list) > t.most {
		return nil, refused(413, "%d texts; want at most %d", len(list), t.most)
	}
	for i, text := range list {
		if err := t.fits(text); err != nil {
			status, text := statusOf(err)
			return nil, refused(status, "text %d: %s", i, text)
		}
	}
	results, err := t.batch.each(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]A, len(list))
	for i, r := range results {
		if r.err != nil {
			status, text := statusOf(r.err)
			if len(list) > 1 {
				return nil, refused(status, "text %d: %s", i, text)
			}
			return nil, refused(status, "%s", text)
		}
		out[i] = r.value
	}
	return out, nil
}

func (t *texts[A]) infer(ctx context.Context, in []values) ([]values, error) {
	list, err := onlyTexts(in)
	if err != nil {
		return nil, err
	}
	found, err := t.predict(ctx, list)
	if err != nil {
		return nil, err
	}
	return t.columns(list, found), nil
}

// onlyTexts are the texts of the one input that there is to be, [N] or [N, 1].
func onlyTexts(in []values) ([]string, error) {
	if len(in) != 1 || !in[0].isText() {
		return nil, bad("want one input, %q, of datatype BYTES", textColumn)
	}
	if s := in[0].shape; len(s) == 0 || len(s) > 2 || len(s) == 2 && s[1] != 1 {
		return nil, bad("input %q has shape %v; want [N]", in[0].name, s)
	}
	return in[0].texts, nil
}

func (t *texts[A]) rows(ctx context.Context, table *table) ([]any, error) {
	list, err := table.column(textColumn)
	if err != nil {
		return nil, err
	}
	found, err := t.predict(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(found))
	for i, a := range found {
		out[i] = t.record(list[i], a)
	}
	return out, nil
}

func (t *texts[A]) close() { t.batch.close() }
