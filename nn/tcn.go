package nn

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
)

// TCN is the temporal convolutional network of Bai, Kolter and Koltun (2018, arXiv 1803.01271): n blocks of two causal
// convolutions, whose dilation doubles from block to block. A result depends on its own step and those before it,
// 1 + 2·(Kernel-1)·(2^n - 1) steps in all.
//
//	y = ReLU(x + f(x))    f = drop∘ReLU∘conv2∘drop∘ReLU∘conv1
//
// Where a block changes the number of channels, x goes through a convolution of one step, called downsample. Dropout drops
// single elements, as in the authors' program.
//
// Parameters have the names of that program: network.0.conv1.weight_g, .weight_v and .bias, .conv2, .downsample.weight.
type TCN struct {
	Channels     []int // of each block
	Kernel       int   // how many steps a convolution sees
	Dropout      float64
	NoWeightNorm bool // plain weights in place of normalised ones
}

// Apply maps x [T, B, C] to [T, B, Channels of the last block]. Results do not depend on later steps.
func (n TCN) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if len(n.Channels) < 1 || len(n.Channels) > 30 {
		return g.Failf("TCN", "%d blocks (Channels); want 1 to 30", len(n.Channels))
	}
	if !isSequence(g, "TCN", x) {
		return graph.Node{}
	}
	for i, channels := range n.Channels {
		x = n.block(g.Scope("network").Scope(strconv.Itoa(i)), x, channels, 1<<i)
	}
	return x
}

func (n TCN) block(g *graph.Graph, x graph.Node, channels, dilation int) graph.Node {
	conv := Conv1D{Channels: channels, Kernel: n.Kernel, Dilation: dilation, Padding: PadCausal, WeightNorm: !n.NoWeightNorm}
	y := x
	for _, name := range []string{"conv1", "conv2"} {
		y = g.ReLU(conv.Apply(g.Scope(name), y))
		y = Dropout{Rate: n.Dropout}.Apply(g, y)
	}
	if x.Dim(2) != channels {
		x = Conv1D{Channels: channels, Kernel: 1}.Apply(g.Scope("downsample"), x)
	}
	return g.ReLU(g.Add(x, y))
}
