package models

import (
	"slices"
	"strings"

	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// cellKind is all that is known of a cell: one row of the table of cells.
type cellKind struct {
	title string // its name in sentences; in configurations it is in small letters
	use   string // what it is good for, in a few words
	paper string
	make  func(o cellOptions) recurrent.Cell
	past  past
	told  string                                     // the weight [rows, input] by which sizes and layers are told; empty for weight_ih
	reads string                                     // the weight [., input] where told is none
	joins bool                                       // reads is there only where input and hidden state differ in width, told else
	rows  int                                        // its rows, as a multiple of the width of the hidden state
	count counts                                     // weights of a layer
	weigh func(input, hidden, heads float64) float64 // the same, where counts cannot say it
	keeps float64                                    // numbers that a step's derivative reads, as a multiple of the width; 0: told by count
	// resized is how many more rows there are, and as many more weights of inputs, where the input is not as wide as the
	// hidden state and has to be made so: for SRU's highway.
	resized int
	norm    float64 // weights of layer normalisation, as a multiple of the width; 0 for a cell that has none
	memory  bool    // zoneout may keep the rest of the state, too
	heads   heads
	chunked bool // whole sequences are read in chunks, see recurrent.Order.Chunks
	// observing makes the first layer of a cell that reads values with their mask and gaps, of so many features; the layers
	// above are those of make. It is nil for a cell that reads any numbers.
	observing func(hidden, features int) recurrent.Cell

	keras bool // Keras has such a layer
}

// cellOptions say how a cell is made.
type cellOptions struct {
	hidden, heads int
	layerNorm     bool
}

// counts are those of a layer's weights with a hidden state of width H: H·(input·I + hidden·H + one).
type counts struct{ input, hidden, one float64 }

// past is what a step has of the hidden state before it.
type past int

const (
	weighed past = iota // it reads it through the weights weight_hh
	read                // it reads it
	unread              // it reads another entry of the state
)

// heads is what the heads of a cell are.
type heads int

const (
	none   heads = iota
	blocks       // weight_hh is cut into so many blocks
	matrix       // the memory is so many matrices; weight_ih has two more rows for each
	split        // the memory is so many matrices, as wide as that makes them
)

// cellKinds is the table of the cells that a model may have. A cell of package recurrent takes one row. ConvLSTM is not in
// it: its inputs are rows of places, which the tokens of a text are not.
var cellKinds = []cellKind{
	{title: "RNN", make: func(o cellOptions) recurrent.Cell { return recurrent.RNN{Hidden: o.hidden} },
		rows: 1, count: counts{1, 1, 2},
		use: "the simplest; forgets after some ten steps", paper: "Elman 1990",
		keras: true},
	{title: "LSTM", make: func(o cellOptions) recurrent.Cell { return recurrent.LSTM{Hidden: o.hidden, LayerNorm: o.layerNorm} },
		rows: 4, count: counts{4, 4, 8}, norm: 10, memory: true,
		use: "the usual choice; remembers", paper: "Hochreiter, Schmidhuber 1997",
		keras: true},
	{title: "GRU", make: func(o cellOptions) recurrent.Cell { return recurrent.GRU{Hidden: o.hidden, LayerNorm: o.layerNorm} },
		rows: 3, count: counts{3, 3, 6}, norm: 6,
		use: "mostly as good as LSTM, and smaller", paper: "Cho et al. 2014",
		keras: true},
	{title: "GRUD", make: func(o cellOptions) recurrent.Cell { return recurrent.GRU{Hidden: o.hidden} },
		observing: func(h, features int) recurrent.Cell { return recurrent.GRUD{Hidden: h, Features: features} },
		rows:      3, count: counts{3, 3, 6},
		use: "a GRU for missing values, of numbers", paper: "Che et al. 2018"},
	{title: "MGU", make: func(o cellOptions) recurrent.Cell { return recurrent.MGU{Hidden: o.hidden} },
		rows: 2, count: counts{2, 2, 2},
		use: "a GRU whose two gates are one", paper: "Zhou et al. 2016"},
	{title: "LiGRU", make: func(o cellOptions) recurrent.Cell { return recurrent.LiGRU{Hidden: o.hidden, LayerNorm: o.layerNorm} },
		rows: 2, count: counts{2, 2, 2}, norm: 2,
		use: "a GRU with ReLU, for speech", paper: "Ravanelli et al. 2018"},
	{title: "IndRNN", make: func(o cellOptions) recurrent.Cell { return recurrent.IndRNN{Hidden: o.hidden} },
		rows: 1, count: counts{1, 0, 2},
		use: "units by themselves; deep networks", paper: "Li et al. 2018"},
	{title: "CoRNN", make: coRNN,
		rows: 1, count: counts{1, 2, 1}, memory: true,
		use: "coupled oscillators; long sequences", paper: "Rusch, Mishra 2021"},
	{title: "MulLSTM", make: func(o cellOptions) recurrent.Cell { return recurrent.MultiplicativeLSTM{Hidden: o.hidden} },
		rows: 4, count: counts{5, 5, 4}, memory: true,
		use: "an LSTM whose input picks its past", paper: "Krause et al. 2016"},
	{title: "SLSTM", make: func(o cellOptions) recurrent.Cell { return recurrent.SLSTM{Hidden: o.hidden, Heads: o.heads} },
		rows: 4, count: counts{4, 4, 4}, heads: blocks,
		use: "xLSTM: can revise what it stored", paper: "Beck et al. 2024"},
	{title: "MLSTM", make: func(o cellOptions) recurrent.Cell { return recurrent.MLSTM{Hidden: o.hidden, Heads: o.heads} },
		rows: 4, count: counts{4, 0, 4}, heads: matrix, past: unread,
		use: "xLSTM: a matrix to look things up in", paper: "Beck et al. 2024"},
	{title: "SRU", make: func(o cellOptions) recurrent.Cell { return recurrent.SRU{Hidden: o.hidden} },
		rows: 3, count: counts{3, 0, 2}, resized: 1,
		past: unread, use: "fast: all steps at once, with a highway", paper: "Lei et al. 2018"},
	{title: "QRNN", make: func(o cellOptions) recurrent.Cell { return recurrent.QRNN{Hidden: o.hidden} },
		rows: 3, count: counts{6, 0, 3},
		past: unread, use: "fast: gates see the last two inputs", paper: "Bradbury et al. 2017"},
	{title: "MinGRU", make: func(o cellOptions) recurrent.Cell { return recurrent.MinGRU{Hidden: o.hidden} },
		rows: 2, count: counts{2, 0, 2},
		past: read, use: "fast and small: all steps at once", paper: "Feng et al. 2024"},
	{title: "MinLSTM", make: func(o cellOptions) recurrent.Cell { return recurrent.MinLSTM{Hidden: o.hidden} },
		rows: 3, count: counts{3, 0, 3},
		past: read, use: "fast: all steps at once", paper: "Feng et al. 2024"},
	{title: "LRU", make: func(o cellOptions) recurrent.Cell { return recurrent.LRU{Hidden: o.hidden} },
		rows: 1, count: counts{2, 1, 2},
		past: unread, use: "linear; for very long sequences", paper: "Orvieto et al. 2023"},
	{title: "Mamba", make: func(o cellOptions) recurrent.Cell { return linear.Mamba{Hidden: o.hidden} },
		told: "in_proj.weight", rows: 4, weigh: mambaWeights, keeps: 30,
		past: unread, use: "chooses what to keep; for texts", paper: "Gu, Dao 2023"},
	{title: "RGLRU", make: func(o cellOptions) recurrent.Cell { return linear.Griffin{Hidden: o.hidden} },
		told: "linear_x.weight", rows: 1, count: counts{2, 3, 11}, keeps: 20,
		past: unread, use: "Griffin: gated decay behind a convolution", paper: "De et al. 2024"},
	{title: "HGRN", make: func(o cellOptions) recurrent.Cell { return linear.HGRN{Hidden: o.hidden} },
		told: "i_proj.weight", rows: 1, count: counts{3, 1, 1}, keeps: 12,
		past: unread, use: "gates of the input alone, fast", paper: "Qin et al. 2023"},
	{title: "S5", make: func(o cellOptions) recurrent.Cell { return linear.S5{Hidden: o.hidden} },
		told: "B_re", rows: 1, count: counts{3, 2, 4}, keeps: 12,
		past: unread, use: "linear; states turn, for long texts", paper: "Smith et al. 2023"},
	{title: "LinOSS", make: func(o cellOptions) recurrent.Cell { return linear.LinOSS{Hidden: o.hidden} },
		rows: 1, count: counts{2, 1, 3}, keeps: 12,
		past: unread, use: "linear oscillators; for long sequences", paper: "Rusch, Rus 2025"},
	{title: "RetNet", make: func(o cellOptions) recurrent.Cell { return linear.RetNet{Hidden: o.hidden, Heads: o.heads} },
		told: "v_proj.weight", rows: 1, weigh: retentionWeights, keeps: 80, heads: split, chunked: true,
		past: unread, use: "a matrix that fades at fixed rates", paper: "Sun et al. 2023"},
	{title: "GLA", make: func(o cellOptions) recurrent.Cell { return linear.GLA{Hidden: o.hidden, Heads: o.heads} },
		told: "v_proj.weight", rows: 1, weigh: glaWeights, keeps: 80, heads: split, chunked: true,
		past: unread, use: "a matrix whose rows fade by choice", paper: "Yang et al. 2023"},
	{title: "HGRN2", make: func(o cellOptions) recurrent.Cell { return linear.HGRN2{Hidden: o.hidden, Heads: o.heads} },
		told: "i_proj.weight", rows: 1, count: counts{3, 1, 1}, keeps: 80, heads: split, chunked: true,
		past: unread, use: "a matrix: rows take what they forget", paper: "Qin et al. 2024"},
	{title: "DeltaNet", make: func(o cellOptions) recurrent.Cell { return linear.DeltaNet{Hidden: o.hidden, Heads: o.heads} },
		told: "v_proj.weight", rows: 1, weigh: deltaWeights, keeps: 120, heads: split, chunked: true,
		past: unread, use: "a matrix that replaces what it holds", paper: "Yang et al. 2024"},
	{title: "GatedDelta", make: func(o cellOptions) recurrent.Cell { return linear.GatedDeltaNet{Hidden: o.hidden, Heads: o.heads} },
		told: "in_proj_z.weight", rows: 1, weigh: gatedDeltaWeights, keeps: 120, heads: split, chunked: true,
		past: unread, use: "DeltaNet that also forgets: Qwen3-Next", paper: "Yang et al. 2024"},
	{title: "KDA", make: func(o cellOptions) recurrent.Cell { return linear.KDA{Hidden: o.hidden, Heads: o.heads} },
		told: "v_proj.weight", rows: 1, weigh: kdaWeights, keeps: 120, heads: split, chunked: true,
		past: unread, use: "GatedDelta that fades row by row", paper: "Kimi Team 2025"},
	{title: "Mamba2", make: func(o cellOptions) recurrent.Cell { return linear.Mamba2{Hidden: o.hidden} },
		told: "out_proj.weight", reads: "in_proj.weight", rows: 1, weigh: mamba2Weights, keeps: 160, chunked: true,
		past: unread, use: "Mamba with matrices for states", paper: "Dao, Gu 2024"},
	{title: "RWKV7", make: func(o cellOptions) recurrent.Cell { return linear.RWKV7{Hidden: o.hidden} },
		told: "blocks.0.att.output.weight", reads: "in_proj.weight", joins: true, rows: 1, weigh: rwkv7Weights, keeps: 240, chunked: true,
		past: unread, use: "a whole block: memory and mixing", paper: "Peng et al. 2025"},
}

// coRNN has longer steps than the paper's: a letter, a word or a row of a table says more than a pixel. By steps of 0.054 the places
// hardly move before the next letter is to be told.
func coRNN(o cellOptions) recurrent.Cell {
	return recurrent.CoRNN{Hidden: o.hidden, Interval: 1, Stiffness: 0.5, Friction: 1}
}

// more is resized, or 0 for an input as wide as the hidden state.
func (k cellKind) more(input, hidden int) int {
	if input == hidden {
		return 0
	}
	return k.resized
}

// name is what configurations call the cell.
func (k cellKind) name() string { return strings.ToLower(k.title) }

// Cells are the names of the cells that a Config may have.
func Cells() []string {
	out := make([]string, len(cellKinds))
	for i, k := range cellKinds {
		out[i] = k.name()
	}
	return out
}

// CellInfo describes a cell that a Config may have.
type CellInfo struct {
	Name    string
	Use     string  // what it is good for, in a few words
	Paper   string  // where it comes from: authors and year
	Weights float64 // of a layer, in one direction
}

// CellInfos describe the cells, with the weights of a layer of this width whose input is as wide.
func CellInfos(width int) []CellInfo {
	var out []CellInfo
	for _, k := range cellKinds {
		r := recurrence{kind: k, layers: 1, input: width, cellOptions: cellOptions{hidden: width, heads: k.headsFor(width)}}
		if k.observing != nil { // so many features, with masks and gaps
			r.input = 3 * width
		}
		out = append(out, CellInfo{k.name(), k.use, k.paper, r.weights()})
	}
	return out
}

// cellOf finds a cell by its name.
func cellOf(name string) (cellKind, error) {
	if i := slices.IndexFunc(cellKinds, func(k cellKind) bool { return k.name() == name }); i >= 0 {
		return cellKinds[i], nil
	}
	if name == "convlstm" {
		return cellKind{}, wrong("Cell", "%q; want another: its inputs are rows of places, such as pixels, which these models do not have", name)
	}
	return cellKind{}, wrong("Cell", "%q; want %s", name, oneOf(Cells()))
}

// headsFor is how many heads the cell has unless a configuration says it: of matrices 4 or 2, if these divide the width,
// since one large matrix is slow.
func (k cellKind) headsFor(hidden int) int {
	if k.heads == matrix || k.heads == split {
		for _, n := range []int{4, 2} {
			if hidden%n == 0 {
				return n
			}
		}
	}
	return 1
}

// cellsThat are the names of the cells of some kind.
func cellsThat(are func(k cellKind) bool) string {
	var out []string
	for _, k := range cellKinds {
		if are(k) {
			out = append(out, k.name())
		}
	}
	return oneOf(out)
}

// checkCell refuses what the cell does not have.
func (c Config) checkCell() error {
	k, err := cellOf(c.Cell)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		field string
		rate  float64
		lacks bool
		why   string
	}{
		{"Dropout", c.Dropout, false, ""},
		{"InputDropout", c.InputDropout, false, ""},
		{"RecurrentDropout", c.RecurrentDropout, k.past == unread, "does not read its last output"},
		{"Zoneout", c.Zoneout, k.past == unread, "does not read its last output"},
		{"WeightDropout", c.WeightDropout, k.past != weighed, "has no recurrent weights"},
	} {
		if !(d.rate >= 0 && d.rate < 1) {
			return wrong(d.field, "%g; want at least 0 and below 1", d.rate)
		}
		if d.rate > 0 && d.lacks {
			return wrong(d.field, "%g; want 0: the cell %s %s", d.rate, k.name(), d.why)
		}
	}
	switch {
	case c.Heads < 0:
		return wrong("Heads", "%d; want at least 0", c.Heads)
	case c.Heads > 0 && k.heads == none:
		return wrong("Heads", "%d; want 0: the cell %s has no heads, as %s do", c.Heads, k.name(),
			cellsThat(func(k cellKind) bool { return k.heads != none }))
	case c.Heads > 0 && c.Hidden%c.Heads != 0:
		return wrong("Heads", "%d; want a divisor of the width of the hidden state, %d", c.Heads, c.Hidden)
	case c.LayerNorm && k.norm == 0:
		return wrong("LayerNorm", "true; want false: the cell %s has no layer normalization, as %s have", k.name(),
			cellsThat(func(k cellKind) bool { return k.norm > 0 }))
	}
	return nil
}
