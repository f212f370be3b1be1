package keras

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// classes are the layers that can be built, by their names in Keras.
var classes map[string]func(s settings) operation

// masks are operations on masks.
var masks = maskOperations()

// wrappers are the layers around a layer.
var wrappers map[string]func(r *parser, s settings) operation

func init() { // here, since wrappers look into classes
	wrappers = map[string]func(r *parser, s settings) operation{
		"Bidirectional": bidirectional, "TimeDistributed": timeDistributed,
	}
	classes = map[string]func(s settings) operation{
		"InputLayer": identity, "Embedding": embeddingLayer, "Masking": maskingLayer, "Dense": denseLayer,
		"SimpleRNN": recurrentLayer(SimpleRNN), "LSTM": recurrentLayer(LSTM), "GRU": recurrentLayer(GRU),
		"CuDNNLSTM": recurrentLayer(LSTM), "CuDNNGRU": recurrentLayer(GRU),

		"Dropout": dropoutLayer, "SpatialDropout1D": spatialDropout, "AlphaDropout": noise, "GaussianDropout": noise, "GaussianNoise": noise,
		"ActivityRegularization": identity, "Identity": identity,

		"Activation": func(s settings) operation { return elementwise(s.activation("activation", "linear")) },
		"ReLU":       reluLayer, "LeakyReLU": leakyLayer, "PReLU": preluLayer, "ELU": eluLayer, "Softmax": softmaxLayer,
		"ThresholdedReLU": thresholdedLayer,

		"Flatten": flattenLayer, "Reshape": reshapeLayer, "Permute": permuteLayer, "RepeatVector": repeatLayer,
		"ZeroPadding1D": padLayer, "Cropping1D": cropLayer,

		"Conv1D": convLayer, "Convolution1D": convLayer, "Conv2D": conv2DLayer,
		"MaxPooling1D": poolLayer(true, 1), "AveragePooling1D": poolLayer(false, 1),
		"MaxPooling2D": poolLayer(true, 2), "AveragePooling2D": poolLayer(false, 2),
		"GlobalMaxPooling1D": globalPoolLayer(true, 1), "GlobalAveragePooling1D": globalPoolLayer(false, 1),
		"GlobalMaxPooling2D": globalPoolLayer(true, 2), "GlobalAveragePooling2D": globalPoolLayer(false, 2),
		"BatchNormalization": batchNormLayer, "BatchNormalizationV1": batchNormLayer, "LayerNormalization": layerNormLayer,
		"UnitNormalization": unitNormLayer,

		"Concatenate": concatLayer, "Add": mergeLayer("Add"), "Subtract": mergeLayer("Subtract"), "Multiply": mergeLayer("Multiply"),
		"Average": mergeLayer("Average"), "Maximum": mergeLayer("Maximum"), "Minimum": mergeLayer("Minimum"), "Dot": dotLayer,

		"Attention": attentionLayer(false), "AdditiveAttention": attentionLayer(true), "MultiHeadAttention": multiHeadLayer,
	}
}

// elementwise is a layer without weights that passes its mask on.
func elementwise(f activation) operation {
	return operation{run: func(c *call) []value { return []value{{f(c.g, c.in[0].x), c.in[0].mask}} }}
}

func identity(settings) operation { return elementwise(activations["linear"]) }

// noise is for layers that add noise while training, which this library does not.
func noise(s settings) operation {
	s.note("it adds no noise in training")
	return identity(s)
}

func rate(s settings) float64 {
	r := s.number("rate", s.number("p", 0))
	if !(r >= 0 && r < 1) {
		s.problem("rate is %g; want 0 or more, and below 1", r)
		return 0
	}
	return r
}

func dropoutLayer(s settings) operation {
	r := rate(s)
	if s.values["noise_shape"] != nil {
		s.note("noise_shape has no effect in training")
	}
	return elementwise(func(g *graph.Graph, x graph.Node) graph.Node { return nn.Dropout{Rate: r}.Apply(g, x) })
}

// spatialDropout drops whole channels of [B, T, F].
func spatialDropout(s settings) operation {
	r := rate(s)
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Training() && r > 0 && x.Rank() == 3 {
			x = c.g.Mul(x, c.g.RandomMask(1-r, x.Dim(0), 1, x.Dim(2)))
		}
		return []value{{x, c.in[0].mask}}
	}}
}

func embeddingLayer(s settings) operation {
	tokens, size, zero := s.size("input_dim", 0), s.size("output_dim", 0), s.truth("mask_zero", false)
	return operation{
		take: func(t *taker) {
			table := t.next("table", tokens, size)
			t.put("weight", table, same(table.Shape))
		},
		run: func(c *call) []value {
			ids := c.in[0].x
			v := value{x: c.g.Gather(c.weight(c.g, "weight"), ids)}
			if zero {
				v.mask = c.g.IDMask(ids, 0)
			}
			return []value{v}
		},
	}
}

