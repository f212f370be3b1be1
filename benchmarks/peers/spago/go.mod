module github.com/unroll-go/unroll/benchmarks/peers/spago

go 1.26.0

require (
	github.com/nlpodyssey/spago v1.1.0
	github.com/unroll-go/unroll v0.0.0
)

require github.com/google/flatbuffers v23.5.26+incompatible // indirect

replace github.com/unroll-go/unroll => ../../..
