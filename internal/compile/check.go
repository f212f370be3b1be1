package compile

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/op"
)

// check finds what no pass may leave behind: operands that come after their readers, readers that are not known, shapes
// that do not fit the operation.
func (k *Code) check() error {
	for i, v := range k.Order {
		if err := k.checkLinks(i, v); err != nil {
			return errors.Wrapf(err, "%%%d (%s %v)", v.Name, v.opName(), v.Shape)
		}
		if err := checkShapes(v); err != nil {
			return errors.Wrapf(err, "%%%d (%s %v)", v.Name, v.opName(), v.Shape)
		}
	}
	exits := map[*Value]int{}
	for _, x := range k.Exits {
		exits[x.Value]++
	}
	for _, v := range k.Order {
		if v.exits != exits[v] {
			return errors.Errorf("%%%d (%s): it leaves the program %d times, by its own account %d", v.Name, v.opName(), exits[v], v.exits)
		}
	}
	return nil
}

func (k *Code) checkLinks(i int, v *Value) error {
	switch {
	case v.id != i:
		return errors.Errorf("it is number %d, by its own account %d", i, v.id)
	case v.instead != nil:
		return errors.New("it was replaced")
	case (v.Op == nil) == (v.Leaf == nil):
		return errors.New("want an operation or a leaf, and not both")
	}
	for j := range v.operands() {
		in := v.operand(j)
		if in.id >= i || k.Order[in.id] != in {
			return errors.Errorf("operand %d is not computed before it", j)
		}
		if !slices.Contains(in.users, v) {
			return errors.Errorf("operand %d does not know that it is read here", j)
		}
	}
	return nil
}

// checkShapes compares sizes with what the operation makes of its operands.
func checkShapes(v *Value) error {
	if v.onto != nil {
		if _, ok := v.Op.(op.Adder); !ok || v.onto.size() != v.size() {
			return errors.Errorf("it cannot be added onto a value of shape %v", v.onto.Shape)
		}
	}
	fits := true
	switch o := v.Op.(type) {
	case op.Reshape:
		fits = v.In[0].size() == v.size()
	case op.Slice:
		fits = v.In[0].size() == o.Outer*o.N*o.Inner && v.size() == o.Outer*(o.End-o.Start)*o.Inner && o.End <= o.N
	case op.Pad:
		fits = v.size() == o.Outer*o.N*o.Inner && v.In[0].size() == o.Outer*(o.End-o.Start)*o.Inner
	case *op.Concat:
		fits = len(v.In) == o.Parts() && v.size() == o.Outer*o.Total()*o.Inner
		for i, in := range v.In {
			fits = fits && in.size() == o.Outer*o.Len(i)*o.Inner
		}
	case op.MatMul:
		m, n, _ := o.Sizes(v.In[0].Shape, v.In[1].Shape)
		fits = v.size() == m*n && o.Bias == (len(v.In) == 3) && o.Packed == isPacking(v.In[1])
	case op.GatherRows:
		fits = v.size() == v.In[1].size()*op.Size(v.In[0].Shape[1:])
	}
	if !fits {
		shapes := make([][]int, len(v.In))
		for i, in := range v.In {
			shapes[i] = in.Shape
		}
		return errors.Errorf("its operands have the shapes %v", shapes)
	}
	return nil
}

func isPacking(v *Value) bool { return is[packing](v) }
