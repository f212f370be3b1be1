package nn

import (
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// LoRA is low-rank adaptation (Hu et al., 2021, arXiv 2106.09685): what a network has to learn anew is put into small matrices
// beside its weights, which stay as they are. To a weight W [out, in] is added
//
//	s·B·A    A [Rank, in]    B [out, Rank]    s = Alpha/Rank
//
// Recurrent weights may be adapted like all others, since the sum is made before the first step. A kernel [out, in, K] is
// taken for a matrix [out, in·K]. The sum takes the memory of one more copy of an adapted weight while a program runs.
//
// Apply adapts what is built in a view of a graph. Its parameters are called as the weight with .lora_A and .lora_B after it:
// "lstm.weight_hh_l0.lora_A". They start as PEFT's: A uniform between ±1/√in, B at zero, so that nothing has changed at first.
// For an embedding's table, see Tables.
type LoRA struct {
	Rank  int     // r
	Alpha float64 // 0 for Rank, a scale of 1

	// Dropout drops inputs of A while training: columns of it, the same ones for all steps and sequences of a batch. PEFT
	// drops them anew for each element of the input, which a weight that recurs through time does not see.
	Dropout float64

	// Targets are patterns of the weights that are adapted, see MatchWeight; none for all weights of two axes or more. Weights
	// of one axis, such as biases, are passed over.
	Targets []string

	// Blocks cuts the rows of each adapted weight into as many blocks, such as the four gates of an LSTM, and gives those that
	// are true a B·A of rank Rank each; the others stay as they are. A has the rows of its blocks one after the other, B too.
	// It is enable_lora of Microsoft's loralib. Nil takes a weight as a whole.
	Blocks []bool

	// Whole are patterns of weights that are trained whole, whatever their axes, in place of a B·A: biases, gains of norms, a table
	// of embeddings. Each has a parameter of its own shape beside it, .lora_delta, which is added and starts at zero. PEFT has it
	// as modules_to_save, and, of biases, as bias; see also BitFit (Ben Zaken et al., 2021, arXiv 2106.10199).
	Whole []string

	// RankStabilized makes s = Alpha/√Rank (Kalajdzievski, 2023, arXiv 2312.03732).
	RankStabilized bool

	// Tables are patterns of embeddings' tables [tokens, width] among the weights. Their A starts normally distributed with
	// deviation 1, as PEFT has it, which calls it lora_embedding_B; there both matrices are turned round.
	Tables []string
}

// Ends of the names of an adapter's parameters.
const (
	endA     = ".lora_A"
	endB     = ".lora_B"
	endWhole = ".lora_delta"
)

// Apply returns a view in which weights are adapted.
func (l LoRA) Apply(g *graph.Graph) *graph.Graph {
	if err := l.Check(); err != nil {
		g.Failf("LoRA", "%v", err)
		return g
	}
	root := g.WithSuffix(nil) // names that Transform gives have their suffix
	return g.Transform(func(name string, w graph.Node) graph.Node {
		switch {
		case l.trainsWhole(name):
			return root.Add(w, beside(root, name).Param(endWhole[1:], graph.Constant(0), w.Shape()...))
		case l.adapts(name, w.Rank()):
			return l.adapted(root, name, w)
		}
		return w
	})
}

// Check tells what is wrong with the fields, if anything.
func (l LoRA) Check() error {
	switch {
	case l.Rank < 1:
		return errors.Errorf("rank %d; want at least 1", l.Rank)
	case !(l.Alpha >= 0) || math.IsInf(l.Alpha, 1):
		return errors.Errorf("alpha %g; want a number, 0 or more", l.Alpha)
	case !(l.Dropout >= 0 && l.Dropout < 1):
		return errors.Errorf("dropout at rate %g; want at least 0 and below 1", l.Dropout)
	case l.Blocks != nil && !slices.Contains(l.Blocks, true):
		return errors.Errorf("blocks %v; want one at least that is adapted", l.Blocks)
	}
	for _, p := range slices.Concat(l.Targets, l.Tables, l.Whole) {
		if err := CheckPattern(p); err != nil {
			return errors.Wrap(err, "target")
		}
	}
	return nil
}

// Scale is the factor s of B·A.
func (l LoRA) Scale() float64 {
	alpha, rank := l.Alpha, float64(l.Rank)
	if alpha == 0 {
		alpha = rank
	}
	if l.RankStabilized {
		rank = math.Sqrt(rank)
	}
	return alpha / rank
}

// adapts tells whether a weight is adapted by a B·A.
func (l LoRA) adapts(name string, axes int) bool {
	return axes >= 2 && !IsAdapter(name) && !l.trainsWhole(name) && (len(l.Targets) == 0 || named(l.Targets, name))
}

// trainsWhole tells whether a weight is trained whole.
func (l LoRA) trainsWhole(name string) bool { return !IsAdapter(name) && named(l.Whole, name) }

// named tells whether one of some patterns is of a weight.
func named(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return MatchWeight(p, name) })
}

