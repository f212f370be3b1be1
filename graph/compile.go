package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// build turns code into an executable, with the passes of a set. Inputs are checked even when nothing reads them.
// The first so many exits are what a run returns. Intermediate values go to shared memory.
func (k *code) build(on passSet, inputs []*leaf, outputs int, mem *memory) (p *executable, err error) {
	defer func() {
		if r := recover(); r != nil { // a mistake in a pass: the graph itself is sound
			p, err = nil, errors.Errorf("graph: the compiler failed (%v); UNROLL_PASSES=none does without its passes", r)
		}
	}()
	p = &executable{dtype: k.dtype}
	values := map[*leaf]*tensor.Dense{}
	for _, l := range inputs {
		dtype := k.dtype
		if l.ids {
			dtype = tensor.Int
		}
		values[l] = newDense(dtype, l.shape)
		p.inputs = append(p.inputs, input{l.name, values[l]})
	}
	k.optimise(on)
	e := &emitter{planner: k.plan(values), program: p, mem: mem}
	if err := e.layOut(); err != nil {
		return nil, err
	}
	e.bind()
	for i, x := range k.exits {
		if i < outputs {
			p.outputs = append(p.outputs, x.dst)
		}
		p.checks = append(p.checks, check{x.name, operandOf(x.dst)})
	}
	return p, nil
}

// emitter turns a plan into a program: it gives every step its memory and its kernel.
type emitter struct {
	*planner
	program *executable
	mem     *memory
	packs   map[*value]interface{}
}

func (e *emitter) bind() {
	e.packs = map[*value]interface{}{}
	for _, s := range e.steps {
		e.bindStep(s)
		if s.values[0].frozen {
			e.program.fixed = len(e.program.steps)
		}
	}
	for _, x := range e.exits {
		src, ok := e.operand(x.value)
		if ok && !sameMemory(src, operandOf(x.dst)) {
			e.program.copies = append(e.program.copies, copyRows(operandOf(x.dst), src))
		}
	}
}

// bindStep adds what computes a step to the program; nothing, if its values lie where they are already.
func (e *emitter) bindStep(s *step) {
	v := s.values[0]
	_, tiled := v.op.(elementwise)
	switch {
	case v.leaf != nil:
	case isView(v):
		if !e.shares(v) {
			e.instruction(s, e.copyView(v), v.in[0])
		}
	case is[*concat](v):
		e.bindConcat(s, v)
	case is[packing](v):
		e.bindPacking(s, v)
	case tiled && e.on["fuse"] && e.tiled(v):
		e.bindTiles(s)
	default:
		e.bindPlain(s, v)
	}
}

// instruction adds a task to the program that computes the values of a step, or copies what one of them reads.
func (e *emitter) instruction(s *step, run task, copies *value) {
	i := instruction{run: run, values: s.values, copies: copies}
	for _, v := range s.values {
		at := inside
		if r := e.planner.mem[v.id]; r != nil {
			at = place{own: r.buf.mem != nil, offset: r.buf.offset + r.off}
		}
		i.places = append(i.places, at)
	}
	i.out, _ = e.operand(s.values[len(s.values)-1])
	e.program.steps = append(e.program.steps, i)
}

// operand returns the memory of a value; false if it has none.
func (e *emitter) operand(v *value) (operand, bool) {
	if p, ok := e.packs[v]; ok {
		return operand{shape: v.shape, packed: p}, true
	}
	r := e.planner.mem[v.id]
	if r == nil {
		return operand{}, false
	}
	o := e.at(r)
	o.shape = v.shape
	return o, true
}

// copyView copies what a view shows of its operand, for readers that need it in one piece.
func (e *emitter) copyView(v *value) task {
	to, _ := e.operand(v)
	src := e.planner.mem[v.in[0].id]
	if part := rectangle(v, src); part != nil {
		from := e.at(part)
		from.shape = []int{part.rows, part.cols}
		return copyRows(to, from)
	}
	from, _ := e.operand(v.in[0])
	if is[reshape](v) {
		return copyRows(to, from)
	}
	return v.op.bind(&binding{f64: e.dtype == tensor.Float64, in: []operand{from}, out: to})
}

