package compile

import (
	"github.com/unroll-go/unroll/internal/op"
)

// associate multiplies three matrices in the cheaper order. The gradient of a weight W + B·A is Dᵀ·X over all rows of all steps, and
// those of the low-rank B and A are (Dᵀ·X)·Aᵀ and Bᵀ·(Dᵀ·X). As Dᵀ·(X·Aᵀ) and (D·B)ᵀ·X they cost a share of it, and nobody needs
// the gradient of the whole.
//
// (Dᵀ·X)·Aᵀ for 64 rows, an X of 32 columns and an A of 2 rows, without the pass:
//
//	0  @0          = %3 matmul Aᵀ·B d x  [8 32]
//	1  own+0       = %4 matmul A·Bᵀ %3 a  [8 2]
//
// and with it:
//
//	0  @0          = %3 matmul A·Bᵀ x a  [64 2]
//	1  own+0       = %4 matmul Aᵀ·B d %3  [8 2]
func (k *Code) associate() {
	for _, v := range k.Order {
		products := weightGradient(v)
		if products == nil || !worthAssociating(v, products) {
			continue
		}
		for _, u := range v.users {
			terms := make([]*Value, len(products))
			for i, p := range products {
				terms[i] = associated(u, v, p)
			}
			if len(terms) == 1 {
				u.replace(terms[0])
			} else {
				u.replace(derived(u, op.Add{}, u.Shape, terms...))
			}
		}
	}
	k.tidy()
}

// weightGradient are the products Dᵀ·X that v is, or is the sum of, if products alone read v; nil otherwise.
func weightGradient(v *Value) []*Value {
	if v.exits > 0 || len(v.users) == 0 || len(v.Shape) != 2 {
		return nil
	}
	for _, u := range v.users {
		if !plainProduct(u) || (u.In[0] == v) == (u.In[1] == v) {
			return nil
		}
	}
	products := []*Value{v}
	if is[op.Add](v) {
		products = v.In
	}
	for _, p := range products {
		o, ok := opOf[op.MatMul](p)
		if !ok || !o.TransA || !plainProduct(p) || p != v && p.sole() != v || p.size() != v.size() {
			return nil
		}
	}
	return products
}

// plainProduct tells whether v is a product and nothing more.
func plainProduct(v *Value) bool {
	o, ok := opOf[op.MatMul](v)
	return ok && v.onto == nil && !o.Bias
}

// worthAssociating compares the multiplications of both orders.
func worthAssociating(v *Value, products []*Value) bool {
	rows, columns := op.MatrixOf(v.Shape)
	before, after := 0, 0
	for _, p := range products {
		before += rows * columns * op.RowsOf(p.In[0].Shape)
	}
	for _, u := range v.users {
		m, n, depth := u.Op.(op.MatMul).Sizes(u.In[0].Shape, u.In[1].Shape)
		before += m * n * depth
		thin := m * n * depth / (rows * columns) // the other matrix's second side
		for _, p := range products {
			after += (rows + columns) * thin * op.RowsOf(p.In[0].Shape)
		}
	}
	return after < before
}

// associated is the product u of v and another matrix, with p = Dᵀ·X in place of v, in the other order.
func associated(u, v, p *Value) *Value {
	o, d, x := u.Op.(op.MatMul), p.In[0], p.In[1]
	product := func(o op.MatMul, a, b *Value) *Value {
		m, n, _ := o.Sizes(a.Shape, b.Shape)
		out := derived(u, o, []int{m, n}, a, b)
		out.Segment = p.Segment
		return out
	}
	if u.In[0] == v {
		b := u.In[1]
		if o.TransA { // (Dᵀ·X)ᵀ·B = Xᵀ·(D·B)
			return product(op.MatMul{TransA: true}, x, product(op.MatMul{}, d, b))
		}
		return product(op.MatMul{TransA: true}, d, product(op.MatMul{TransB: o.TransB}, x, b)) // Dᵀ·(X·B) or Dᵀ·(X·Bᵀ)
	}
	a := u.In[0]
	switch {
	case o.TransA: // Aᵀ·(Dᵀ·X) = (D·A)ᵀ·X
		return product(op.MatMul{TransA: true}, product(op.MatMul{}, d, a), x)
	case o.TransB: // A·(Dᵀ·X)ᵀ = (A·Xᵀ)·D
		return product(op.MatMul{}, product(op.MatMul{TransB: true}, a, x), d)
	}
	return product(op.MatMul{TransA: true}, product(op.MatMul{TransB: true}, d, a), x) // A·(Dᵀ·X) = (D·Aᵀ)ᵀ·X
}
