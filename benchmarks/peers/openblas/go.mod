module github.com/unroll-go/unroll/benchmarks/peers/openblas

go 1.26.0

require github.com/unroll-go/unroll v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace github.com/unroll-go/unroll => ../../..