// maskingLayer zeroes the steps of [B, T, F] all of whose numbers are the mask's value, and masks them.
func maskingLayer(s settings) operation {
	v := s.number("mask_value", 0)
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() == nil && (x.Rank() < 2 || x.IsIDs()) {
			c.g.Failf("Keras", "%s wants numbers [B, T, F], found %v", c.layer.name, x)
			return nil
		}
		mask := c.g.Max(different(c.g, x, v), -1)
		return []value{{c.g.Where(mask, x, c.g.Full(0)), mask}}
	}}
}

// different is 1 where x is not v, and 0 where it is. The smallest difference, 1e-45, times 1e38 twice is above 1.
func different(g *graph.Graph, x graph.Node, v float64) graph.Node {
	d := g.Abs(g.AddScalar(x, -v))
	for range 2 {
		d = g.Clamp(g.MulScalar(d, 1e38), 0, 1)
	}
	return d
}

func denseLayer(s settings) operation {
	units, f, bias := s.size("units", 0), s.activation("activation", "linear"), s.truth("use_bias", true)
	return operation{
		take: func(t *taker) {
			k := t.next("kernel", -1, units)
			t.put("weight", k, kernel([]int{0}, units, k.Shape[0]))
			if bias {
				t.put("bias", t.next("bias", units), same([]int{units}))
			}
		},
		run: func(c *call) []value {
			y := c.g.MatMulT(c.in[0].x, c.weight(c.g, "weight"))
			if bias {
				y = c.g.Add(y, c.weight(c.g, "bias"))
			}
			return []value{{f(c.g, y), c.in[0].mask}}
		},
	}
}

// timeDistributed applies a layer to every step of [B, T, ...].
func timeDistributed(r *parser, s settings) operation {
	inner, _, class := r.inner(s, "layer")
	if inner.run == nil {
		return inner
	}
	if class == "Dense" || class == "Dropout" || class == "Activation" {
		inner.parts = []string{"layer"}
		return inner // they take any number of axes
	}
	parts := inner.parts
	if parts == nil {
		parts = []string{""}
	}
	out := operation{take: inner.take}
	for _, p := range parts {
		out.parts = append(out.parts, "layer/"+p)
	}
	out.run = func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() != nil || x.Rank() < 2 {
			c.g.Failf("Keras", "%s wants steps [B, T, ...], found %v", c.layer.name, x)
			return nil
		}
		shape := x.Shape()
		one := *c
		one.in = []value{{x: c.g.Reshape(x, append([]int{shape[0] * shape[1]}, shape[2:]...)...)}}
		results := inner.run(&one)
		if c.g.Err() != nil {
			return nil
		}
		y := results[0].x
		return []value{{c.g.Reshape(y, append([]int{shape[0], shape[1]}, y.Shape()[1:]...)...), c.in[0].mask}}
	}
	return out
}

func reluLayer(s settings) operation {
	top, slope, from := s.number("max_value", 0), s.number("negative_slope", 0), s.number("threshold", 0)
	if from != 0 {
		s.problem("threshold is %g; only 0 is supported", from)
	}
	limited := s.values["max_value"] != nil
	return elementwise(func(g *graph.Graph, x graph.Node) graph.Node {
		y := g.ReLU(x)
		if limited {
			y = g.Clamp(x, 0, top)
		}
		if slope != 0 {
			y = g.Sub(y, g.MulScalar(g.ReLU(g.Neg(x)), slope))
		}
		return y
	})
}

func leakyLayer(s settings) operation {
	slope := s.number("negative_slope", s.number("alpha", 0.3))
	return elementwise(func(g *graph.Graph, x graph.Node) graph.Node { return leaky(g, x, slope) })
}

func eluLayer(s settings) operation {
	alpha := s.number("alpha", 1)
	return elementwise(func(g *graph.Graph, x graph.Node) graph.Node { return elu(g, x, alpha) })
}

// thresholdedLayer is x above theta, and 0 up to it.
func thresholdedLayer(s settings) operation {
	theta := s.number("theta", 1)
	return elementwise(func(g *graph.Graph, x graph.Node) graph.Node {
		return g.Where(different(g, g.ReLU(g.AddScalar(x, -theta)), 0), x, g.Full(0))
	})
}

func preluLayer(s settings) operation {
	return operation{
		take: func(t *taker) {
			if len(t.arrays) == 0 {
				t.next("alpha", -1)
				return
			}
			open := slices.Repeat([]int{-1}, len(t.arrays[0].Shape))
			a := t.next("alpha", open...)
			t.put("weight", a, same(a.Shape))
		},
		run: func(c *call) []value {
			x := c.in[0].x
			below := c.g.Mul(c.g.ReLU(c.g.Neg(x)), c.weight(c.g, "weight"))
			return []value{{c.g.Sub(c.g.ReLU(x), below), c.in[0].mask}}
		},
	}
}

func softmaxLayer(s settings) operation {
	s.only("axis", -1)
	return operation{run: func(c *call) []value {
		if c.in[0].mask.Valid() {
			c.g.Failf("Keras", "%s has a mask, which a Softmax layer would add to its input; that is not supported", c.layer.name)
			return nil
		}
		return []value{{x: c.g.Softmax(c.in[0].x, -1)}}
	}}
}
