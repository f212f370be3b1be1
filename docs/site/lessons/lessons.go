// Package lessons has the experiments of the page "What is a recurrent network?": trainings of some seconds, which run in a
// browser as well as in a command. Each is asked for by name, and tells how it goes by events, objects of JSON, the last of
// which is its result.
package lessons

import (
	"context"
	"encoding/json"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"sort"

	"github.com/pkg/errors"
)

// Settings are what a reader can change. A lesson looks at its own and takes those that are zero for what it has itself.
type Settings struct {
	Network  string  `json:"network"`  // which of the networks that the lesson compares
	Sentence string  `json:"sentence"` // of the reader
	Distance int     `json:"distance"` // words between a fact and the question
	Gain     float64 `json:"gain"`     // size of the recurrent weights
	Steps    int     `json:"steps"`    // T
	Clip     bool    `json:"clip"`     // shorten large gradients
	Hidden   int     `json:"hidden"`   // width of the state
	Layers   int     `json:"layers"`   // of recurrent cells, one on top of the other
	Dropout  float64 `json:"dropout"`
}

// check refuses what would take a browser's memory or time.
func (s Settings) check() error {
	switch {
	case s.Distance < 0 || s.Distance > 200:
		return errors.Errorf("lessons: a distance of %d words; want 0 to 200", s.Distance)
	case !(s.Gain >= 0 && s.Gain <= 10):
		return errors.Errorf("lessons: a gain of %g; want 0 to 10", s.Gain)
	case s.Steps < 0 || s.Steps > 500:
		return errors.Errorf("lessons: %d steps; want 0 to 500", s.Steps)
	case s.Hidden < 0 || s.Hidden > 256:
		return errors.Errorf("lessons: %d hidden units; want 0 to 256", s.Hidden)
	case s.Layers < 0 || s.Layers > 4:
		return errors.Errorf("lessons: %d layers; want 0 to 4", s.Layers)
	case !(s.Dropout >= 0 && s.Dropout < 1):
		return errors.Errorf("lessons: dropout of %g; want at least 0 and below 1", s.Dropout)
	case len(s.Sentence) > 500:
		return errors.Errorf("lessons: a sentence of %d bytes; want 500 at most", len(s.Sentence))
	}
	return nil
}

// or is a setting, or what the lesson has for it.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Session keeps the networks that lessons have trained, for lessons that ask them. It runs one lesson at a time.
type Session struct {
	networks map[string]*cloze.Network
}

// lesson is one experiment.
type lesson struct {
	*Session
	Settings
	ctx  context.Context
	emit func(event any) error
}

var table = map[string]func(l *lesson) error{
	"memory":    (*lesson).memory,
	"look":      (*lesson).look,
	"gap":       (*lesson).gap,
	"distance":  (*lesson).distance,
	"one":       (*lesson).oneToOne,
	"many":      (*lesson).oneToMany,
	"label":     (*lesson).manyToOne,
	"tags":      (*lesson).manyToMany,
	"translate": (*lesson).translate,
	"flow":      (*lesson).flow,
	"clipping":  (*lesson).clipping,
	"fit":       (*lesson).fit,
	"order":     (*lesson).order,
	"cost":      (*lesson).cost,
	"weights":   (*lesson).weights,
	"scan":      (*lesson).scan,
}

// Names lists the lessons.
func Names() []string {
	names := make([]string, 0, len(table))
	for n := range table {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Run runs a lesson with settings in JSON, and calls emit with each event. It ends early with ctx's error, or with that of emit.
func (s *Session) Run(ctx context.Context, name string, settings []byte, emit func(event any) error) error {
	run, ok := table[name]
	if !ok {
		return errors.Errorf("lessons: no lesson is called %q; there are %v", name, Names())
	}
	l := &lesson{Session: s, ctx: ctx, emit: emit}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &l.Settings); err != nil {
			return errors.Wrap(err, "lessons: reading the settings")
		}
	}
	if err := l.check(); err != nil {
		return err
	}
	if s.networks == nil {
		s.networks = map[string]*cloze.Network{}
	}
	return run(l)
}

// Progress is an event while a network trains.
type Progress struct {
	Series   string  `json:"series"` // which network, or which of its losses
	Step     int     `json:"step"`
	Steps    int     `json:"steps"`
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"` // on what is not trained on, 0 to 1; -1 if it was not measured
}

// Result is the last event of a lesson; each lesson fills some of it.
type Result struct {
	Done     bool          `json:"done"`
	Accuracy float64       `json:"accuracy"`
	Answer   string        `json:"answer,omitempty"`
	Rows     [][]string    `json:"rows,omitempty"`    // a table, its first row the headings, which are keys of the page's texts
	Lines    []Line        `json:"lines,omitempty"`   // to draw
	Words    []string      `json:"words,omitempty"`   // steps of the sentence
	States   [][]float64   `json:"states,omitempty"`  // [T][H]
	Norms    []float64     `json:"norms,omitempty"`   // [T], of the gradient of each state
	Next     [][]Candidate `json:"next,omitempty"`    // [T], what is expected after each step
	Weights  [][]float64   `json:"weights,omitempty"` // attention, [target][source]
	Targets  []string      `json:"targets,omitempty"`
	Pictures []Picture     `json:"pictures,omitempty"`
}

// Line is a line of a diagram.
type Line struct {
	Name string    `json:"name"`
	X    []float64 `json:"x,omitempty"`
	Y    []float64 `json:"y"`
}

// Candidate is an answer with its probability.
type Candidate struct {
	Word        string  `json:"word"`
	Probability float64 `json:"p"`
}

// Picture is a small picture with its true and its predicted class.
type Picture struct {
	Pixels    []float32 `json:"pixels"` // [8, 8], 0 to 1
	Truth     string    `json:"truth"`
	Predicted string    `json:"predicted"`
}
