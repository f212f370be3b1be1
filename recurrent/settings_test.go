package recurrent_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Every parameter of every cell, by name and shape, at I = 3.
func TestParameters(t *testing.T) {
	for want, cell := range map[string]recurrent.Cell{
		"weight_ih[8 3] weight_hh[8 2] bias_ih[8] bias_hh[8] weight_ch[6]":   recurrent.LSTM{Hidden: 2, Peepholes: true},
		"weight_ih[8 3] weight_hh[8 1] bias_ih[8] bias_hh[8] weight_hr[1 2]": recurrent.LSTM{Hidden: 2, Projection: 1},
		"weight_ih[6 3] weight_hh[6 2] bias_ih[6] bias_hh[6]":                recurrent.LSTM{Hidden: 2, Coupled: true},
		"weight_ih[6 3] weight_hh[6 2] bias_ih[6] bias_hh[6] weight_ch[4]": recurrent.LSTM{
			Hidden: 2, NoForget: true, Peepholes: true},
		"weight_ih[8 3] weight_hh[8 2] bias_ih[8] bias_hh[8] norm_ih[8] norm_hh[8] norm_ch[2] bias_ch[2]": recurrent.LSTM{
			Hidden: 2, LayerNorm: true},
		"weight_ih[6 3] weight_hh[6 2] bias_ih[6] bias_hh[6] norm_ih[6] norm_hh[6]": recurrent.GRU{Hidden: 2, LayerNorm: true},
		"weight_ih[4 3] bias_ih[4] weight_hh[4 2]":                                  recurrent.MGU{Hidden: 2},
		"weight_ih[4 3] norm_ih[4] weight_hh[4 2] bias_ih[4]":                       recurrent.LiGRU{Hidden: 2, LayerNorm: true},
		"weight_hh[2] weight_ih[2 3] bias_ih[2]":                                    recurrent.IndRNN{Hidden: 2},
		"weight_ih[2 3] bias_ih[2] weight_hh[2 2] weight_zh[2 2]":                   recurrent.CoRNN{Hidden: 2},
		"weight_ih[8 3] bias_ih[4] weight_ch[4]":                                    recurrent.SRU{Hidden: 2, Peepholes: true},
		"weight_ih[9 3] bias_ih[6]":                                                 recurrent.SRU{Hidden: 3},
		"weight_ih[6 3] bias_ih[6] weight_ih_1[6 3] weight_ih_2[6 3]":               recurrent.QRNN{Hidden: 2, Window: 3},
		"weight_ih[4 3] bias_ih[4]":                                                 recurrent.MinGRU{Hidden: 2},
		"weight_im[2 3] weight_hm[2 2] weight_hh[8 2] weight_ih[8 3] bias_ih[8]":    recurrent.MultiplicativeLSTM{Hidden: 2},
		"weight_ih[6 3] bias_ih[6]":                                                 recurrent.MinLSTM{Hidden: 2},
		"nu[5] weight_ih[5 3] weight_hr[2 5] weight_xr[2 3] bias_hr[2]":             recurrent.LRU{Hidden: 2, State: 5},
		"weight_ih[16 3] bias_ih[16] weight_hh[16 2]":                               recurrent.SLSTM{Hidden: 4, Heads: 2},
		"weight_ih[20 3] bias_ih[20]":                                               recurrent.MLSTM{Hidden: 4, Heads: 2},
		"bias_ih[8] weight_ih[8 1 5] weight_hh[8 2 5] weight_ch[18]": recurrent.ConvLSTM{Places: 3, Channels: 2, Kernel: 5,
			Peepholes: true},
	} {
		p := started(t, cell, 3)
		var got []string
		for i := 0; i < p.Len(); i++ {
			got = append(got, fmt.Sprint(strings.TrimSuffix(p.At(i).Name(), "_l0"), p.At(i).Shape()))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%+v has %s; want %s", cell, s, want)
		}
	}
}

// started returns a new store with a cell's weights.
func started(t *testing.T, cell recurrent.Cell, inputs int) *graph.Params {
	t.Helper()
	p := graph.NewParams64(1)
	if _, err := graph.NewFunc(p, sequenceLoss(cell, recurrent.Options{})).Run(graphtest.Random(1, 2, 1, inputs)); err != nil {
		t.Fatal(err)
	}
	return p
}

