package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
)

// Run says how a training is carried out, beside what a Config says of it. The zero value trains without a file and without
// a word.
type Run struct {
	Checkpoint string           // file to save to: at the end, when cancelled, and
	SaveEvery  int              // every so many steps; 0 for after each epoch only
	Observers  []train.Observer // told of every step and of every validation; one of them may end the run
}

// Fit trains the model on the first nine tenths of a text; the rest validates. With Config.Patience it stops early. If ctx is
// cancelled it saves to Run.Checkpoint, from which Resume goes on.
func (m *LanguageModel) Fit(ctx context.Context, text string, r Run) (train.Result, error) {
	l, err := m.Loop(text, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same text. The result has the bits of a
// run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *LanguageModel) Resume(ctx context.Context, text string, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(text, r) })
}

// Loop is what Fit runs: model, data and settings.
func (m *LanguageModel) Loop(text string, r Run) (*train.Loop, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return nil, err
	}
	return m.LoopOf(ids, r)
}

// LoopOf is Loop for a text that is encoded already, by the model's vocabulary.
func (m *LanguageModel) LoopOf(ids []int, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil { // a run that is interrupted before its first step has weights to save
		return nil, err
	}
	c := m.config
	first, last, err := datasets.Split(ids, languagePart)
	if err != nil {
		return nil, errors.Errorf("models: %d tokens; want more, to train on nine tenths of them and to validate with the rest", len(ids))
	}
	if m.primer, err = primer(m.vocab, first); err != nil {
		return nil, err
	}
	data, err := datasets.NewWindows(first, c.Seq, c.Batch)
	if err != nil {
		return nil, wrong("Batch", "%d: so many pieces side by side, of %d steps each, take %d tokens, and the text has %d to train on; "+
			"want fewer, or fewer steps", c.Batch, c.Seq, c.Batch*c.Seq+1, len(first))
	}
	check, lanes, err := m.lanes(last)
	if err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Data, l.Validation.Data = m.Loss(), train.FromWindows(data), train.FromWindows(check)
	if l.State, err = m.State(c.Batch); err != nil {
		return nil, err
	}
	if l.Validation.State, err = m.State(lanes); err != nil {
		return nil, err
	}
	l.Schedule = c.falling(l.Total())
	return l, nil
}

// falling is the learning rate of a language model over so many steps.
func (c Config) falling(total int) optim.Schedule {
	return optim.Warmup{Steps: min(20, total), From: 0.1, Then: optim.Cosine{Start: c.Rate, End: c.Rate / 10, Steps: total}}
}

// languagePart is the part of a text that a language model is trained on.
const languagePart = 0.9

// lanes cuts ids into windows for evaluation: so many sequences side by side as a batch has, or fewer if the ids are few.
func (m *LanguageModel) lanes(ids []int) (*datasets.Windows, int, error) {
	if len(ids) < 2 {
		return nil, 0, errors.Errorf("models: %d tokens to evaluate; want two at least, to predict one", len(ids))
	}
	steps := min(m.config.Seq, len(ids)-1)
	lanes := min(m.config.Batch, (len(ids)-1)/steps)
	w, err := datasets.NewWindows(ids, steps, lanes)
	return w, lanes, err
}

// primer returns the end of the training text, up to its last line break, 200 tokens at most.
func primer(v *datasets.Vocabulary, ids []int) (string, error) {
	text, err := v.Decode(ids[max(0, len(ids)-200):])
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end+1]
	}
	return text, err
}

