package compile

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Build turns code into an executable, with the passes of a set. Inputs are checked even when nothing reads them.
// The first so many exits are what a run returns. Intermediate values go to shared memory.
func (k *Code) Build(on PassSet, inputs []*Leaf, outputs int, mem *Memory) (p *Program, err error) {
	defer func() {
		if r := recover(); r != nil { // a mistake in a pass: the graph itself is sound
			p, err = nil, errors.Errorf("graph: the compiler failed (%v); UNROLL_PASSES=none does without its passes", r)
		}
	}()
	p = &Program{dtype: k.Dtype}
	values := map[*Leaf]*tensor.Dense{}
	for _, l := range inputs {
		dtype := k.Dtype
		if l.IDs {
			dtype = tensor.Int
		}
		values[l] = dense.New(dtype, l.Shape)
		p.Inputs = append(p.Inputs, Input{l.Name, values[l]})
	}
	k.optimise(on)
	e := &emitter{planner: k.plan(values), program: p, mem: mem}
	if err := e.layOut(); err != nil {
		return nil, err
	}
	e.Bind()
	for i, x := range k.Exits {
		if i < outputs {
			p.Outputs = append(p.Outputs, x.Dst)
		}
		p.checks = append(p.checks, check{x.Name, op.Of(x.Dst), x.Touched})
	}
	return p, nil
}

// emitter turns a plan into a program: it gives every step its memory and its kernel.
type emitter struct {
	*planner
	program *Program
	mem     *Memory
	packs   map[*Value]any
}

func (e *emitter) Bind() {
	e.packs = map[*Value]any{}
	for _, s := range e.steps {
		e.bindStep(s)
		if s.values[0].frozen {
			e.program.fixed = len(e.program.steps)
		}
	}
	for _, x := range e.Exits {
		src, ok := e.operand(x.Value)
		if ok && !sameMemory(src, op.Of(x.Dst)) {
			e.program.copies = append(e.program.copies, copyRows(op.Of(x.Dst), src))
		}
	}
}

// bindStep adds what computes a step to the program; nothing, if its values lie where they are already.
func (e *emitter) bindStep(s *step) {
	v := s.values[0]
	_, tiled := v.Op.(op.Elementwise)
	switch {
	case v.Leaf != nil:
	case isView(v):
		if !e.shares(v) {
			e.instruction(s, e.copyView(v), v.In[0])
		}
	case is[*op.Concat](v):
		e.bindConcat(s, v)
	case is[packing](v):
		e.bindPacking(s, v)
	case tiled && e.on.Has(Fuse) && e.tiled(v):
		e.bindTiles(s)
	default:
		e.bindPlain(s, v)
	}
}

// instruction adds a task to the program that computes the values of a step, or copies what one of them reads.
func (e *emitter) instruction(s *step, run op.Task, copies *Value) {
	i := instruction{run: run, values: s.values, copies: copies}
	for _, v := range s.values {
		at := transient
		if r := e.planner.regions[v.id]; r != nil {
			at = address{own: r.block.mem != nil, offset: r.block.offset + r.off}
		}
		i.addresses = append(i.addresses, at)
	}
	i.out, _ = e.operand(s.values[len(s.values)-1])
	e.program.steps = append(e.program.steps, i)
}

// operand returns the memory of a value, for an instruction that reads or writes it; false if it has none.
func (e *emitter) operand(v *Value) (op.Operand, bool) {
	if p, ok := e.packs[v]; ok {
		o := op.Operand{}
		if v.Op.(packing).keep { // which is read where the weight is lent, and so has its numbers
			o, _ = e.place(v.In[0])
		}
		o.Shape, o.Packed = v.Shape, p
		return o, true
	}
	if w := weightOf(v); w != nil {
		w.keep()
	}
	return e.place(v)
}

// place is operand for what does not read the numbers in every run.
func (e *emitter) place(v *Value) (op.Operand, bool) {
	r := e.planner.regions[v.id]
	if r == nil {
		return op.Operand{}, false
	}
	o := e.at(r)
	o.Shape = v.Shape
	return o, true
}

// copyView copies what a view shows of its operand, for readers that need it in one piece.
func (e *emitter) copyView(v *Value) op.Task {
	to, _ := e.operand(v)
	src := e.planner.regions[v.In[0].id]
	if part := rectangle(v, src); part != nil {
		from := e.at(part)
		from.Shape = []int{part.rows, part.cols}
		return copyRows(to, from)
	}
	from, _ := e.operand(v.In[0])
	if is[op.Reshape](v) {
		return copyRows(to, from)
	}
	return v.Op.Bind(&op.Binding{F64: e.Dtype == tensor.Float64, In: []op.Operand{from}, Out: to})
}

