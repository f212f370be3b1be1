package lessons

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// result runs a lesson and returns its last event.
func result(t *testing.T, s *Session, name, settings string) Result {
	t.Helper()
	var r Result
	err := s.Run(context.Background(), name, []byte(settings), func(event any) error {
		if done, ok := event.(Result); ok {
			if r.Done {
				t.Errorf("%s has two results", name)
			}
			r = done
		}
		text, err := json.Marshal(event) // a browser gets it so; NaN would fail
		if err == nil && len(text) > 1<<20 {
			err = fmt.Errorf("an event of %d bytes", len(text))
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s %s: %v", name, settings, err)
	}
	if !r.Done {
		t.Fatalf("%s has no result", name)
	}
	return r
}

// What the page says of each lesson is so.
func TestClaims(t *testing.T) {
	s := &Session{}
	memory := result(t, s, "memory", "")
	if memory.Accuracy != 1 || memory.Answer != "red" {
		t.Errorf("the network with memory: accuracy %g, apple is %s", memory.Accuracy, memory.Answer)
	}
	if without := memory.Rows[1]; without[0] != "feedforward" || strings.HasPrefix(without[1], "100") {
		t.Errorf("the network without memory: %v", without)
	}
	look := result(t, s, "look", `{"sentence": "Grass that I see is"}`)
	if look.Answer != "green" || len(look.States) != 5 || len(look.Norms) != 5 || len(look.Next) != 5 || len(look.States[0]) != 24 {
		t.Errorf("looking inside: %s, %d states", look.Answer, len(look.States))
	}
	for i, v := range look.Norms {
		if !(v > 0) {
			t.Errorf("the gradient of state %d has norm %g", i, v)
		}
	}
	gap := result(t, s, "gap", "")
	if gap.Accuracy != 1 || gap.Rows[2][2] != "apple trees are tall" || gap.Rows[2][3] != "apple pies are sweet" || strings.HasPrefix(gap.Rows[1][1], "100") {
		t.Errorf("the gap: %v", gap.Rows)
	}
	if r := result(t, s, "distance", `{"network": "lstm", "distance": 3}`); r.Accuracy != 1 || r.Answer != "fish" || len(r.Lines) != 3 || len(r.Lines[0].Y) != 9 {
		t.Errorf("three words: accuracy %g, answer %s, %d gates", r.Accuracy, r.Answer, len(r.Lines))
	}
	if r := result(t, s, "distance", `{"network": "rnn", "distance": 60}`); r.Accuracy > 0.5 || len(r.Lines) != 0 {
		t.Errorf("sixty words and no gates: accuracy %g", r.Accuracy)
	}
	if r := result(t, s, "distance", `{"network": "gru-chrono", "distance": 60}`); r.Accuracy < 0.95 || len(r.Lines) != 2 {
		t.Errorf("sixty words and open gates: accuracy %g, %d gates", r.Accuracy, len(r.Lines))
	}
}

func TestKinds(t *testing.T) {
	s := &Session{}
	if r := result(t, s, "one", ""); r.Accuracy < 0.9 || len(r.Pictures) != 10 {
		t.Errorf("digits: %g", r.Accuracy)
	}
	if r := result(t, s, "many", ""); len(r.Rows) != len(languages)+1 || len(r.Rows[1][1]) < 8 {
		t.Errorf("names: %v", r.Rows)
	}
	if r := result(t, s, "label", `{"sentence": "Nguyễn Minh"}`); r.Accuracy < 0.6 || r.Answer != "Vietnamese" {
		t.Errorf("languages: %g, %s", r.Accuracy, r.Answer)
	}
	if r := result(t, s, "tags", ""); r.Accuracy < 0.99 || r.Next[1][0].Word != "VERB" || r.Next[3][0].Word != "NOUN" {
		t.Errorf("tags: %g, %v", r.Accuracy, r.Next)
	}
	if r := result(t, s, "tags", `{"sentence": "the watch is old"}`); r.Next[1][0].Word != "NOUN" {
		t.Errorf("the watch: %v", r.Next)
	}
	if r := result(t, s, "translate", ""); r.Accuracy < 0.9 || r.Answer != "402" || len(r.Weights) != 3 || len(r.Weights[0]) != 3 {
		t.Errorf("numbers: %g, %s, %v", r.Accuracy, r.Answer, r.Weights)
	}
}

func TestGradients(t *testing.T) {
	s := &Session{}
	for gain, want := range map[string]string{"0.5": "vanishing", "1": "healthy", "2.5": "exploding"} {
		r := result(t, s, "flow", `{"gain": `+gain+`}`)
		if r.Rows[1][2] != want || r.Rows[2][2] != "healthy" || len(r.Lines[0].Y) != 60 {
			t.Errorf("gain %s: %v", gain, r.Rows)
		}
	}
	loose, held := result(t, s, "clipping", ""), result(t, s, "clipping", `{"clip": true}`)
	var loss [2]float64
	for i, r := range []Result{loose, held} {
		if _, err := fmt.Sscan(r.Rows[1][1], &loss[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !(loss[0] > math.Log(symbols)) || !(loss[1] < loss[0]) {
		t.Errorf("a training loss of %g without clipping, and %g with; guessing is %.3f", loss[0], loss[1], math.Log(symbols))
	}
	if r := result(t, s, "fit", `{"hidden": 1}`); r.Answer != "underfits" {
		t.Errorf("one unit: %v", r.Rows)
	}
	if r := result(t, s, "fit", ""); r.Answer != "overfits" {
		t.Errorf("many units: %v", r.Rows)
	}
}

func TestLength(t *testing.T) {
	s := &Session{}
	order := result(t, s, "order", "")
	if order.Accuracy != 1 || order.Rows[2][1] != "100 %" || order.Rows[1][1] == "100 %" {
		t.Errorf("order: %v", order.Rows)
	}
	if r := result(t, s, "cost", ""); len(r.Lines) != 2 || len(r.Rows) != 6 {
		t.Errorf("cost: %v", r.Rows)
	}
	w := result(t, s, "weights", `{"steps": 7, "layers": 2}`)
	if rows := w.Rows; rows[1][2] != rows[2][2] || rows[3][2] == rows[2][2] || rows[4][2] == rows[3][2] ||
		rows[5][0] != "7" || rows[5][1] != "2" || rows[5][2] != rows[3][2] || w.Answer != rows[5][2] {
		t.Errorf("weights: %v, %s", rows, w.Answer)
	}
	if r := result(t, s, "scan", ""); r.Accuracy > 1e-5 {
		t.Errorf("a scan differs by %g", r.Accuracy)
	}
}

func TestRefusals(t *testing.T) {
	s := &Session{}
	drop := func(any) error { return nil }
	for name, c := range map[string][2]string{
		"no lesson is called":      {"cooking", ""},
		"reading the settings":     {"gap", "{"},
		"a distance of -1 words":   {"distance", `{"distance": -1}`},
		"no network is called":     {"distance", `{"network": "transformer"}`},
		"a gain of 100":            {"flow", `{"gain": 100}`},
		"train the network of":     {"look", ""},
		"300 hidden units":         {"fit", `{"hidden": 300}`},
		"dropout of 1":             {"fit", `{"dropout": 1}`},
		"a sentence of 600 bytes":  {"tags", `{"sentence": "` + strings.Repeat("a", 600) + `"}`},
		"501 steps; want 0 to 500": {"flow", `{"steps": 501}`},
		"5 layers; want 0 to 4":    {"weights", `{"layers": 5}`},
	} {
		if err := s.Run(context.Background(), c[0], []byte(c[1]), drop); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	result(t, s, "memory", "")
	if err := s.Run(context.Background(), "look", []byte(`{"sentence": "Zebra is"}`), drop); err == nil || !strings.Contains(err.Error(), `does not know "zebra"`) {
		t.Errorf("an unknown word: %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(cancelled, "gap", nil, drop); !errors.Is(err, context.Canceled) {
		t.Errorf("a lesson that is ended: %v", err)
	}
}
