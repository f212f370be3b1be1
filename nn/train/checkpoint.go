package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// A checkpoint is one safetensors file: the weights under their own names, the optimiser's state and the carried
// state under prefixes that no parameter can have, and in the metadata the loop's counters and the user's entries.
// Other programs see a state_dict with a few extra tensors.
const (
	optimPrefix  = weights.TrainingPrefix + "optim/"
	statePrefix  = weights.TrainingPrefix + "state/"
	bestPrefix   = weights.TrainingPrefix + "best/" // weights with the lowest validation loss, for KeepBest
	meanPrefix   = weights.TrainingPrefix + "mean/" // averages of the weights, for Average
	rawPrefix    = weights.TrainingPrefix + "raw/"  // weights that are trained, where the names themselves hold others: see Loop.chosen
	loopKey      = "train.loop"
	scheduleKey  = "train.schedule"
	formatKey    = "format"
	formatString = "unroll checkpoint 1"
)

// Checkpoint is a checkpoint read back from a file.
type Checkpoint struct {
	Metadata map[string]string // the user's entries
	weights  []graph.Named
	optim    []graph.Named
	state    []graph.Named
	best     []graph.Named
	mean     []graph.Named
	raw      []graph.Named
	at       counters
	schedule string
}

// save writes the checkpoint, if the loop has a file for it. Numbers that are not finite are an error: they never replace
// those of a file.
func (l *Loop) save() error { return l.saveTo(l.Saving.Path) }

func (l *Loop) saveTo(path string) error {
	if path == "" || !l.Parallel.leads() {
		return nil
	}
	if err := l.pull(); err != nil {
		return err
	}
	var tensors []graph.Named
	add := func(prefix string, list []graph.Named) {
		for _, t := range list {
			tensors = append(tensors, graph.Named{Name: prefix + t.Name, Value: t.Value})
		}
	}
	if chosen := l.chosen(); chosen != nil {
		add("", chosen)
		add(rawPrefix, l.weights())
	} else {
		add("", l.weights())
	}
	add(optimPrefix, l.Optimizer.State())
	add(bestPrefix, l.run.best)
	if l.run.average != nil {
		add(meanPrefix, l.run.average.tensors)
	}
	for i, t := range l.run.carried {
		tensors = append(tensors, graph.Named{Name: fmt.Sprint(statePrefix, i), Value: t})
	}
	for _, t := range tensors {
		if i := dense.NotFinite(t.Value); i >= 0 {
			return errors.Errorf("train: checkpoint: after step %d, %s is NaN or infinite at element %d; %s stays as it was",
				l.run.Step, t.Name, i, path)
		}
	}
	metadata, err := l.metadata()
	if err != nil {
		return errors.Wrap(err, "train: checkpoint")
	}
	return errors.Wrap(graph.WriteSafetensors(path, tensors, metadata), "train: checkpoint")
}

// weights are those that are saved.
func (l *Loop) weights() []graph.Named {
	p := l.params()
	list := tensorsOf(p)
	if l.Saving.Trained {
		list = slices.DeleteFunc(list, func(t graph.Named) bool { return p.Get(t.Name).Frozen() })
	}
	return list
}

// metadata is what a checkpoint holds beside tensors.
func (l *Loop) metadata() (map[string]string, error) {
	at, err := json.Marshal(l.run.counters)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{formatKey: formatString, loopKey: string(at)}
	if s, ok := l.Schedule.(optim.AdaptiveSchedule); ok {
		state, err := s.State()
		if err != nil {
			return nil, errors.Wrap(err, "schedule")
		}
		if state != "" {
			metadata[scheduleKey] = state
		}
	}
	maps.Copy(metadata, l.Saving.Metadata)
	return metadata, nil
}

// chosen are the weights to use, where they are not those that are trained: the best at the end of a run that keeps
// them, or the averages. Nil for the weights themselves.
func (l *Loop) chosen() []graph.Named {
	switch {
	case l.run.Done && l.Validation.KeepBest && l.run.best != nil:
		return l.run.best
	case l.run.average != nil:
		return l.run.average.tensors
	}
	return nil
}

