package op

import "testing"

// BenchmarkMaxPool takes the largest of windows of two by two, and of four in a row.
func BenchmarkMaxPool(b *testing.B) {
	for name, kernel := range map[string][3]int{"2x2": {1, 2, 2}, "1x4": {1, 1, 4}} {
		w := Window{In: [3]int{1, 56, 64}, Kernel: kernel, Stride: kernel, Dilation: [3]int{1, 1, 1}}
		for i := range w.Out {
			w.Out[i] = w.In[i] / kernel[i]
		}
		o := MaxPool{Window: w, Outer: 32}
		x, y := make([]float32, o.Outer*w.Elements()), make([]float32, o.Outer*w.Places())
		for i := range x {
			x[i] = float32(i*7919%1013) - 500
		}
		task := o.Bind(&Binding{Out: Operand{F32: y}, In: []Operand{{F32: x}}})
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(x)))
			for b.Loop() {
				_ = task()
			}
		})
	}
}
