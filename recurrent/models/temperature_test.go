package models

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// mislabelled are opinions of which every fifth has the wrong label, so that nobody can be certain.
func mislabelled(n int) Examples {
	e := opinions(n)
	for i := 0; i < n; i += 5 {
		if e.Labels[i] == "positive" {
			e.Labels[i] = "negative"
		} else {
			e.Labels[i] = "positive"
		}
	}
	return e
}

// A classifier that is too certain is less so after Calibrate; its labels stay, a file keeps the temperature and all that a
// training goes on from, and a training forgets it.
func TestCalibrate(t *testing.T) {
	m := newClasses(t, Config{Epochs: 25})
	path := filepath.Join(t.TempDir(), "m.safetensors")
	fit, valid, _, err := opinions(100).Split(0.1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), fit, valid, Run{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	if m, err = LoadClassifier(path); err != nil || m.Temperature() != 1 {
		t.Fatal(err, m.Temperature())
	}
	plain := bytesOf(t, path)
	hard := mislabelled(60)
	before, err := m.Evaluate(hard)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Calibrate(hard); err != nil {
		t.Fatal(err)
	}
	after, err := m.Evaluate(hard)
	if err != nil || !(after.Loss < before.Loss) || !(m.Temperature() > 1.2) || after.Confusion.Accuracy() != before.Confusion.Accuracy() {
		t.Errorf("temperature %g: loss %g after %g, %v", m.Temperature(), after.Loss, before.Loss, err)
	}
	if err := m.SaveTemperature(); err != nil {
		t.Fatal(err)
	}
	again, err := LoadClassifier(path)
	if err != nil || again.Temperature() != m.Temperature() || !again.Trained() {
		t.Fatalf("temperature %g, want %g; %v", again.Temperature(), m.Temperature(), err)
	}
	if e, err := again.Evaluate(hard); err != nil || e.Loss != after.Loss {
		t.Errorf("loss %g, want %g; %v", e.Loss, after.Loss, err)
	}
	other, err := again.With(again.Config())
	if err != nil || other.Temperature() != m.Temperature() {
		t.Errorf("%g, %v", other.Temperature(), err)
	}
	if other, err = again.Relabelled(again.Config(), []string{"a", "b"}); err != nil || other.Temperature() != 1 {
		t.Errorf("%g, %v", other.Temperature(), err)
	}
	if _, err := again.Loop(fit, valid, Run{}); err != nil || again.Temperature() != 1 {
		t.Errorf("%g before a training, %v", again.Temperature(), err)
	}
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	delete(metadata, temperatureKey)
	if err := graph.WriteSafetensors(path, tensors, metadata); err != nil || !bytes.Equal(bytesOf(t, path), plain) {
		t.Errorf("without its temperature, the file is another one than before; %v", err)
	}
}

func bytesOf(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCalibrateRefuses(t *testing.T) {
	m := newClasses(t, Config{})
	if err := m.Calibrate(Examples{}); err == nil || !strings.Contains(err.Error(), "no examples to calibrate with") {
		t.Error(err)
	}
	if err := m.SaveTemperature(); err == nil || !strings.Contains(err.Error(), "was not loaded from a file") {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadClassifier(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := newClasses(t, Config{Seed: 9}).Save(path); err != nil {
		t.Fatal(err)
	}
	if err := loaded.SaveTemperature(); err == nil || !strings.Contains(err.Error(), "has changed since the model was loaded") {
		t.Error(err)
	}
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"0", "-1", "1e9", `"hot"`, "null", "", "[2]", "1e400"} {
		metadata[temperatureKey] = wrong
		if err := graph.WriteSafetensors(path, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadClassifier(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "temperature") {
			t.Errorf("temperature %q: %v", wrong, err)
		}
	}
	if v := (&Classifier{}).Temperature(); math.Abs(v-1) > 0 {
		t.Errorf("temperature %g of no model", v)
	}
}
