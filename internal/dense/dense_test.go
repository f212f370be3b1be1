package dense

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/tensor"
)

func TestCheck(t *testing.T) {
	whole := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	}
	transposed := whole()
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	columns, err := whole().Slice(nil, tensor.S(1))
	if err != nil {
		t.Fatal(err)
	}
	short := whole()
	short.AP = tensor.MakeAP(tensor.Shape{4, 2}, []int{2, 1}, 0, 0)
	rows, err := whole().Slice(tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	hollow := tensor.New(tensor.WithShape(0), tensor.Of(tensor.Float32))
	hollow.AP = tensor.MakeAP(tensor.Shape{2, 2}, []int{2, 1}, 0, 0)
	for _, c := range []struct {
		name  string
		value *tensor.Dense
		types []tensor.Dtype
		want  string // part of the error; none if empty
	}{
		{"matrix", whole(), nil, ""},
		{"rows of a matrix", rows.(*tensor.Dense), nil, ""},
		{"scalar", tensor.New(tensor.FromScalar(float32(1))), nil, ""},
		{"one element", tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{1})), nil, ""},
		{"nil", nil, nil, "is nil"},
		{"zero value", &tensor.Dense{}, nil, "never given an element type"},
		{"transposed", transposed, nil, "clone it first"},
		{"columns", columns.(*tensor.Dense), nil, "clone it first"},
		{"size and shape", short, nil, "shape [4 2] needs 8 numbers, found 6"},
		{"no data", hollow, nil, "shape [2 2] needs 4 numbers, found 0"},
		{"no elements", tensor.New(tensor.WithShape(0, 3), tensor.Of(tensor.Float32)), nil, "dimension of 0"},
		{"bytes", tensor.New(tensor.WithShape(1), tensor.WithBacking([]byte{1})), nil, "want float32, float64 or int"},
		{"ints for floats", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2})), []tensor.Dtype{tensor.Float32, tensor.Float64}, "int; want float32 or float64"},
	} {
		err := Check(c.value, c.types...)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v; want an error with %q", c.name, err, c.want)
		}
	}
}

func TestEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		value *tensor.Dense
		want  bool
	}{
		"nil":         {nil, false},
		"zero value":  {&tensor.Dense{}, false},
		"scalar":      {tensor.New(tensor.FromScalar(1.0)), false},
		"matrix":      {tensor.New(tensor.WithShape(1, 2), tensor.Of(tensor.Int)), false},
		"no rows":     {tensor.New(tensor.WithShape(0, 3), tensor.Of(tensor.Float32)), true},
		"no elements": {tensor.New(tensor.WithShape(0), tensor.Of(tensor.Float32)), true},
	} {
		if got := Empty(c.value); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int
	}{{nil, 1}, {[]int{1}, 1}, {[]int{2, 3, 4}, 24}, {[]int{MaxElements}, MaxElements}, {[]int{MaxElements, 1, 1}, MaxElements}} {
		if n, err := Size(c.shape); n != c.n || err != nil {
			t.Errorf("%v: %d, %v", c.shape, n, err)
		}
	}
	for _, shape := range [][]int{{0}, {2, -1}, {MaxElements, 2}, {math.MaxInt}, {math.MaxInt, 3, math.MaxInt}, {1 << 16, 1 << 16, 1 << 16, 1 << 16}, {math.MinInt}} {
		if n, err := Size(shape); err == nil {
			t.Errorf("%v: %d and no error", shape, n)
		}
	}
}

func TestNotFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for _, c := range []struct {
		data any
		want int
	}{
		{[]float32{1, 2}, -1}, {[]float32{1, float32(nan)}, 1}, {[]float32{float32(inf)}, 0},
		{[]float64{nan, 2}, 0}, {[]float64{1, math.MaxFloat64}, -1}, {[]int{1}, -1},
	} {
		if at := NotFinite(tensor.New(tensor.WithBacking(c.data))); at != c.want {
			t.Errorf("%v: %d, want %d", c.data, at, c.want)
		}
	}
	if at := NotFinite(tensor.New(tensor.FromScalar(float32(nan)))); at != 0 {
		t.Errorf("scalar NaN: %d", at)
	}
}

func TestFloat64s(t *testing.T) {
	doubles := []float64{1, -2.5}
	for _, x := range []*tensor.Dense{tensor.New(tensor.WithBacking([]float32{1, -2.5})), tensor.New(tensor.WithBacking(doubles))} {
		got := Float64s(x)
		if len(got) != 2 || got[0] != 1 || got[1] != -2.5 {
			t.Errorf("%v: %v", x.Dtype(), got)
		}
		got[0] = 7
	}
	if doubles[0] != 1 {
		t.Error("the tensor's own elements were given out")
	}
}
