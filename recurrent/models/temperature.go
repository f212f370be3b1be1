package models

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/train/calibrate"
)

// temperatureKey is the entry of a classifier's metadata with its temperature; without it, that is 1.
const temperatureKey = "temperature"

// temperature is what logits are divided by before they become probabilities; 0 stands for 1.
type temperature float64

func (t temperature) value() float64 {
	if t == 0 {
		return 1
	}
	return float64(t)
}

// read takes the temperature out of a file's metadata.
func (t *temperature) read(path string, metadata map[string]string) error {
	text, ok := metadata[temperatureKey]
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), (*float64)(t)); err != nil {
		return errors.Wrapf(err, "%s: its %s cannot be read", path, temperatureKey)
	}
	if !(*t >= 1.0/calibrate.MaxTemperature && *t <= calibrate.MaxTemperature) {
		return errors.Errorf("%s: its %s is %s; want a number from %g to %d",
			path, temperatureKey, text, 1.0/calibrate.MaxTemperature, calibrate.MaxTemperature)
	}
	return nil
}

// Temperature is what logits are divided by before they become the probabilities of predictions and evaluations: 1, unless Calibrate
// has found another.
func (m *Classifier) Temperature() float64 { return m.heat.value() }

// Calibrate finds the temperature with which the probabilities fit the labels of examples best, and which predictions and
// evaluations have from then on: examples that the model was not trained on, such as those to stop by. Which label is the likeliest
// stays. A later training of the model forgets it. No other call may run at the same time.
func (m *Classifier) Calibrate(e Examples) error {
	if err := m.made(); err != nil {
		return err
	}
	if e.Len() == 0 {
		return errors.New("models: there are no examples to calibrate with")
	}
	ids, err := m.read(e)
	if err != nil {
		return err
	}
	truth, err := m.labelIDs(e)
	if err != nil {
		return err
	}
	rows, err := m.logits(ids)
	if err != nil {
		return err
	}
	wide := make([][]float64, len(rows))
	for i, row := range rows {
		for _, v := range row {
			wide[i] = append(wide[i], float64(v))
		}
	}
	t, err := calibrate.Temperature(wide, truth)
	if err != nil {
		return err
	}
	m.heat = temperature(t)
	return nil
}

// SaveTemperature writes the temperature into the file that the model was loaded from. All else in the file stays, what a training
// goes on from included; it must have the weights that it had then.
func (m *Classifier) SaveTemperature() error {
	if err := m.made(); err != nil {
		return err
	}
	if m.path == "" {
		return errors.New("models: the model was not loaded from a file; Save writes its temperature, too")
	}
	tensors, metadata, err := graph.ReadSafetensors(m.path)
	if err != nil {
		return err
	}
	f, err := parseFile(m.path, tensors, metadata)
	if err != nil {
		return err
	}
	for _, w := range f.weights {
		own := m.params.Get(w.Name)
		if f.kind != KindClassifier || own == nil || !sameBits(weights.Of(own).Float32s(), w.Value.Float32s()) {
			return errors.Errorf("%s has changed since the model was loaded", m.path)
		}
	}
	text, err := json.Marshal(m.Temperature())
	if err != nil {
		return err
	}
	metadata[temperatureKey] = string(text)
	return graph.WriteSafetensors(m.path, tensors, metadata)
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// Import replaces the weights, see core.Import; a temperature of other weights is forgotten.
func (m *Classifier) Import(path string) error {
	if err := m.core.Import(path); err != nil {
		return err
	}
	m.heat = 0
	return nil
}