// copyRows copies the elements of src to dst, in order; their rows may lie apart.
func copyRows(dst, src operand) task {
	if dst.f64 != nil {
		return rowCopier(dst.f64, src.f64, dst, src)
	}
	return rowCopier(dst.f32, src.f32, dst, src)
}

func rowCopier[T kernel.Float](to, from []T, dst, src operand) task {
	n := sizeOf(dst.shape)
	dc, sc, lt, lf := lastDim(dst.shape), lastDim(src.shape), dst.ld(), src.ld()
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
func (e *emitter) bindConcat(s *step, v *value) {
	c := v.op.(*concat)
	c.total()
	host := e.planner.mem[v.id]
	for i, part := range v.in {
		if at := e.sits[part.id]; at.host == v && at.part == i {
			continue
		}
		first, n := c.starts[i]*c.inner, c.sizes[i]*c.inner
		to := host.part(first, c.outer, n, c.total()*c.inner)
		if c.outer == 1 {
			to = host.elements(first, n, lastDim(part.shape))
		}
		from, _ := e.operand(part)
		if to == nil || part.size() != c.outer*n {
			panic("graph: a part of a concatenation has no place")
		}
		dst := e.at(to)
		dst.shape = []int{to.rows, to.cols}
		e.instruction(s, copyRows(dst, from), part)
	}
}

// bindTiles binds a step of element-wise values.
func (e *emitter) bindTiles(s *step) {
	var run task
	if e.dtype == tensor.Float64 {
		run = bindFused[float64](s.values, e.operand)
	} else {
		run = bindFused[float32](s.values, e.operand)
	}
	e.instruction(s, run, nil)
}

// bindPlain binds an operation that runs by itself.
func (e *emitter) bindPlain(s *step, v *value) {
	b := &binding{f64: e.dtype == tensor.Float64, seed: &e.program.seed, node: v.uid}
	b.out, _ = e.operand(v)
	for _, in := range v.in {
		x, _ := e.operand(in)
		b.in = append(b.in, x)
	}
	switch {
	case v.onto != nil:
		base, _ := e.operand(v.onto)
		add := v.op.(accumulator).bindAdd(b)
		if !sameMemory(base, b.out) {
			e.instruction(s, copyRows(b.out, base), v.onto)
		}
		e.instruction(s, add, nil)
	default:
		e.instruction(s, v.op.bind(b), nil)
	}
}

// sameMemory tells whether two operands begin at the same element.
func sameMemory(a, b operand) bool {
	switch {
	case len(a.f32) > 0 && len(b.f32) > 0:
		return &a.f32[0] == &b.f32[0]
	case len(a.f64) > 0 && len(b.f64) > 0:
		return &a.f64[0] == &b.f64[0]
	}
	return false
}

// bindPacking packs a matrix into memory of its own, which the programs of a function share if it is a weight.
func (e *emitter) bindPacking(s *step, v *value) {
	src, _ := e.operand(v.in[0])
	key := packKey{trans: v.op.(packing).trans, shape: [2]int{v.shape[0], v.shape[1]}, weight: isWeight(v.in[0])}
	var pack interface{}
	var run task
	if e.dtype == tensor.Float64 {
		key.f64 = &src.f64[0]
		p, ok := e.mem.packs[key].(*kernel.Packed[float64])
		if !ok {
			p = &kernel.Packed[float64]{}
		}
		pack, run = p, packTask(p, v, src.f64, src.ld())
	} else {
		key.f32 = &src.f32[0]
		p, ok := e.mem.packs[key].(*kernel.Packed[float32])
		if !ok {
			p = &kernel.Packed[float32]{}
		}
		pack, run = p, packTask(p, v, src.f32, src.ld())
	}
	if key.weight {
		if e.mem.packs == nil {
			e.mem.packs = map[packKey]interface{}{}
		}
		e.mem.packs[key] = pack
	}
	e.packs[v], e.program.packs = pack, append(e.program.packs, pack)
	e.instruction(s, run, nil)
}

func packTask[T kernel.Float](p *kernel.Packed[T], v *value, src []T, ld int) task {
	rows, cols := matrixOf(v.shape)
	trans := v.op.(packing).trans
	k, n := rows, cols
	if trans {
		k, n = cols, rows
	}
	return func() error { p.Pack(trans, k, n, src, ld); return nil }
}
