package recurrent

import "github.com/unroll-go/unroll/graph"

// Memory is a recurrence whose state is a matrix S [K, V] for each of N heads. Values are written to it under keys, and read
// with queries:
//
//	S' = w⊙S      S_t = S' + k·vᵀ + b·aᵀ·S'      o = S_tᵀ·q
//
// with all of w, k, v, b, a and q at step t, and S the state before it. Row i of S decays by w[i], which is between 0 and 1. What
// is found under a is written under b as well: with a = -k̂ and b = k = β·k̂ the value that was stored under a key k̂ is replaced
// by the new one, wholly for β = 1 (the delta rule; Schlag et al., 2021, arXiv 2102.11174). A cell describes its memory for
// inputs of any leading dimensions, and then runs one step (Step) or all of them (Order.Chunks). The zero Node is allowed
// where it says so.
type Memory struct {
	Query graph.Node // q [..., N, K]
	Key   graph.Node // k [..., N, K]
	Value graph.Node // v [..., N, V]
	// LogDecay is log w, at most 0: [..., N, 1] for one number a head, [..., N, K] for one a row; the zero Node for w = 1.
	LogDecay graph.Node
	// Fastest is a number that log w never falls below, 0 if there is none. Decays a row are computed faster where it is known.
	Fastest float64
	Recall  graph.Node // a [..., N, K]; the zero Node for none
	Revise  graph.Node // b [..., N, K]; the zero Node for k
}

// valid reports shapes that do not fit, for the given number of dimensions before [N, K].
func (m Memory) valid(g *graph.Graph, what string, leading int, state graph.Node) bool {
	if g.Err() != nil {
		return false
	}
	if m.Key.Rank() != leading+2 || m.Value.Rank() != leading+2 || state.Rank() != 2 {
		g.Failf(what, "a memory of keys %v and values %v with a state %v; want [..., N, K] and [..., N, V] with "+
			"%d leading dimensions, and [B, N·K·V]",
			m.Key.Shape(), m.Value.Shape(), state.Shape(), leading)
		return false
	}
	row := m.Key.Shape()
	one := append(m.Key.Shape()[:leading+1], 1)
	fits := sameShape(m.Query, row) && sameShape(m.Value, append(one[:leading+1:leading+1], m.Value.Dim(-1))) &&
		(!m.LogDecay.Valid() || sameShape(m.LogDecay, row) || sameShape(m.LogDecay, one)) &&
		(!m.Recall.Valid() || sameShape(m.Recall, row)) && (!m.Revise.Valid() || m.Recall.Valid() && sameShape(m.Revise, row))
	if !fits {
		g.Failf(what, "a memory of keys %v with queries %v, values %v, decays %v, recall %v, revise %v; want them to fit",
			row, m.Query.Shape(), m.Value.Shape(), m.LogDecay.Shape(), m.Recall.Shape(), m.Revise.Shape())
		return false
	}
	if want := row[leading] * row[leading+1] * m.Value.Dim(-1); state.Dim(0) != row[leading-1] || state.Dim(1) != want {
		g.Failf(what, "the state has shape %v; want [%d %d]", state.Shape(), row[leading-1], want)
		return false
	}
	return true
}

func sameShape(n graph.Node, shape []int) bool {
	if n.Rank() != len(shape) {
		return false
	}
	for i, d := range shape {
		if n.Dim(i) != d {
			return false
		}
	}
	return true
}

// single is Step for a sequence of one.
func (m Memory) single(g *graph.Graph, state graph.Node) (read, next graph.Node) {
	step := m
	for _, x := range []*graph.Node{&step.Query, &step.Key, &step.Value, &step.LogDecay, &step.Recall, &step.Revise} {
		if x.Valid() {
			*x = g.Reshape(*x, x.Shape()[1:]...)
		}
	}
	read, next = step.Step(g, state)
	return g.Reshape(read, append([]int{1}, read.Shape()...)...), next
}

// Step runs one step from the state [B, N·K·V]: it returns what the queries read, [B, N, V], and the state after it. Queries,
// keys and the others are [B, N, K], values [B, N, V].
func (m Memory) Step(g *graph.Graph, state graph.Node) (read, next graph.Node) {
	if !m.valid(g, "Memory", 1, state) {
		return graph.Node{}, state
	}
	B, N, K, V := m.Key.Dim(0), m.Key.Dim(1), m.Key.Dim(2), m.Value.Dim(2)
	row := func(x graph.Node) graph.Node { return g.Reshape(x, B, N, 1, -1) }
	column := func(x graph.Node) graph.Node { return g.Reshape(x, B, N, -1, 1) }
	s, value := g.Reshape(state, B, N, K, V), row(m.Value)
	if m.LogDecay.Valid() {
		s = g.Mul(column(g.Exp(m.LogDecay)), s)
	}
	terms := []graph.Node{s}
	if m.Recall.Valid() {
		found := g.MatMul(row(m.Recall), s) // [B, N, 1, V]
		if m.Revise.Valid() {
			terms = append(terms, g.Mul(column(m.Revise), found))
		} else {
			value = g.Add(value, found)
		}
	}
	s = g.Add(append(terms, g.Mul(column(m.Key), value))...)
	return g.Reshape(g.MatMul(row(m.Query), s), B, N, V), g.Reshape(s, B, N*K*V)
}