// ReadCheckpoint reads a file that a Loop saved.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, errors.Wrap(err, "train: checkpoint")
	}
	if metadata[formatKey] != formatString {
		return nil, errors.Errorf("train: %s is no checkpoint of this library: its metadata lacks %s=%q", path, formatKey, formatString)
	}
	c := &Checkpoint{Metadata: map[string]string{}, schedule: metadata[scheduleKey]}
	if c.at, err = parseCounters(metadata[loopKey]); err != nil {
		return nil, errors.Wrapf(err, "train: checkpoint %s: %s", path, loopKey)
	}
	for k, v := range metadata {
		if k != formatKey && k != loopKey && k != scheduleKey {
			c.Metadata[k] = v
		}
	}
	prefixed := []struct {
		prefix string
		list   *[]graph.Named
	}{{optimPrefix, &c.optim}, {bestPrefix, &c.best}, {meanPrefix, &c.mean}, {rawPrefix, &c.raw}, {statePrefix, &c.state}, {"", &c.weights}}
	for _, t := range tensors {
		for _, p := range prefixed {
			if name, ok := strings.CutPrefix(t.Name, p.prefix); ok {
				*p.list = append(*p.list, graph.Named{Name: name, Value: t.Value})
				break
			}
		}
	}
	return c, nil
}

// parseCounters reads what a file says of the loop's counters, which need not be what a Loop wrote.
func parseCounters(text string) (at counters, err error) {
	var needed struct{ Step, Epoch, Batch *int }
	if err := json.Unmarshal([]byte(text), &needed); err != nil {
		return at, err
	}
	if needed.Step == nil || needed.Epoch == nil || needed.Batch == nil {
		return at, errors.Errorf("want an object with step, epoch and batch, found %.60q", text)
	}
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return at, err
	}
	if at.Step < 0 || at.Epoch < 0 || at.Batch < 0 || at.Stale < 0 {
		return at, errors.Errorf("step %d, epoch %d, batch %d, %d validations without progress; want 0 or more",
			at.Step, at.Epoch, at.Batch, at.Stale)
	}
	return at, nil
}

// Step is the number of steps the run had made.
func (c *Checkpoint) Step() int { return c.at.Step }

// Weights puts the weights, averaged or the best ones if the run was so, into a store, replacing or adding them. An
// error changes nothing.
func (c *Checkpoint) Weights(p *graph.Params) error {
	if c == nil || p == nil {
		return errors.New("train: checkpoint: the checkpoint and the store must be given")
	}
	return errors.Wrap(p.SetAll(c.weights), "train: checkpoint")
}

// Resume sets the loop to where the checkpoint was saved. The next Run continues from there, and with more Epochs or
// Steps than before it goes on past the old end. An error changes nothing: neither weights nor optimiser nor schedule.
func (l *Loop) Resume(c *Checkpoint) (err error) {
	if err := l.ready(); err != nil {
		return err
	}
	if err := l.suits(c); err != nil {
		return err
	}
	undo, err := c.restoreSchedule(l.Schedule)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = firstError(err, undo())
		}
	}()
	mean, err := c.restoreStores(l)
	if err != nil {
		return err
	}
	var carried []*tensor.Dense
	for _, t := range c.state {
		carried = append(carried, t.Value.Clone().(*tensor.Dense))
	}
	l.Seed, l.run = c.at.Seed, memory{counters: c.at, carried: carried, best: c.best, average: mean}
	l.run.Done = l.Finished()
	return nil
}

// restoreStores puts the weights and the optimiser's state where they belong, and returns the averages. Everything is
// tried on a copy of the store first.
func (c *Checkpoint) restoreStores(l *Loop) (mean *average, err error) {
	trial := likeStore(l.params())
	if err := c.restore(trial); err != nil {
		return nil, err
	}
	if l.Average > 0 && c.mean != nil {
		tensors, err := inOrder(trial, c.mean)
		if err != nil {
			return nil, err
		}
		mean = &average{tensors: tensors}
	}
	before := cloneNamed(l.Optimizer.State())
	if err := l.Optimizer.Restore(trial, c.optim); err != nil {
		return nil, errors.Wrap(err, "train: checkpoint")
	}
	if err := c.restore(l.params()); err != nil {
		return nil, firstError(err, l.Optimizer.Restore(l.params(), before))
	}
	return mean, errors.Wrap(l.Optimizer.Restore(l.params(), c.optim), "train: checkpoint")
}

