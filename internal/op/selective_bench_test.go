package op

import "testing"

// BenchmarkSelectiveStep is one step of the selective scan of a Mamba of 130 million weights.
func BenchmarkSelectiveStep(b *testing.B) {
	o := Selective{T: 1, B: 1, E: 1536, S: 16}
	binding := &Binding{Out: numbers(o.Size())}
	for _, n := range []int{o.E, o.E, o.E * o.S, o.S, o.S, o.E * o.S} {
		binding.In = append(binding.In, numbers(n))
	}
	task := o.Bind(binding)
	for b.Loop() {
		if err := task(); err != nil {
			b.Fatal(err)
		}
	}
}

// numbers are n small negative ones.
func numbers(n int) Operand {
	x := make([]float32, n)
	for i := range x {
		x[i] = -float32(i%7) / 8
	}
	return Operand{F32: x}
}
