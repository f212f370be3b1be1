package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// network is a language model of stacked LSTMs, unrolled over T steps in Gorgonia's own operations, as its users write
// it: a product and a bias for every gate, tokens as one-hot rows, a loss at every step, Must around everything.
type network struct {
	g      *G.ExprGraph
	params G.Nodes
	rng    *rand.Rand
}

// gate has the weights of one gate: input [in, H], hidden [H, H], bias [1, H].
type gate struct{ input, hidden, bias *G.Node }

// lstm has the gates i, f, n, o of one layer.
type lstm [4]gate

// loss builds the mean cross-entropy over all steps. xs and targets have T one-hot matrices [B, V].
func (n *network) loss(xs, targets G.Nodes, i, h, layers int) *G.Node {
	v := xs[0].Shape()[1]
	embedding := n.weight("embedding", v, i)
	stack := make([]lstm, layers)
	for k := range stack {
		in := h
		if k == 0 {
			in = i
		}
		for j := range stack[k] {
			name := fmt.Sprintf("l%d.%c", k, "ifno"[j])
			stack[k][j] = gate{n.weight(name+".input", in, h), n.weight(name+".hidden", h, h), n.weight(name+".bias", 1, h)}
		}
	}
	head, bias := n.weight("head", h, v), n.weight("head.bias", 1, v)

	batch := xs[0].Shape()[0]
	hs, cs := make(G.Nodes, layers), make(G.Nodes, layers)
	for k := range stack {
		hs[k], cs[k] = n.zeros(fmt.Sprintf("h%d", k), batch, h), n.zeros(fmt.Sprintf("c%d", k), batch, h)
	}
	var total *G.Node
	for t := range xs {
		x := G.Must(G.Mul(xs[t], embedding)) // [B, I]
		for k := range stack {
			hs[k], cs[k] = n.step(stack[k], x, hs[k], cs[k])
			x = hs[k]
		}
		logits := G.Must(G.BroadcastAdd(G.Must(G.Mul(x, head)), bias, nil, []byte{0})) // [B, V]
		likelihood := G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.Log(G.Must(G.SoftMax(logits)))), targets[t]))))
		if total == nil {
			total = likelihood
		} else {
			total = G.Must(G.Add(total, likelihood))
		}
	}
	return G.Must(G.Mul(total, G.NewConstant(float32(-1/float64(batch*len(xs))), G.WithName("mean"))))
}

// step is one time step of a layer.
func (n *network) step(w lstm, x, h, c *G.Node) (*G.Node, *G.Node) {
	sum := func(g gate) *G.Node {
		return G.Must(G.BroadcastAdd(G.Must(G.Add(G.Must(G.Mul(x, g.input)), G.Must(G.Mul(h, g.hidden)))), g.bias, nil, []byte{0}))
	}
	i, f := G.Must(G.Sigmoid(sum(w[0]))), G.Must(G.Sigmoid(sum(w[1])))
	m, o := G.Must(G.Tanh(sum(w[2]))), G.Must(G.Sigmoid(sum(w[3])))
	c = G.Must(G.Add(G.Must(G.HadamardProd(f, c)), G.Must(G.HadamardProd(i, m))))
	return G.Must(G.HadamardProd(o, G.Must(G.Tanh(c)))), c
}

// weight is uniform in ±1/√columns. Gorgonia's own initialisers draw from the clock.
func (n *network) weight(name string, rows, columns int) *G.Node {
	data, bound := make([]float32, rows*columns), 1/math.Sqrt(float64(columns))
	for i := range data {
		data[i] = float32((2*n.rng.Float64() - 1) * bound)
	}
	w := n.matrix(name, rows, columns, data)
	n.params = append(n.params, w)
	return w
}

func (n *network) zeros(name string, rows, columns int) *G.Node {
	return n.matrix(name, rows, columns, make([]float32, rows*columns))
}

// oneHot draws a matrix [B, V] of tokens.
func (n *network) oneHot(name string, batch, v int) *G.Node {
	data := make([]float32, batch*v)
	for b := range batch {
		data[b*v+n.rng.IntN(v)] = 1
	}
	return n.matrix(name, batch, v, data)
}

func (n *network) matrix(name string, rows, columns int, data []float32) *G.Node {
	value := tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(data))
	return G.NewMatrix(n.g, tensor.Float32, G.WithShape(rows, columns), G.WithName(name), G.WithValue(value))
}
