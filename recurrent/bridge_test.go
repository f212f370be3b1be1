package recurrent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
)

// Which states are copied, and which pass through weights of what shape.
func TestBridges(t *testing.T) {
	gru, lstm := recurrent.GRU{Hidden: 4}, recurrent.LSTM{Hidden: 4}
	both := recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 2}}
	for name, c := range map[string]struct {
		encoder recurrent.Layer
		bridge  recurrent.Bridge
		decoder recurrent.Cell
		want    string   // the weights
		copied  [][2]int // entries of the decoder's state, and those of the encoder's that they are
	}{
		"copy":           {recurrent.Unidirectional{Cell: lstm}, recurrent.Bridge{}, lstm, "", [][2]int{{0, 0}, {1, 1}}},
		"zoneout":        {recurrent.Unidirectional{Cell: recurrent.Zoneout{Cell: lstm}}, recurrent.Bridge{}, lstm, "", [][2]int{{0, 0}, {1, 1}}},
		"stacks":         {recurrent.Unidirectional{Cell: recurrent.StackOf(2, lstm)}, recurrent.Bridge{}, recurrent.StackOf(2, lstm), "", [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
		"deep to stack":  {recurrent.DeepOf(2, recurrent.Unidirectional{Cell: gru}), recurrent.Bridge{}, recurrent.StackOf(2, gru), "", [][2]int{{0, 0}, {1, 1}}},
		"mlstm":          {recurrent.Unidirectional{Cell: recurrent.MLSTM{Hidden: 4}}, recurrent.Bridge{}, recurrent.MLSTM{Hidden: 4}, "", [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
		"directions":     {both, recurrent.Bridge{}, lstm, "", nil},
		"deep, both":     {recurrent.DeepOf(2, both), recurrent.Bridge{}, recurrent.StackOf(2, lstm), "", nil},
		"sum":            {both, recurrent.Bridge{Merge: recurrent.MergeSum}, recurrent.LSTM{Hidden: 2}, "", nil},
		"sum, too small": {both, recurrent.Bridge{Merge: recurrent.MergeSum}, lstm, "start_0[4 2] start_1[4 2]", nil},
		"always dense":   {recurrent.Unidirectional{Cell: lstm}, recurrent.Bridge{Dense: true}, lstm, "start_0[4 4] start_1[4 4]", nil},
		"wider":          {recurrent.Unidirectional{Cell: lstm}, recurrent.Bridge{}, recurrent.LSTM{Hidden: 6}, "start_0[6 4] start_1[6 4]", nil},
		"one projected":  {recurrent.Unidirectional{Cell: lstm}, recurrent.Bridge{}, recurrent.LSTM{Hidden: 4, Projection: 3}, "start_0[3 4]", [][2]int{{1, 1}}},
		"another cell":   {recurrent.Unidirectional{Cell: gru}, recurrent.Bridge{}, lstm, "start_0[4 4] start_1[4 4]", nil},
		"same number":    {recurrent.Unidirectional{Cell: lstm}, recurrent.Bridge{}, recurrent.StackOf(2, gru), "start_0[4 4] start_1[4 4]", nil},
		"deeper":         {both, recurrent.Bridge{}, recurrent.StackOf(2, gru), "start_0[4 4] start_1[4 4]", nil},
		"slstm":          {recurrent.Unidirectional{Cell: gru}, recurrent.Bridge{}, recurrent.SLSTM{Hidden: 3}, "start_0[3 4]", nil},
	} {
		p := graph.NewParams64(1)
		encoded, made := 0, 0
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, final := c.encoder.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
			encoded, made = len(final), p.Len()
			first := c.bridge.Apply(g, c.encoder, final, c.decoder)
			recurrent.Unroll(g.Scope("decoder"), c.decoder, in[0], recurrent.Options{Initial: first}) // refuses what does not fit
			return append(final, first...)
		}).Run(graphtest.Random(1, 3, 2, 4), graph.Ints([]int{3, 0}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var weights []string
		for i := made; i < p.Len(); i++ {
			if local, ok := strings.CutSuffix(p.At(i).Name(), ".weight"); ok && strings.HasPrefix(local, "start") {
				weights = append(weights, fmt.Sprint(local, p.At(i).Shape()))
			}
		}
		if got := strings.Join(weights, " "); got != c.want {
			t.Errorf("%s: weights %q, want %q", name, got, c.want)
		}
		for _, pair := range c.copied {
			if !slices.Equal(out[encoded+pair[0]].Float64s(), out[pair[1]].Float64s()) {
				t.Errorf("%s: entry %d is not a copy of the encoder's %d", name, pair[0], pair[1])
			}
		}
	}
}
