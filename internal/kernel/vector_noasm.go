//go:build !(amd64 || arm64) || noasm

package kernel

// Without assembly vectorised is false and nothing calls these.

const noAssembly = "kernel: no assembly in this build"

func unary32(op vectorOp, dst, x *float32, n int)                    { panic(noAssembly) }
func binary32(op vectorOp, dst, a, b *float32, n int)                { panic(noAssembly) }
func axpy32(dst []float32, alpha float32, x []float32)               { panic(noAssembly) }
func affine32(dst, x []float32, mul, add float32)                    { panic(noAssembly) }
func fill32(dst []float32, v float32)                                { panic(noAssembly) }
func expSub32(dst, x []float32, c float32)                           { panic(noAssembly) }
func sumExp32(x []float32, c float32) (s float64)                    { panic(noAssembly) }
func sum32(x []float32) float32                                      { panic(noAssembly) }
func dot32(a, b []float32) float32                                   { panic(noAssembly) }
func sumSquares32(x []float32) float64                               { panic(noAssembly) }
func max32(x []float32) float32                                      { panic(noAssembly) }
func allFinite32(x []float32) bool                                   { panic(noAssembly) }
func addRows32(dst, x []float32, rows, cols, ld int)                 { panic(noAssembly) }
func adam32(w, g, m, v []float32, k *[adamScalars]float32)           { panic(noAssembly) }
func sgd32(w, g []float32, k *[descentScalars]float32)               { panic(noAssembly) }
func sgdMomentum32(w, g, v []float32, k *[descentScalars]float32)    { panic(noAssembly) }
func sgdNesterov32(w, g, v []float32, k *[descentScalars]float32)    { panic(noAssembly) }
func adagrad32(w, g, v []float32, k *[descentScalars]float32)        { panic(noAssembly) }
func rmsprop32(w, g, v, m, b []float32, k *[descentScalars]float32)  { panic(noAssembly) }
func scatterAddRows32(dst, src []float32, ids []int, cols, skip int) { panic(noAssembly) }
