package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/models"
)

// TestCommandTrainsTheSame: unroll train --pairs --lower cuts the same parts, makes the same words of them, and trains the same
// network to the same bits as this example: the figures of the example are those of the command.
func TestCommandTrainsTheSame(t *testing.T) {
	var p catalog.Pairs
	for i, who := range strings.Fields("Tom Mary He She They You I We") {
		for j, what := range strings.Fields("sleeps eats runs sings waits works drives reads") {
			p.Source = append(p.Source, fmt.Sprintf("%s %s, doesn't %s?", who, what, strings.ToLower(who)))
			p.Target = append(p.Target, fmt.Sprintf("%s %s, phải không?", strings.Repeat("Ai", i%3+1), strings.Repeat("a", j+1)))
		}
	}
	const seed = 3
	e := &experiment{minCount: 2}
	e.train, e.check, e.test = split(group(p), seed)
	if err := e.prepare(); err != nil {
		t.Fatal(err)
	}
	size := study.Size{Embedding: 12, Hidden: 16, Attention: recurrent.LuongGeneral, Dropout: 0.5}
	tr := study.NewTranslator(e.source, e.target, size, seed)
	fit, err := tr.Pairs(pairs(e.train))
	if err != nil {
		t.Fatal(err)
	}
	check, err := tr.Pairs(pairs(e.check))
	if err != nil {
		t.Fatal(err)
	}
	want, err := tr.Fit(study.Course{Epochs: 4, Batch: 8, Rate: 0.01, Smoothing: 0.1, Patience: 8, Seed: seed}, fit, check)
	if err != nil {
		t.Fatal(err)
	}

	c := models.Defaults(models.KindTranslator)
	c.Tokens, c.Translate.Lower, c.Embed, c.Hidden, c.Epochs, c.Batch, c.Rate, c.Seed = "word", true, 12, 16, 4, 8, 0.01, seed
	a, b, exam, err := models.Pairs{Sources: p.Source, Targets: p.Target}.Split(0.05, 0.1, seed)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.NewTranslator(c, a)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Fit(context.Background(), a, b, models.Run{})
	if err != nil {
		t.Fatal(err)
	}
	if exam.Len() != len(e.test) || exam.Sources[0] != e.test[0].text {
		t.Errorf("%d pairs to test, the first %q; want %d and %q", exam.Len(), exam.Sources[0], len(e.test), e.test[0].text)
	}
	for i, pass := range want.History {
		if got.History[i].TrainLoss != pass.TrainLoss || got.History[i].Validation != pass.Validation {
			t.Errorf("pass %d: losses %v and %v; want %v and %v", i+1, got.History[i].TrainLoss, got.History[i].Validation, pass.TrainLoss, pass.Validation)
		}
	}
}
