package recurrent

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// started makes a cell's first state from a vector v [B, F]: entry i is tanh(W·v + b) with the weights start_i.
func started(g *graph.Graph, cell Cell, v graph.Node) State {
	own := cell.Begin(g, v.Dim(0))
	if g.Err() != nil {
		return own
	}
	for i := range own {
		if !startable(g, cell, i) {
			continue
		}
		own[i] = g.Tanh(nn.Dense{Units: own[i].Dim(1)}.Apply(g.Scope("start_"+strconv.Itoa(i)), v))
	}
	return own
}

// startable tells whether entry i of a cell's state may be any vector. An SLSTM's normaliser may not, nor then what is
// normalised; an MLSTM does not read its h.
func startable(g *graph.Graph, cell Cell, i int) bool {
	switch c := cell.(type) {
	case Stack:
		for _, cell := range c.Cells {
			n := len(cell.Begin(g, 1))
			if i < n {
				return startable(g, cell, i)
			}
			i -= n
		}
	case Zoneout:
		return startable(g, c.Cell, i)
	case SLSTM:
		return i == 0
	case MLSTM:
		return false
	}
	return true
}