// restoreSchedule gives a schedule with a memory what it knew, and returns what takes that back.
func (c *Checkpoint) restoreSchedule(s optim.Schedule) (undo func() error, err error) {
	adaptive, ok := s.(optim.AdaptiveSchedule)
	if !ok || c.schedule == "" {
		return func() error { return nil }, nil
	}
	before, err := adaptive.State()
	if err == nil {
		err = adaptive.Restore(c.schedule)
	}
	return func() error { return adaptive.Restore(before) }, errors.Wrap(err, "train: checkpoint: schedule")
}

// suits tells whether a checkpoint is of a run with such data and states.
func (l *Loop) suits(c *Checkpoint) error {
	if c == nil {
		return errors.New("train: the checkpoint is nil")
	}
	if len(c.state) != len(l.State) {
		return errors.Errorf("train: the checkpoint carries %d states; the model has %d", len(c.state), len(l.State))
	}
	for i, t := range c.state {
		if want := l.State[i]; t.Name != strconv.Itoa(i) || t.Value.Dtype() != want.Dtype() || !t.Value.Shape().Eq(want.Shape()) {
			return errors.Errorf("train: checkpoint: state %s is %v %v; want state %d, %v %v (was the batch size changed?)",
				t.Name, t.Value.Dtype(), t.Value.Shape(), i, want.Dtype(), want.Shape())
		}
	}
	if c.at.Batch > l.Data.Len() {
		return errors.Errorf("train: the checkpoint is at batch %d of a pass; the data have %d", c.at.Batch, l.Data.Len())
	}
	return nil
}

// restore puts the weights that are trained into a store.
func (c *Checkpoint) restore(p *graph.Params) error {
	weights := c.weights
	if c.raw != nil { // the names themselves hold others
		raw := map[string]bool{}
		for _, t := range c.raw {
			raw[t.Name] = true
		}
		weights = slices.DeleteFunc(slices.Clone(weights), func(t graph.Named) bool { return raw[t.Name] })
		weights = append(weights, c.raw...)
	}
	return errors.Wrap(p.SetAll(weights), "train: checkpoint")
}

// likeStore is a copy of a store's numbers, to try things on.
func likeStore(p *graph.Params) *graph.Params {
	like := graph.NewParams(p.Seed())
	if p.Dtype() == tensor.Float64 {
		like = graph.NewParams64(p.Seed())
	}
	for _, t := range tensorsOf(p) {
		_, _ = like.Add(t.Name, t.Value) // cannot fail: every name is new, every tensor of the store's type
	}
	return like
}

// inOrder checks that the tensors are those of the store, and puts them into its order.
func inOrder(p *graph.Params, list []graph.Named) ([]graph.Named, error) {
	given := map[string]*tensor.Dense{}
	for _, t := range list {
		given[t.Name] = t.Value
	}
	out := make([]graph.Named, p.Len())
	for i := range out {
		q := p.At(i)
		v := given[q.Name()]
		if v == nil || v.Dtype() != p.Dtype() || !v.Shape().Eq(tensor.Shape(q.Shape())) {
			return nil, errors.Errorf("train: checkpoint: average of %s: want %v %v, found %v", q.Name(), p.Dtype(), q.Shape(), v)
		}
		out[i] = graph.Named{Name: q.Name(), Value: v.Clone().(*tensor.Dense)} // a checkpoint may serve several loops
	}
	return out, nil
}

// History is every whole pass that the run had made; Validation is NaN in those of a run without validation.
func (c *Checkpoint) History() []Pass { return passes(c.at.History, c.at.Tested) }