// IsAdapter tells whether a parameter is an adapter's.
func IsAdapter(name string) bool {
	return strings.HasSuffix(name, endA) || strings.HasSuffix(name, endB) || strings.HasSuffix(name, endWhole)
}

// beside is where the parameters of a weight's adapter are.
func beside(g *graph.Graph, name string) *graph.Graph {
	at := g.Shared() // a weight that is shared has one adapter
	for part := range strings.SplitSeq(name, ".") {
		at = at.Scope(part)
	}
	return at
}

// blocks is how many blocks of rows there are, and how many of them are adapted.
func (l LoRA) blocks() (all, adapted int) {
	if l.Blocks == nil {
		return 1, 1
	}
	for _, b := range l.Blocks {
		if b {
			adapted++
		}
	}
	return len(l.Blocks), adapted
}

// adapted is w + s·B·A.
func (l LoRA) adapted(g *graph.Graph, name string, w graph.Node) graph.Node {
	shape := w.Shape()
	out, in := shape[0], 1
	for _, n := range shape[1:] {
		in *= n
	}
	all, some := l.blocks()
	if out%all != 0 {
		return g.Failf("LoRA", "the rows of %s, %d, cannot be cut into %d blocks", name, out, all)
	}
	for _, size := range []int{l.Rank * some, out} {
		if !weighs(g, "LoRA", size, in) || !weighs(g, "LoRA", size, l.Rank) {
			return graph.Node{}
		}
	}
	at, rows := beside(g, name), out/all
	a := at.Param(endA[1:], l.start(name, in), l.Rank*some, in)
	b := at.Param(endB[1:], graph.Constant(0), rows*some, l.Rank)
	if g.Training() && l.Dropout > 0 {
		a = g.Mul(a, g.RandomMask(1-l.Dropout, in))
	}
	b = g.MulScalar(b, l.Scale()) // the smaller matrix, and the gradient of the sum goes on to products alone
	if l.Blocks == nil {
		return g.Reshape(g.Add(g.Reshape(w, out, in), g.MatMul(b, a)), shape...)
	}
	flat := g.Reshape(w, out, in)
	var list []graph.Node
	next := 0 // of the blocks that are adapted
	for i, on := range l.Blocks {
		block := g.Slice(flat, 0, i*rows, (i+1)*rows)
		if on {
			block = g.Add(block, g.MatMul(g.Slice(b, 0, next*rows, (next+1)*rows), g.Slice(a, 0, next*l.Rank, (next+1)*l.Rank)))
			next++
		}
		list = append(list, block)
	}
	return g.Reshape(g.Concat(0, list...), shape...)
}

// start draws A for inputs of a width.
func (l LoRA) start(name string, in int) graph.Init {
	if named(l.Tables, name) {
		return graph.Normal(0, 1)
	}
	bound := 1 / math.Sqrt(float64(in)) // PyTorch's kaiming_uniform_(a=√5)
	return graph.Uniform(-bound, bound)
}