// Fit trains the classifier, validates after every epoch, and ends with the weights of the best one. Without examples to
// validate with, it takes a tenth of fit. With Config.Patience it stops early. If ctx is cancelled it saves to
// Run.Checkpoint, from which Resume goes on.
func (m *Classifier) Fit(ctx context.Context, fit, validation Examples, r Run) (train.Result, error) {
	l, err := m.Loop(fit, validation, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same examples. The result has the bits
// of a run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *Classifier) Resume(ctx context.Context, fit, validation Examples, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(fit, validation, r) })
}

// heldOut has data to validate with: those that were given, or a tenth of those to train on.
func heldOut[D interface {
	Len() int
	Split(validation, test float64) (fit, valid, exam D, err error)
}](fit, validation D) (rest, held D, err error) {
	if validation.Len() > 0 {
		return fit, validation, nil
	}
	rest, held, _, err = fit.Split(0.1, 0)
	return rest, held, err
}

// Loop is what Fit runs: model, data and settings.
func (m *Classifier) Loop(fit, validation Examples, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	fit, validation, err := heldOut(fit, validation)
	if err != nil {
		return nil, err
	}
	if err := m.weigh(fit); err != nil {
		return nil, err
	}
	m.heat = 0 // that of other weights
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Schedule, l.Validation.KeepBest = m.Loss(), optim.Constant(m.config.Rate), true
	if l.Data, err = m.source(fit, "train on", datasets.Batching{Shuffle: true}); err != nil {
		return nil, err
	}
	l.Validation.Data, err = m.source(validation, "validate with", datasets.Batching{})
	return l, err
}

// weigh finds how much each label counts, by the examples to train on.
func (m *Classifier) weigh(fit Examples) error {
	if m.config.ClassWeights == "" {
		return nil
	}
	ids, err := m.labelIDs(fit)
	if err != nil {
		return err
	}
	count := make([]int, len(m.labels))
	for _, id := range ids {
		count[id]++
	}
	m.counts, err = m.config.classWeights(m.labels, count)
	return err
}

// source makes batches of examples.
func (m *Classifier) source(e Examples, what string, o datasets.Batching) (train.Source, error) {
	if e.Len() == 0 {
		return nil, errors.Errorf("models: there are no examples to %s", what)
	}
	ids, err := m.read(e)
	if err != nil {
		return nil, err
	}
	labels, err := m.labelIDs(e)
	if err != nil {
		return nil, err
	}
	o.Size, o.Pool, o.RoundTo, o.Seed = min(m.config.Batch, len(ids)), 20, 8, m.config.Seed
	b, err := datasets.LabelledBatches(ids, labels, o)
	return train.FromBatches(b), err
}

// read encodes the texts of examples.
func (m *Classifier) read(e Examples) ([][]int, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	ids, err := m.encode(e.Texts)
	var at *TextError
	if errors.As(err, &at) {
		return nil, errors.Wrapf(at.Err, "%s: in its text", e.Place(at.Index))
	}
	return ids, err
}

// labelIDs maps labels to their numbers.
func (m *Classifier) labelIDs(e Examples) ([]int, error) {
	out := make([]int, len(e.Labels))
	for i, l := range e.Labels {
		at, ok := slices.BinarySearch(m.labels, l)
		if !ok {
			return nil, errors.Errorf("%s has the label %q; the model knows %s", e.Place(i), l, listed(m.labels))
		}
		out[i] = at
	}
	return out, nil
}

// listed are names in a sentence; of many, the first.
func listed(names []string) string {
	const most = 20
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// loop is what the runs of all models have in common.
func (c *core) loop(r Run, metadata func() (map[string]string, error)) (*train.Loop, error) {
	o, _, err := optimizerOf(c.config.Optimizer)
	if err != nil {
		return nil, err
	}
	entries, err := metadata()
	if err != nil {
		return nil, err
	}
	if err := c.freeze(); err != nil {
		return nil, err
	}
	if err := c.tuneEntry(entries); err != nil {
		return nil, err
	}
	return &train.Loop{
		Optimizer: o, Clip: train.Clip{Norm: c.config.Clip}, Epochs: c.config.Epochs, Steps: c.config.Steps, Seed: c.config.Seed,
		Parallel:   train.Parallel{Shards: c.config.Shards},
		Validation: train.Validation{Patience: c.config.Patience},
		Saving:     train.Saving{Path: r.Checkpoint, Every: r.SaveEvery, Metadata: entries, Trained: c.config.Tune.Rank > 0},
		Observers:  r.Observers,
	}, nil
}

// resume runs a loop from the checkpoint that the model was loaded from.
func (c *core) resume(ctx context.Context, r Run, loop func(Run) (*train.Loop, error)) (train.Result, error) {
	if !c.trained {
		return train.Result{}, errors.New("models: Resume: the model was not loaded from a checkpoint: there is no training to go on with")
	}
	saved, err := train.ReadCheckpoint(c.path)
	if err != nil {
		return train.Result{}, err
	}
	if r.Checkpoint == "" {
		r.Checkpoint = c.path
	}
	l, err := loop(r)
	if err != nil {
		return train.Result{}, err
	}
	if err := l.Resume(saved); err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
