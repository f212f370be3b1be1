package keras

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// Squeeze is a Function for classes that take an axis of length 1 away: "axis" of the configuration, the last one unless it says.
func Squeeze(g *graph.Graph, config map[string]any, _ []string, in []graph.Node) graph.Node {
	if len(in) != 1 || !in[0].Valid() || g.Err() != nil {
		return g.Failf("Squeeze", "%d inputs; want one", len(in))
	}
	axis, shape := -1, in[0].Shape()
	if v, ok := config["axis"].(float64); ok {
		axis = int(v)
	}
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 1 || axis >= len(shape) || shape[axis] != 1 {
		return g.Failf("Squeeze", "axis %v of shape %v; want one of length 1, after that of the batch", config["axis"], shape)
	}
	return g.Reshape(in[0], slices.Delete(shape, axis, axis+1)...)
}

// WeightedAverage is a Function for classes that average steps with learned weights, such as the AttentionWeightedAverage of
// DeepMoji (Felbo et al., 2017) and textgenrnn: [B, T, F] gives Σ_t softmax_t(x_t·w) x_t, [B, F], with an array w [F, 1].
func WeightedAverage(g *graph.Graph, _ map[string]any, arrays []string, in []graph.Node) graph.Node {
	if len(in) != 1 || len(arrays) != 1 || !in[0].Valid() || in[0].Rank() != 3 {
		return g.Failf("WeightedAverage", "%d inputs and %d arrays; want one of each, [B, T, F] and [F, 1]", len(in), len(arrays))
	}
	w := g.Param(arrays[0], nil, in[0].Dim(2), 1)
	return g.Sum(g.Mul(in[0], g.Softmax(g.MatMul(in[0], w), 1)), 1)
}
