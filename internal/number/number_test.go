package number

import (
	"bytes"
	"math"
	"testing"

	"gorgonia.org/tensor"
)

// Every bit pattern of half precision is widened by its definition.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := 1.0, h>>10&31, float64(h&1023)
		if h>>15 == 1 {
			sign = -1
		}
		want := sign * math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			want = math.NaN()
		}
		if got := float64(Float16(uint16(h))); got != want && !(got != got && want != want) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#x is %g; want %g", h, got, want)
		}
	}
}

func TestStrided(t *testing.T) {
	raw := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, c := range []struct {
		width, offset  int
		shape, strides []int
		want           []byte
	}{
		{1, 0, []int{3, 4}, []int{4, 1}, raw},
		{1, 0, []int{4, 3}, []int{1, 4}, []byte{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
		{2, 1, []int{2, 2}, []int{3, 1}, []byte{2, 3, 4, 5, 8, 9, 10, 11}},
		{2, 1, []int{2}, []int{0}, []byte{2, 3, 2, 3}},
		{1, 5, nil, nil, []byte{5}},
		{1, 0, []int{0, 3}, []int{3, 1}, nil},
		{1, 3, []int{1, 2}, []int{100, 1}, []byte{3, 4}},
	} {
		if got := Strided(raw, c.width, c.offset, c.shape, c.strides); !bytes.Equal(got, c.want) {
			t.Errorf("%v: %v", c, got)
		}
	}
}

func TestSwapAndPut(t *testing.T) {
	kind, ok := Of("I16")
	if !ok || kind.Dtype() != tensor.Int {
		t.Fatal(kind)
	}
	raw := []byte{0, 1, 0xff, 0xfe}
	Swap(raw, 2)
	to := tensor.New(tensor.WithShape(3), tensor.Of(tensor.Int))
	if err := kind.Put(to, 1, raw); err != nil || to.Ints()[0] != 0 || to.Ints()[1] != 1 || to.Ints()[2] != -2 {
		t.Error(to, err)
	}
	if _, ok := Of("F8"); ok {
		t.Error("F8 is known")
	}
}
