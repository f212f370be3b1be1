package linear_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// diagonalCells lists every cell whose state decays element by element, at a given width.
func diagonalCells(hidden int) map[string]recurrent.Scanner {
	return map[string]recurrent.Scanner{
		"mamba":        linear.Mamba{Hidden: hidden, State: 3, Rank: 2},
		"mamba plain":  linear.Mamba{Hidden: hidden, Inner: 1, State: 1, Kernel: 1, NoConvBias: true},
		"falcon mamba": linear.Mamba{Hidden: hidden, Inner: 3, State: 4, Kernel: 2, Rank: 3, Norm: linear.PlainNorm, Epsilon: 0.01},
		"jamba":        linear.Mamba{Hidden: hidden, Inner: 3, State: 4, Kernel: 3, Norm: linear.WeightedNorm, Bias: true},
	}
}

// Every cell at several sizes, ones among them: gradients, Step against Unroll, padding, Scan.
func TestDiagonalCells(t *testing.T) {
	for _, size := range []struct{ T, B, I, H int }{{1, 1, 1, 1}, {4, 2, 1, 4}, {5, 3, 4, 6}} {
		for name, cell := range diagonalCells(size.H) {
			c := celltest.Case{Cell: cell, Input: size.I, Steps: size.T, Batch: size.B}
			t.Run(fmt.Sprintf("%s/T%dB%dI%dH%d", name, size.T, size.B, size.I, size.H), func(t *testing.T) { celltest.Check(t, c) })
		}
	}
}
