package stablehlo

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// host is what the library computes itself before a run: random numbers, functions of Go, and checks of ids. All of it depends on
// inputs and on the seed alone.
type host struct {
	f      *listing.Function
	f64    bool
	is     []bool // which nodes
	read   []int  // those that the device reads
	limits []limit

	verified []int // operations that look at ids
}

// limit says which ids an operation takes.
type limit struct {
	at       int // of the ids
	low, end int
	but      int // an id that is allowed
	what     string
}

// onHost tells whether an operation is the host's.
func onHost(o op.Op) bool {
	switch o.(type) {
	case op.RandomMask, op.LogUniform, op.FirstIDs, op.LogUniformCount, *op.ComputeIDs:
		return true
	}
	return false
}

func newHost(f *listing.Function, f64 bool) *host {
	h := &host{f: f, f64: f64, is: make([]bool, len(f.Nodes))}
	given := func(i int) bool { // when a run begins
		l := f.Nodes[i].Leaf
		return h.is[i] || l != nil && (slices.Contains(f.Inputs, i) || l.IDs && l.Value != nil)
	}
	all := func(at []int) bool { return !slices.ContainsFunc(at, func(i int) bool { return !given(i) }) }
	read := make([]bool, len(f.Nodes))
	for i, n := range f.Nodes {
		if n.Op == nil {
			continue
		}
		if h.is[i] = onHost(n.Op) && all(n.In); h.is[i] {
			continue
		}
		for _, k := range n.In {
			read[k] = true
		}
		for _, l := range limitsOf(f.Nodes, n) {
			if given(l.at) && !h.is[l.at] {
				h.limits = append(h.limits, l)
			}
		}
		if _, ok := n.Op.(*op.Verify); ok && all(n.In[1:]) {
			h.verified = append(h.verified, i)
		}
	}
	for _, at := range f.Outputs {
		read[at] = true
	}
	for i := range f.Nodes {
		if h.is[i] && read[i] {
			h.read = append(h.read, i)
		}
	}
	return h
}

// limitsOf is what an operation wants of its ids.
func limitsOf(nodes []listing.Node, n listing.Node) []limit {
	shape := func(k int) []int { return nodes[n.In[k]].Shape }
	switch o := n.Op.(type) {
	case op.GatherRows:
		l := limit{n.In[1], 0, shape(0)[0], int(o.Pad), "id"}
		if o.FromEnd {
			l.low = -l.end
		}
		return []limit{l}
	case op.CrossEntropy:
		return []limit{{n.In[1], 0, op.LastDim(shape(0)), int(o.Ignore), "target"}}
	case op.PickLast:
		l := limit{n.In[1], 0, op.LastDim(shape(0)), op.NoID, "id"}
		if o.Known {
			l.but = o.ID
		}
		return []limit{l}
	case op.LengthMask:
		return []limit{{n.In[0], 0, o.Steps + 1, op.NoID, "length"}}
	case *op.ClusterIDs:
		return []limit{{n.In[0], 0, o.Cutoffs[len(o.Cutoffs)-1], int(o.Ignore), "target"}}
	case op.TransducerScores:
		return []limit{{n.In[1], 0, op.LastDim(shape(0)), -1, "label"}}
	case op.Transducer:
		frames := limit{n.In[1], 1, shape(0)[0] + 1, op.NoID, "number of frames"}
		return []limit{frames, {n.In[2], 0, (shape(0)[2] + 1) / 2, op.NoID, "number of labels"}}
	}
	return nil
}

// Feed returns the arguments of a run that are inputs and drawn, in the module's order: in itself, and what the library computes from
// it and the seed. Random masks are those of the call of Grad, counted from 0, after Func.Seed(seed). Ids and lengths are checked,
// as an accelerator does not check them: one that is out of range is an error.
func (m *Module) Feed(seed, call uint64, in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if m == nil || m.host == nil {
		return nil, errors.New("stablehlo: there is no module: Forward, Gradients and Step make one")
	}
	if err := m.checkInputs(in); err != nil {
		return nil, err
	}
	h := m.host
	memory := make([]*tensor.Dense, len(h.f.Nodes))
	for i, at := range h.f.Inputs {
		if at >= 0 {
			memory[at] = in[i]
		}
	}
	for i, n := range h.f.Nodes {
		if n.Leaf != nil && n.Leaf.IDs && n.Leaf.Value != nil {
			memory[i] = n.Leaf.Value
		}
	}
	if err := h.check(memory); err != nil {
		return nil, err
	}
	key := op.Mix(seed + op.Mix(call))
	for i, is := range h.is {
		if is {
			if err := h.compute(memory, i, key); err != nil {
				return nil, err
			}
		}
	}
	for _, i := range h.verified {
		n := h.f.Nodes[i]
		ids := make([][]int, len(n.In)-1)
		for k, at := range n.In[1:] {
			ids[k] = memory[at].Ints()
		}
		if err := n.Op.(*op.Verify).Check(ids); err != nil {
			return nil, err
		}
	}
	out := slices.Clone(in)
	for _, at := range h.read {
		out = append(out, memory[at])
	}
	return out, nil
}

func (m *Module) checkInputs(in []*tensor.Dense) error {
	var want []Value
	for _, v := range m.Arguments {
		if v.Role == Input {
			want = append(want, v)
		}
	}
	if len(in) != len(want) {
		return errors.Errorf("stablehlo: want %d inputs, found %d", len(want), len(in))
	}
	for i, v := range in {
		dtype := m.dtype
		if want[i].IDs {
			dtype = tensor.Int
		}
		if err := dense.Check(v, dtype); err != nil {
			return errors.Wrapf(err, "stablehlo: input %d", i)
		}
		if !slices.Equal(v.Shape(), want[i].Shape) {
			return errors.Errorf("stablehlo: input %d has shape %v; the module is for %v", i, v.Shape(), want[i].Shape)
		}
	}
	return nil
}

func (h *host) check(memory []*tensor.Dense) error {
	for _, l := range h.limits {
		for i, id := range memory[l.at].Ints() {
			if (id < l.low || id >= l.end) && (id != l.but || l.but == op.NoID) {
				return errors.Errorf("stablehlo: %s %d at position %d; want %d to %d", l.what, id, i, l.low, l.end-1)
			}
		}
	}
	for i, at := range h.f.Inputs {
		if at < 0 || memory[at].Dtype() != tensor.Int {
			continue
		}
		for _, id := range memory[at].Ints() {
			if id <= math.MinInt32 || id > math.MaxInt32 {
				return errors.Errorf("stablehlo: input %d holds %d, which does not fit 32 bits", i, id)
			}
		}
	}
	return nil
}

// compute runs an operation of the host.
func (h *host) compute(memory []*tensor.Dense, i int, key uint64) error {
	n := h.f.Nodes[i]
	dtype := tensor.Float32
	switch {
	case n.IDs:
		dtype = tensor.Int
	case h.f64:
		dtype = tensor.Float64
	}
	memory[i] = dense.New(dtype, n.Shape)
	b := &op.Binding{F64: h.f64, Out: op.Of(memory[i]), Seed: &key, Node: n.UID}
	for _, k := range n.In {
		b.In = append(b.In, op.Of(memory[k]))
	}
	return errors.Wrapf(n.Op.Bind(b)(), "stablehlo: %v", n.Op)
}
