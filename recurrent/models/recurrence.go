package models

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// recurrence is some layers of one cell. Weights: as the cell has them, in the scope.
type recurrence struct {
	kind  cellKind
	scope string
	cellOptions
	layers, input int
	carried       bool    // the state is an input and an output, in one direction
	bothWays      bool    // each layer reads in both directions
	chunk, ahead  int     // in which they do so, and the steps behind each; 0 for whole sequences
	pooled        bool    // the last hidden state is wanted
	dropout       float64 // between carried layers

	residual bool
	drops    recurrent.SequenceDropout
	zoneout  float64

	recompute int // steps that training computes a second time, see recurrent.Options
}

// recurrence is the layers that a configuration tells, in one direction, for inputs of some width.
func (c Config) recurrence(scope string, input int) (recurrence, error) {
	kind, err := cellOf(c.Cell)
	if err != nil {
		return recurrence{}, err
	}
	r := recurrence{
		kind: kind, scope: scope, layers: c.Layers, input: input, residual: c.Residual, zoneout: c.Zoneout, recompute: c.Tune.Recompute,
		cellOptions: cellOptions{hidden: c.Hidden, heads: c.Heads, layerNorm: c.LayerNorm},
		drops:       recurrent.SequenceDropout{Input: c.InputDropout, Recurrent: c.RecurrentDropout, Weights: c.WeightDropout},
	}
	if r.heads == 0 {
		r.heads = kind.headsFor(c.Hidden)
	}
	return r, nil
}

// cell is the cell of each layer, but for the first of one that observes.
func (r recurrence) cell() recurrent.Cell { return r.zoned(r.kind.make(r.cellOptions)) }

// zoned is a cell with zoneout, if there is some.
func (r recurrence) zoned(cell recurrent.Cell) recurrent.Cell {
	if r.zoneout == 0 {
		return cell
	}
	z := recurrent.Zoneout{Cell: cell, HiddenRate: r.zoneout}
	if r.kind.memory {
		z.MemoryRate = r.zoneout
	}
	return z
}

// layer is all layers. Those that carry a state are a Stack, whose steps a model can go one by one, unless the connections
// around them, or cells that are read in chunks, want whole sequences.
func (r recurrence) layer() recurrent.Layer {
	if r.carried && !r.residual && !r.kind.chunked {
		s := recurrent.StackOf(r.layers, r.cell())
		s.Dropout = r.dropout
		return recurrent.Unidirectional{Cell: s}
	}
	var one recurrent.Layer = recurrent.Unidirectional{Cell: r.cell()}
	if s, ok := r.cell().(recurrent.Scanner); ok && r.kind.chunked {
		one = recurrent.Scanned{Cell: s}
	}
	if r.bothWays {
		one = recurrent.Bidirectional{Cell: r.cell()}
	}
	if r.chunk > 0 {
		return r.chunks()
	}
	d := recurrent.DeepOf(r.layers, one)
	if r.kind.observing != nil && len(d.Layers) > 0 {
		d.Layers[0] = recurrent.Unidirectional{Cell: r.zoned(r.kind.observing(r.hidden, r.input/3))}
	}
	d.Residual, d.Dropout = r.residual, r.dropout
	return d
}

// chunks are the layers in both directions of a sequence that goes on.
func (r recurrence) chunks() recurrent.LatencyControlled {
	return recurrent.LatencyControlled{Cells: slices.Repeat([]recurrent.Cell{r.cell()}, r.layers), Chunk: r.chunk, Ahead: r.ahead,
		Dropout: r.dropout, Residual: r.residual}
}

func (r recurrence) build(g *graph.Graph, f flow) flow {
	scope, layer := g.Scope(r.scope), r.layer()
	o := recurrent.Options{Initial: f.state, Dropout: r.drops, Recompute: r.recompute}
	if r.chunk > 0 && f.state != nil { // one chunk of a sequence that goes on
		f.x, f.state = r.chunks().Next(scope, f.x, o)
		return f
	}
	if !r.carried {
		o.Lengths = f.lengths
	}
	f.x, f.state = layer.Apply(scope, f.x, o)
	if r.pooled {
		f.last = recurrent.LastHidden(g, layer, f.state)
	}
	return f
}

func (r recurrence) directions() int {
	if r.bothWays {
		return 2
	}
	return 1
}

// output is the width of the outputs.
func (r recurrence) output() int { return r.directions() * r.hidden }

func (r recurrence) depth() int { return r.layers }

// tensor names the weights by which the number of layers is told.
func (r recurrence) tensor(layer int) string {
	told := r.kind.told
	if told == "" {
		told = "weight_ih"
	}
	return fmt.Sprintf("%s.%s_l%d", r.scope, told, layer)
}

// reads names the weights of the first layer that the input meets.
func (r recurrence) reads() string {
	if r.kind.reads == "" || r.kind.joins && r.input == r.hidden {
		return r.tensor(0)
	}
	return fmt.Sprintf("%s.%s_l0", r.scope, r.kind.reads)
}

// norm names the weights by which layer normalisation is told.
func (r recurrence) norm() string { return r.scope + ".norm_ih_l0" }

func (r recurrence) sizes() []size {
	out := []size{{"hidden", r.hidden, r.tensor(0), 2, 0, r.kind.rows + r.kind.more(r.input, r.hidden), 2 * r.matrices()}}
	if r.layerNorm {
		out = append(out, size{"layer_norm", r.hidden, r.norm(), 1, 0, r.kind.rows, 0})
	}
	return out
}

// absent are the weights that there must not be.
func (r recurrence) absent() []absence {
	if r.layerNorm {
		return nil
	}
	return []absence{{"layer_norm", r.norm()}}
}

// matrices is the number of matrices of a layer's memory.
func (r recurrence) matrices() int {
	if r.kind.heads == matrix {
		return r.heads
	}
	return 0
}

func (r recurrence) weights() float64 {
	hidden, ways, n := float64(r.hidden), float64(r.directions()), r.kind.count
	if r.kind.heads == blocks {
		n.hidden /= float64(r.heads)
	}
	if r.layerNorm {
		n.one += r.kind.norm
	}
	layer := func(input float64, more int) float64 {
		if r.kind.weigh != nil {
			return ways * r.kind.weigh(input, hidden, float64(max(r.heads, 1)))
		}
		gates := 2 * float64(r.matrices()) * (input + 1)
		return ways * (hidden*((n.input+float64(more))*input+n.hidden*hidden+n.one) + gates)
	}
	// The layers above the first read hidden states, one of each direction.
	first := layer(float64(r.input), r.kind.more(r.input, r.hidden))
	if f := float64(r.input / 3); r.kind.observing != nil { // GRUD: gates of values and mask, decays of values and state
		first = hidden*(3*2*f+3*hidden+3+f+1) + 2*f
	}
	return first + float64(r.layers-1)*layer(ways*hidden, r.kind.more(r.directions(), 1))
}

// kept has each gate, the state and the gradient of the pre-activations; of matrices, what was written, too.
func (r recurrence) kept() float64 {
	kept := 2*r.kind.count.input + 2
	if r.kind.keeps > 0 {
		kept = r.kind.keeps
	}
	if r.matrices() > 0 {
		kept += 3 * float64(r.hidden/r.heads)
	}
	return float64(r.layers) * float64(r.output()) * kept
}