// What the papers say weights should start at.
func TestStartsOfThePapers(t *testing.T) {
	for name, c := range map[string]struct {
		cell  recurrent.Cell
		param string
		want  []float64
	}{
		"irnn":    {recurrent.RNN{Hidden: 2, ReLU: true, Identity: true}, "weight_hh", []float64{1, 0, 0, 1}},
		"coupled": {recurrent.LSTM{Hidden: 1, Coupled: true}, "bias_ih", []float64{-1, 0, 0}},
		"1997":    {recurrent.LSTM{Hidden: 1, NoForget: true}, "bias_ih", []float64{0, 0, 0}},
		"gains":   {recurrent.LSTM{Hidden: 1, LayerNorm: true}, "norm_hh", []float64{1, 1, 1, 1}},
		"highway": {recurrent.SRU{Hidden: 1, HighwayBias: -3}, "bias_ih", []float64{0, -3}},
		"minlstm": {recurrent.MinLSTM{Hidden: 1}, "bias_ih", []float64{0, 1, 0}},
		"times":   {recurrent.MultiplicativeLSTM{Hidden: 1}, "bias_ih", []float64{0, 1, 0, 0}},
		"slstm":   {recurrent.SLSTM{Hidden: 3}, "bias_ih", []float64{0, 0, 0, 3, 4.5, 6, 0, 0, 0, 0, 0, 0}},
		"mlstm":   {recurrent.MLSTM{Hidden: 2, Heads: 2}, "bias_ih", []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 6}},
		"conv":    {recurrent.ConvLSTM{Places: 2, Channels: 1}, "bias_ih", []float64{0, 1, 0, 0}},
	} {
		p := started(t, c.cell, 4)
		graphtest.Close(t, name, p.Get(c.param+"_l0").Value(), graph.Floats64(c.want, p.Get(c.param+"_l0").Shape()...), 0)
	}
	for _, v := range started(t, recurrent.RNN{Hidden: 4, Identity: true}, 100).Get("weight_ih_l0").Value().Float64s() {
		if math.Abs(v) > 0.005 {
			t.Errorf("an input weight of an IRNN starts at %v; want N(0, 0.001²)", v)
		}
	}
	for _, u := range started(t, recurrent.IndRNN{Hidden: 100, Lowest: 0.9}, 1).Get("weight_hh_l0").Value().Float64s() {
		if u < 0.9 || u > 1 {
			t.Errorf("a recurrent weight of an IndRNN starts at %v; want 0.9 to 1", u)
		}
	}
	for _, nu := range started(t, recurrent.LRU{Hidden: 100, Fastest: 0.5, Slowest: 0.8}, 1).Get("nu_l0").Value().Float64s() {
		if decay := math.Exp(-math.Exp(nu)); decay < 0.5 || decay > 0.8 {
			t.Errorf("λ starts at %v; want 0.5 to 0.8", decay)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for want, cell := range map[string]recurrent.Cell{
		"LSTM in layer 0: projection to -1; want at least 1": recurrent.LSTM{Hidden: 2, Projection: -1},
		"LSTM in layer 0: both Coupled and NoForget are set": recurrent.LSTM{
			Hidden: 2, Coupled: true, NoForget: true},
		"GRUD in layer 0: 0 features; want 1":                                                     recurrent.GRUD{Hidden: 2},
		"GRUD in layer 0: 2 means of 1 features":                                                  recurrent.GRUD{Hidden: 2, Features: 1, Mean: []float64{1, 2}},
		"GRUD in layer 0: want an input [B, 3·features], values, mask and gaps of 2, found [1 3]": recurrent.GRUD{Hidden: 2, Features: 2},
		"IndRNN in layer 0: limit -1":                                                             recurrent.IndRNN{Hidden: 2, Limit: -1},
		"CoRNN in layer 0: Friction is -1; want a number above 0, or 0 for 4.8":                   recurrent.CoRNN{Hidden: 2, Friction: -1},
		"QRNN in layer 0: window -1":                                                              recurrent.QRNN{Hidden: 2, Window: -1},
		"LRU: λ from 0.99 to 0.5; want 0 < Fastest <= Slowest < 1":                                recurrent.LRU{Hidden: 2, Fastest: 0.99, Slowest: 0.5},
		"SLSTM in layer 0: 3 heads; want a divisor of the hidden size 4":                          recurrent.SLSTM{Hidden: 4, Heads: 3},
		"MLSTM in layer 0: -2 heads; want a divisor of the hidden size 4":                         recurrent.MLSTM{Hidden: 4, Heads: -2},
		"ConvLSTM in layer 0: 0 places and 2 channels":                                            recurrent.ConvLSTM{Channels: 2},
		"ConvLSTM in layer 0: a kernel of 4 places; want an odd number":                           recurrent.ConvLSTM{Places: 3, Channels: 2, Kernel: 4},
		"ConvLSTM in layer 0: want an input [B, 2·channels], found [1 3]":                         recurrent.ConvLSTM{Places: 2, Channels: 2},
		"MGU in layer 0: hidden size 0; want at least 1":                                          recurrent.MGU{},
		"MLSTM in layer 0: hidden size 0; want at least 1":                                        recurrent.MLSTM{},
		"LRU in layer 0: hidden size -4; want at least 1":                                         recurrent.LRU{Hidden: 3, State: -4},
	} {
		f := graph.NewFunc(graph.NewParams(1), sequenceLoss(cell, recurrent.Options{}))
		_, err := f.Run(graph.Floats(make([]float32, 6), 2, 1, 3))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// Gates as large as they may be: exponential gates and quotients stay finite, in values and gradients, in float32.
func TestLargeGates(t *testing.T) {
	for name, cell := range allCells(4) {
		if strings.HasPrefix(name, "irnn") || strings.HasPrefix(name, "indrnn") {
			continue // sums of whatever comes in
		}
		for _, scale := range []float64{1e-30, 300} {
			x := graphtest.Random(1, 12, 2, 3)
			for i := range x.Float64s() {
				x.Float64s()[i] *= scale
			}
			f := graph.NewFunc(graph.NewParams(1), sequenceLoss(cell, recurrent.Options{}))
			if _, err := f.Grad(graphtest.Float32(x)); err != nil {
				t.Errorf("%s with inputs of size %g: %v", name, scale, err)
			}
		}
	}
}

// The gates of a QRNN see the last K inputs, from either side.
func TestQRNNWindow(t *testing.T) {
	const T, I, H, K = 6, 2, 3, 4
	x := graphtest.Random(1, T, 1, I)
	for _, reverse := range []bool{false, true} {
		p := graph.NewParams64(3)
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unroll(g, recurrent.QRNN{Hidden: H, Window: K}, in[0], recurrent.Options{Reverse: reverse})
			return []graph.Node{y}
		}).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		weight := func(k int) []float64 {
			name := "weight_ih_l0"
			if k > 0 {
				name = fmt.Sprintf("weight_ih_%d_l0", k)
			}
			return p.Get(name).Value().Float64s()
		}
		at := func(step int) int { // the place of a step in time
			if reverse {
				return T - 1 - step
			}
			return step
		}
		cell := make([]float64, H)
		for step := range T {
			z := make([]float64, 3*H)
			for k := 0; k < K && k <= step; k++ {
				for j, v := range times(weight(k), x.Float64s()[at(step-k)*I:at(step-k)*I+I]) {
					z[j] += v
				}
			}
			want := make([]float64, H)
			for j := range cell {
				f := sigma(z[H+j])
				cell[j] = f*cell[j] + (1-f)*math.Tanh(z[j])
				want[j] = sigma(z[2*H+j]) * cell[j]
			}
			agree(t, fmt.Sprintf("step %d, reverse=%v", step, reverse), out[0].Float64s()[at(step)*H:at(step)*H+H], want)
		}
	}
}

// Fifty steps, over which a small error would grow.
func TestLongGradients(t *testing.T) {
	for name, cell := range allCells(4) {
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: sequenceLoss(cell, recurrent.Options{}), Samples: 4,
				Inputs: []*tensor.Dense{graphtest.Random(1, 50, 2, 3)}})
		})
	}
}
