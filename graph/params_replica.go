package graph

// Replica returns a store with the same parameters, which shares their numbers but has gradients of its own: several
// functions over replicas compute gradients side by side, and a step of the optimiser on p serves them all. It has the
// parameters that p has now, frozen or not as now, and is sealed. A replica is not for changing: buffers (Graph.Assign)
// are an error in it.
func (p *Params) Replica() *Params {
	p.mu.RLock()
	defer p.mu.RUnlock()
	r := newParams(p.seed, p.dtype)
	r.sealed, r.replica, r.numbers = true, true, p.numbers
	for _, q := range p.list {
		same := &Param{name: q.name, value: q.value, lent: q.lent, wide: q.wide, frozen: q.frozen}
		r.list = append(r.list, same)
		r.byName[q.name] = same
	}
	return r
}

// WithParams returns the function of the same description over another store: a replica of its own, say.
func (f *Func) WithParams(p *Params) *Func {
	g := NewFunc(p, f.build)
	g.limit, g.weights, g.precision = f.limit, f.weights, f.precision
	return g
}