// copyRows copies the elements of src to dst, in order; their rows may lie apart.
func copyRows(dst, src op.Operand) op.Task {
	if dst.IDs != nil {
		return func() error { copy(dst.IDs, src.IDs); return nil }
	}
	if dst.F64 != nil {
		return rowCopier(dst.F64, src.F64, dst, src)
	}
	return rowCopier(dst.F32, src.F32, dst, src)
}

func rowCopier[T kernel.Float](to, from []T, dst, src op.Operand) op.Task {
	n := op.Size(dst.Shape)
	dc, sc, lt, lf := op.LastDim(dst.Shape), op.LastDim(src.Shape), dst.Ld(), src.Ld()
	if lt == dc { // in one piece, which may be cut as the other is
		dc, lt = n, n
	}
	if lf == sc {
		sc, lf = n, n
	}
	run := gcd(dc, sc)
	if run == n {
		return func() error { copy(to[:n], from[:n]); return nil }
	}
	return func() error {
		for i := 0; i < n; i += run {
			copy(to[i/dc*lt+i%dc:][:run], from[i/sc*lf+i%sc:][:run])
		}
		return nil
	}
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// bindConcat copies the parts that could not be computed in place.
func (e *emitter) bindConcat(s *step, v *Value) {
	c := v.Op.(*op.Concat)
	host := e.planner.regions[v.id]
	for i, part := range v.In {
		if at := e.slots[part.id]; at.host == v && at.part == i {
			continue
		}
		first, n := c.Start(i)*c.Inner, c.Len(i)*c.Inner
		to := host.part(first, c.Outer, n, c.Total()*c.Inner)
		if c.Outer == 1 {
			to = host.elements(first, n, op.LastDim(part.Shape))
		}
		from, _ := e.operand(part)
		if to == nil || part.size() != c.Outer*n {
			panic("graph: a part of a concatenation has no place")
		}
		dst := e.at(to)
		dst.Shape = []int{to.rows, to.cols}
		e.instruction(s, copyRows(dst, from), part)
	}
}

// bindTiles binds a step of element-wise values.
func (e *emitter) bindTiles(s *step) {
	var run op.Task
	if e.Dtype == tensor.Float64 {
		run = bindFused[float64](s.values, e.operand)
	} else {
		run = bindFused[float32](s.values, e.operand)
	}
	e.instruction(s, run, nil)
}

// bindPlain binds an operation that runs by itself.
func (e *emitter) bindPlain(s *step, v *Value) {
	b := &op.Binding{F64: e.Dtype == tensor.Float64, Seed: &e.program.Seed, Node: v.UID}
	b.Out, _ = e.operand(v)
	for _, in := range v.In {
		x, _ := e.operand(in)
		b.In = append(b.In, x)
	}
	switch {
	case v.onto != nil:
		base, _ := e.operand(v.onto)
		add := v.Op.(op.Adder).BindAdd(b)
		if !sameMemory(base, b.Out) {
			e.instruction(s, copyRows(b.Out, base), v.onto)
		}
		e.instruction(s, add, nil)
	default:
		e.instruction(s, v.Op.Bind(b), nil)
	}
}

// sameMemory tells whether two operands begin at the same element.
func sameMemory(a, b op.Operand) bool {
	switch {
	case len(a.F32) > 0 && len(b.F32) > 0:
		return &a.F32[0] == &b.F32[0]
	case len(a.F64) > 0 && len(b.F64) > 0:
		return &a.F64[0] == &b.F64[0]
	}
	return false
}

// bindPacking packs a matrix: a weight into the copy that all programs over its store share, others into memory of the
// program's own.
func (e *emitter) bindPacking(s *step, v *Value) {
	src, _ := e.place(v.In[0])
	if e.Dtype == tensor.Float64 {
		bindPacked(e, s, v, src.F64, src.Ld())
	} else {
		bindPacked(e, s, v, src.F32, src.Ld())
	}
}

func bindPacked[T kernel.Float](e *emitter, s *step, v *Value, src []T, ld int) {
	rows, cols := op.MatrixOf(v.Shape)
	how := v.Op.(packing)
	m := packable[T]{src: src, rows: rows, cols: cols, ld: ld, trans: how.trans, format: how.format}
	weight := weightOf(v.In[0])
	if weight == nil || e.planner.regions[v.In[0].id].block.mem == nil { // a piece that had to be copied lies elsewhere each time
		own := op.NewPacked[T](how.format)
		e.packs[v], e.program.packs = &own, append(e.program.packs, own)
		e.instruction(s, func() error { m.pack(own); return nil }, nil)
		return
	}
	w := weightPackOf(e.mem, m, how.keep)
	e.packs[v], e.program.packs = &w.now, append(e.program.packs, w.own)
	idle := new(bool)
	e.instruction(s, w.task(e.Packs, weight, m, how.keep, idle), nil)
	e.program.steps[len(e.program.steps)-1].idle = idle
}
