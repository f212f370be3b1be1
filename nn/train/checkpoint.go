package train

import (
	"encoding/json"
	"fmt"
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
	at       counters
	schedule string
}

// save writes the checkpoint, if the loop has a file for it.
func (l *Loop) save() error {
	if l.Checkpoint == "" {
		return nil
	}
	tensors := l.Params.Tensors("")
	for _, t := range l.Optimizer.State() {
		tensors = append(tensors, graph.Named{Name: optimPrefix + t.Name, Value: t.Value})
	}
	for _, t := range l.best {
		tensors = append(tensors, graph.Named{Name: bestPrefix + t.Name, Value: t.Value})
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
	return errors.Wrap(graph.WriteSafetensors(l.Checkpoint, tensors, metadata), "train: checkpoint")
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
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, optimPrefix); ok {
			c.optim = append(c.optim, graph.Named{Name: name, Value: t.Value})
		} else if name, ok := strings.CutPrefix(t.Name, bestPrefix); ok {
			c.best = append(c.best, graph.Named{Name: name, Value: t.Value})
		} else if strings.HasPrefix(t.Name, statePrefix) {
			c.state = append(c.state, t)
		} else {
			c.weights = append(c.weights, t)
		}
	}
	return c, nil
}

// Step is the number of steps the run had made.
func (c *Checkpoint) Step() int { return c.at.Step }

// Weights puts the weights into a store, replacing or adding them.
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
	l.at.Done = l.Finished()
	return nil
}

// Finished tells whether all steps have been made, so that Run has nothing to do: after Resume of a run that had come
// to its end, unless the loop now has more Epochs or Steps.
func (l *Loop) Finished() bool {
	return l.at.Epoch >= l.epochs() || l.Steps > 0 && l.at.Step >= l.Steps
}
