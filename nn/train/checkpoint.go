package train

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// A checkpoint is one safetensors file: the weights under their own names, the optimiser's state and the carried
// state under prefixes that no parameter can have, and in the metadata the loop's counters and the user's entries.
// Other programs see a state_dict with a few extra tensors.
const (
	optimPrefix  = "train/optim/"
	statePrefix  = "train/state/"
	bestPrefix   = "train/best/" // weights with the lowest validation loss, for KeepBest
	meanPrefix   = "train/mean/" // averages of the weights, for Average
	rawPrefix    = "train/raw/"  // weights that are trained, where the names themselves hold others: see Loop.served
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

// save writes the checkpoint, if the loop has a file for it.
func (l *Loop) save() error { return l.saveTo(l.Checkpoint) }

func (l *Loop) saveTo(path string) error {
	if path == "" {
		return nil
	}
	var tensors []graph.Named
	add := func(prefix string, list []graph.Named) {
		for _, t := range list {
			tensors = append(tensors, graph.Named{Name: prefix + t.Name, Value: t.Value})
		}
	}
	if served := l.served(); served != nil {
		add("", served)
		add(rawPrefix, l.Params.Tensors(""))
	} else {
		add("", l.Params.Tensors(""))
	}
	add(optimPrefix, l.Optimizer.State())
	add(bestPrefix, l.best)
	if l.average != nil {
		add(meanPrefix, l.average.tensors)
	}
	for i, t := range l.carried {
		tensors = append(tensors, graph.Named{Name: fmt.Sprint(statePrefix, i), Value: t})
	}
	at, err := json.Marshal(l.at)
	if err != nil {
		return errors.Wrap(err, "train: checkpoint")
	}
	metadata := map[string]string{formatKey: formatString, loopKey: string(at)}
	if plateau, ok := l.Schedule.(*optim.Plateau); ok {
		s, err := json.Marshal(plateau)
		if err != nil {
			return errors.Wrap(err, "train: checkpoint")
		}
		metadata[scheduleKey] = string(s)
	}
	for k, v := range l.Metadata {
		metadata[k] = v
	}
	return errors.Wrap(graph.WriteSafetensors(path, tensors, metadata), "train: checkpoint")
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
	if err := json.Unmarshal([]byte(metadata[loopKey]), &c.at); err != nil {
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

// Step is the number of steps the run had made.
func (c *Checkpoint) Step() int { return c.at.Step }

// Weights puts the weights, averaged or the best ones if the run was so, into a store, replacing or adding them.
func (c *Checkpoint) Weights(p *graph.Params) error {
	return errors.Wrap(p.SetAll(c.weights), "train: checkpoint")
}

// Resume sets the loop to where the checkpoint was saved. The next Run continues from there, and with more Epochs or
// Steps than before it goes on past the old end.
func (l *Loop) Resume(c *Checkpoint) error {
	if len(c.state) != len(l.State) {
		return errors.Errorf("train: the checkpoint carries %d states; the model has %d", len(c.state), len(l.State))
	}
	carried := cloneAll(l.State)
	for i, t := range c.state {
		if t.Value.Dtype() != carried[i].Dtype() || !t.Value.Shape().Eq(carried[i].Shape()) {
			return errors.Errorf("train: checkpoint: state %d is %v %v; want %v %v (was the batch size changed?)",
				i, t.Value.Dtype(), t.Value.Shape(), carried[i].Dtype(), carried[i].Shape())
		}
	}
	if c.at.Batch > l.Data.Len() {
		return errors.Errorf("train: the checkpoint is at batch %d of a pass; the data have %d", c.at.Batch, l.Data.Len())
	}
	if err := c.Weights(l.Params); err != nil {
		return err
	}
	if c.raw != nil {
		if err := l.Params.SetAll(c.raw); err != nil {
			return errors.Wrap(err, "train: checkpoint")
		}
	}
	l.average = nil
	if l.Average > 0 && c.mean != nil {
		mean, err := inOrder(l.Params, c.mean)
		if err != nil {
			return err
		}
		l.average = &average{tensors: mean}
	}
	if err := l.Optimizer.Restore(l.Params, c.optim); err != nil {
		return errors.Wrap(err, "train: checkpoint")
	}
	if plateau, ok := l.Schedule.(*optim.Plateau); ok && c.schedule != "" {
		if err := json.Unmarshal([]byte(c.schedule), plateau); err != nil {
			return errors.Wrap(err, "train: checkpoint: schedule")
		}
	}
	for i, t := range c.state {
		carry(carried[i:i+1], []*tensor.Dense{t.Value})
	}
	l.carried, l.at, l.Seed, l.best = carried, c.at, c.at.Seed, c.best
	l.at.Done, l.ended = l.Finished(), false
	return nil
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
		if v == nil || v.Dtype() != p.Dtype() || !v.Shape().Eq(q.Value().Shape()) {
			return nil, errors.Errorf("train: checkpoint: average of %s: want %v %v, found %v", q.Name(), p.Dtype(), q.Shape(), v)
		}
		out[i] = graph.Named{Name: q.Name(), Value: v}
	}
	return out, nil
}

// Finished tells whether all steps have been made, so that Run has nothing to do: after Resume of a run that had come
// to its end, unless the loop now has more Epochs or Steps.
func (l *Loop) Finished() bool {
	return l.at.Epoch >= l.epochs() || l.Steps > 0 && l.at.Step >= l.Steps
}

// History is every whole pass that the run had made; Validation is NaN in those of a run without validation.
func (c *Checkpoint) History() []Pass {
	out := slices.Clone(c.at.History)
	for i := range out {
		if !c.at.Tested {
			out[i].Validation = math.NaN()
		}
	}
	return out
}
