package compile

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// tanhOfSum is code for tanh(a + b), a and b of shape [2, 3].
func tanhOfSum() (k *Code, sum, tanh *Value) {
	leaf := func(name string) *Value {
		return &Value{Leaf: &Leaf{Name: name, Shape: []int{2, 3}}, Shape: []int{2, 3}}
	}
	a, b := leaf("a"), leaf("b")
	sum = &Value{Op: op.Add{}, Shape: []int{2, 3}, In: []*Value{a, b}, Name: 2}
	tanh = &Value{Op: op.Tanh, Shape: []int{2, 3}, In: []*Value{sum}, Name: 3}
	k = &Code{Dtype: tensor.Float32, Order: []*Value{a, b, sum, tanh}, Exits: []*Exit{{Value: tanh}}}
	k.Link()
	return k, sum, tanh
}

// Each of these would be a mistake of a pass.
func TestCheckFindsMistakes(t *testing.T) {
	if k, _, _ := tanhOfSum(); k.check() != nil {
		t.Fatal(k.check())
	}
	for want, spoil := range map[string]func(k *Code, sum, tanh *Value){
		"not computed before it":     func(k *Code, sum, tanh *Value) { sum.In[1] = tanh },
		"does not know that it is":   func(_ *Code, sum, _ *Value) { sum.users = nil },
		"was replaced":               func(_ *Code, sum, tanh *Value) { sum.replace(tanh) },
		"by its own account 7":       func(_ *Code, sum, _ *Value) { sum.id = 7 },
		"an operation or a leaf":     func(_ *Code, sum, _ *Value) { sum.Op = nil },
		"by its own account 2":       func(_ *Code, _, tanh *Value) { tanh.exits = 2 },
		"cannot be added onto":       func(_ *Code, sum, tanh *Value) { tanh.onto = sum; sum.users = append(sum.users, tanh) },
		"operands have the shapes":   func(_ *Code, _, tanh *Value) { tanh.Op, tanh.Shape = op.Reshape{}, []int{7} },
		"%3 (slice 0:2 of 3 [2 3]):": func(_ *Code, _, tanh *Value) { tanh.Op = op.Slice{Outer: 2, N: 3, Inner: 1, End: 2} },
	} {
		k, sum, tanh := tanhOfSum()
		spoil(k, sum, tanh)
		if err := k.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want an error with %q", err, want)
		}
	}
}
