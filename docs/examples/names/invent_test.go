package main

import (
	"fmt"
	"math"
	"testing"

	"github.com/unroll-go/unroll/datasets/catalog"
)

// By hand: after ^ came a twice, after a came $ and b, after b came $; the letters are a, b and $.
func TestPairLoss(t *testing.T) {
	fit := catalog.Labelled{Texts: []string{"a", "ab"}, Labels: []int{0, 0}}
	got, err := pairLoss(fit, catalog.Labelled{Texts: []string{"ab", "b"}, Labels: []int{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	p := []float64{3.0 / 5, 2.0 / 5, 2.0 / 4, 1.0 / 3, 1.0 / 3} // ^a ab b$ of language 0; nothing is known of language 1
	want := 0.0
	for _, v := range p {
		want -= math.Log(v) / float64(len(p))
	}
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%g, want %g", got, want)
	}
}

func TestRuns(t *testing.T) {
	if got := fmt.Sprint(runs("Bá")); got != "[‹^› ‹B› ‹á› ‹$› ‹^B› ‹Bá› ‹á$› ‹^Bá› ‹Bá$›]" {
		t.Error(got)
	}
}
