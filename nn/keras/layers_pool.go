package keras

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// poolLayer is MaxPooling1D or AveragePooling1D of [B, T, C], or, of two axes, MaxPooling2D or AveragePooling2D of [B, H, W, C].
func poolLayer(largest bool, axes int) func(s settings) operation {
	return func(s settings) operation {
		if s.values["pool_size"] == nil {
			s.values["pool_size"] = float64(2)
		}
		ws := windows(s, axes, "pool_size", nil, "valid", "same")
		return operation{run: func(c *call) []value {
			x := c.in[0].x
			if !c.pooled(x, axes) {
				return nil
			}
			if largest {
				return []value{{x: c.g.Max(c.g.Stack(views(c, x, ws, -math.MaxFloat32)...), 0)}}
			}
			y := c.g.Sum(c.g.Stack(views(c, x, ws, 0)...), 0)
			for i, w := range ws {
				if c.g.Err() != nil {
					return nil
				}
				shape := append([]int{y.Dim(i + 1)}, slices.Repeat([]int{1}, axes-i)...)
				y = c.g.Mul(y, c.g.Const(dense(c.g.Params().Dtype(), w.shares(x.Dim(i+1)), shape)))
			}
			return []value{{x: y}}
		}}
	}
}

// pooled tells whether x is what a pooling of some axes reads: numbers, with a batch before them and channels behind.
func (c *call) pooled(x graph.Node, axes int) bool {
	if c.g.Err() == nil && (x.Rank() != axes+2 || x.IsIDs()) {
		c.g.Failf("Keras", "%s wants %s, found %v", c.layer.name, []string{"a sequence [B, T, C]", "pictures [B, H, W, C]"}[axes-1], x)
	}
	return c.g.Err() == nil
}

// shares are one over the numbers of steps that each window covers; padding does not count.
func (w window) shares(n int) []float64 {
	before, _, results := w.places(n)
	out := make([]float64, results)
	for i := range out {
		start := i*w.stride - before
		out[i] = 1 / float64(min(start+w.size, n)-max(start, 0))
	}
	return out
}

// globalPoolLayer is GlobalMaxPooling1D or GlobalAveragePooling1D of [B, T, C], or those of two axes of [B, H, W, C]. The mean is that
// of the steps that are not masked; the maximum is of all.
func globalPoolLayer(largest bool, axes int) func(s settings) operation {
	return func(s settings) operation {
		s.only("data_format", "channels_last")
		keep := s.truth("keepdims", false)
		over := []int{1, 2}[:axes]
		return operation{run: func(c *call) []value {
			x, mask := c.in[0].x, c.in[0].mask
			if !c.pooled(x, axes) {
				return nil
			}
			var y graph.Node
			switch {
			case largest:
				y = c.g.Max(x, over...)
			case mask.Valid() && axes == 1:
				m := c.g.Reshape(mask, x.Dim(0), x.Dim(1), 1)
				y = c.g.Div(c.g.Sum(c.g.Mul(x, m), 1), c.g.Sum(m, 1))
			default:
				y = c.g.Mean(x, over...)
			}
			if keep {
				y = c.g.Reshape(y, slices.Concat([]int{x.Dim(0)}, slices.Repeat([]int{1}, axes), []int{x.Dim(-1)})...)
			}
			return []value{{x: y}}
		}}
	}
}
