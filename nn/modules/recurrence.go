package modules

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// layersOf is what the names and shapes of a recurrent module's weights tell.
type layersOf struct {
	layers, hidden, projection int
	both                       bool
}

// recurrence is a recurrent module with so many gates. It reads x, and a state if there is one: h_0 [L·D, B, H], and c_0.
func recurrence(name string, gates int) func(s *settings, w *source) func(c *call) []graph.Node {
	return func(s *settings, w *source) func(c *call) []graph.Node {
		first, drop := s.truth("batch_first", false), s.float("dropout", 0)
		shape := shapesOf(w, name, gates)
		if shape.layers == 0 {
			return nil
		}
		d := recurrent.DeepOf(shape.layers, shape.layer(shape.cell(s, name)))
		d.Dropout = drop
		entries := 1 // of a cell's state
		if gates == 4 {
			entries = 2
		}
		return func(c *call) []graph.Node {
			if !c.ranked(c.in[0], "[T, B, F], [B, T, F] with batch_first, or [T, F]", 2, 3) {
				return nil
			}
			x := timeMajor(c.g, c.in[0], first)
			o := recurrent.Options{Initial: initial(c, entries, x)}
			y, final := d.Apply(c.g, x, o)
			if c.g.Err() != nil {
				return nil
			}
			out := []graph.Node{asGiven(c.g, y, c.in[0].Rank(), first)}
			for e := range entries {
				var parts []graph.Node
				for i := e; i < len(final); i += entries {
					parts = append(parts, final[i])
				}
				h := c.g.Stack(parts...) // [L·D, B, H]
				if c.in[0].Rank() == 2 && c.g.Err() == nil {
					h = c.g.Reshape(h, h.Dim(0), h.Dim(2))
				}
				out = append(out, h)
			}
			return out
		}
	}
}

// initial is the state that a layer reads, in the order of our states: h and c of each layer and direction.
func initial(c *call, entries int, x graph.Node) recurrent.State {
	if len(c.in) == 1 || c.g.Err() != nil {
		return nil
	}
	if len(c.in) != 1+entries {
		c.failf("it reads %d values; want a sequence, and %d entries of a state", len(c.in), entries)
		return nil
	}
	var parts [][]graph.Node
	for _, s := range c.in[1:] {
		if !c.ranked(s, "a state [L·D, B, H], or [L·D, H]", 2, 3) {
			return nil
		}
		if s.Rank() == 2 {
			s = c.g.Reshape(s, s.Dim(0), x.Dim(1), -1)
		}
		parts = append(parts, c.g.Unstack(s))
	}
	var out recurrent.State
	for i := range parts[0] {
		for e := range entries {
			if i < len(parts[e]) {
				out = append(out, parts[e][i])
			}
		}
	}
	return out
}

// maxDepth is how many layers a module may have.
const maxDepth = 1000

// shapesOf takes the weights of all layers.
func shapesOf(w *source, name string, gates int) layersOf {
	out := layersOf{both: w.has("weight_ih_l0_reverse")}
	for out.layers < maxDepth && (out.layers == 0 || w.has("weight_ih_l"+strconv.Itoa(out.layers))) {
		for _, reverse := range []string{"", "_reverse"} {
			if reverse != "" && !out.both {
				continue
			}
			suffix := "_l" + strconv.Itoa(out.layers) + reverse
			rows := w.take("weight_ih"+suffix, -1, -1)[0]
			width := w.take("weight_hh"+suffix, rows, -1)[1]
			if w.err {
				return layersOf{}
			}
			if out.hidden == 0 {
				out.hidden = rows / gates
			}
			if rows != gates*out.hidden || width != out.hidden && !w.has("weight_hr"+suffix) {
				w.problem("layer %s: weight_ih%s has %d rows and weight_hh%s %d columns; want those of %d gates of one width",
					w.layer, suffix, rows, suffix, width, gates)
				w.err = true
				return layersOf{}
			}
			if w.has("weight_hr" + suffix) {
				out.projection = w.take("weight_hr"+suffix, width, out.hidden)[0]
			}
			out.biases(w, name, suffix, rows)
		}
		out.layers++
	}
	if w.err {
		return layersOf{}
	}
	return out
}

// biases takes those of a layer; where it has none they are zeros. The multiplicative LSTM has one, and two more weights.
func (l layersOf) biases(w *source, name, suffix string, rows int) {
	if name == "MultiplicativeLSTM" {
		w.take("weight_im"+suffix, l.hidden, -1)
		w.take("weight_hm"+suffix, l.hidden, l.hidden)
		w.take("bias_ih"+suffix, rows)
		return
	}
	for _, b := range []string{"bias_ih", "bias_hh"} {
		if w.has(b + suffix) {
			w.take(b+suffix, rows)
		} else {
			w.zeros(b+suffix, rows)
		}
	}
}

// cell is the cell of the module.
func (l layersOf) cell(s *settings, name string) recurrent.Cell {
	switch name {
	case "GRU":
		return recurrent.GRU{Hidden: l.hidden}
	case "LSTM":
		return recurrent.LSTM{Hidden: l.hidden, Projection: l.projection}
	case "MultiplicativeLSTM":
		return recurrent.MultiplicativeLSTM{Hidden: l.hidden}
	}
	f := s.text("nonlinearity", "tanh")
	if f != "tanh" && f != "relu" {
		s.problem("nonlinearity %q; want tanh or relu", f)
	}
	return recurrent.RNN{Hidden: l.hidden, ReLU: f == "relu"}
}

func (l layersOf) layer(cell recurrent.Cell) recurrent.Layer {
	if l.both {
		return recurrent.Bidirectional{Cell: cell}
	}
	return recurrent.Unidirectional{Cell: cell}
}