// Adapted lists the weights of a store that are adapted or trained whole, in the store's order. A pattern that names none is an
// error.
func (l LoRA) Adapted(p *graph.Params) ([]string, error) {
	if err := l.Check(); err != nil {
		return nil, errors.Wrap(err, "nn: LoRA")
	}
	if p == nil {
		return nil, errors.New("nn: LoRA: there is no store of parameters")
	}
	var names, all []string
	for i := range p.Len() {
		name := p.At(i).Name()
		if l.trainsWhole(name) || l.adapts(name, len(p.At(i).Shape())) {
			names = append(names, name)
		}
		if !IsAdapter(name) {
			all = append(all, name)
		}
	}
	for _, t := range l.Whole {
		if !slices.ContainsFunc(all, func(name string) bool { return MatchWeight(t, name) }) {
			return nil, errors.Errorf("nn: LoRA: %q, which is to be trained whole, is the name of no weight; there are %s",
				t, strings.Join(all, ", "))
		}
	}
	for _, t := range l.Targets {
		if !slices.ContainsFunc(names, func(name string) bool { return MatchWeight(t, name) }) {
			return nil, errors.Errorf("nn: LoRA: target %q is the name of no weight of two axes or more; there are %s", t, strings.Join(all, ", "))
		}
	}
	if len(names) == 0 {
		return nil, errors.New("nn: LoRA: the store has no weight of two axes or more")
	}
	return names, nil
}

// Parameters lists the names of an adapter's parameters beside the weights of a store, whether they are there or not.
func (l LoRA) Parameters(p *graph.Params) ([]string, error) {
	names, err := l.Adapted(p)
	var out []string
	for _, name := range names {
		if l.trainsWhole(name) {
			out = append(out, name+endWhole)
		} else {
			out = append(out, name+endA, name+endB)
		}
	}
	return out, err
}

// Freeze has training leave all parameters of a store as they are, but for adapters, which must be there: a graph that was
// adapted has asked for them.
func (l LoRA) Freeze(p *graph.Params) error {
	own, err := l.Parameters(p)
	if err != nil {
		return err
	}
	for _, name := range own {
		if p.Get(name) == nil {
			return errors.Errorf("nn: LoRA: %s has no adapter: the store was used in no graph that Apply adapted",
				name[:strings.LastIndexByte(name, '.')])
		}
	}
	for i := range p.Len() {
		if err := p.At(i).Freeze(!IsAdapter(p.At(i).Name())); err != nil {
			return err
		}
	}
	return nil
}

// Merge returns a store of its own in which s·B·A is added to the weights and adapters are left out. A network over it computes
// what the adapted one does, up to rounding, at the cost of one that was never adapted.
func (l LoRA) Merge(p *graph.Params) (*graph.Params, error) {
	names, err := l.Adapted(p)
	if err != nil {
		return nil, err
	}
	sums, err := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) (out []graph.Node) {
		g = l.Apply(g)
		for _, name := range names {
			at, parts := g, strings.Split(name, ".")
			for _, part := range parts[:len(parts)-1] {
				at = at.Scope(part)
			}
			out = append(out, at.Param(parts[len(parts)-1], nil, p.Get(name).Shape()...))
		}
		return out
	}).Run()
	if err != nil {
		return nil, errors.Wrap(err, "nn: LoRA: Merge")
	}
	merged := graph.NewParams(p.Seed())
	if p.Dtype() == tensor.Float64 {
		merged = graph.NewParams64(p.Seed())
	}
	var list []graph.Named
	for _, t := range p.Tensors("") {
		if IsAdapter(t.Name) {
			continue
		}
		if i := slices.Index(names, t.Name); i >= 0 {
			t.Value = sums[i]
		}
		list = append(list, t)
	}
	return merged, merged.SetAll(list)
}
