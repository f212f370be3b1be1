package train

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of tensorflow.HistogramProto.
const (
	histogramMin     = 1 // double, as all that follow
	histogramMax     = 2
	histogramNum     = 3
	histogramSum     = 4
	histogramSquares = 5
	histogramLimits  = 6 // upper ends of the buckets, packed
	histogramCounts  = 7 // packed
)

// Histogram writes how numbers are spread, such as a weight's or a gradient's. Values that are not finite are left out.
func (l *EventLog) Histogram(tag string, step int, values []float64) error {
	return l.value(tag, step, message(nil, valueHistogram, histogram(values)))
}

// Weights writes the histogram of every parameter of a store under "weights/" and its name.
func (l *EventLog) Weights(step int, p *graph.Params) error {
	if p == nil {
		return errors.New("train: events: the store of the weights is nil")
	}
	var values []float64
	for _, t := range p.Tensors("weights/") {
		switch x := t.Value.Data().(type) {
		case []float64:
			values = append(values[:0], x...)
		case []float32:
			values = values[:0]
			for _, v := range x {
				values = append(values, float64(v))
			}
		}
		if err := l.Histogram(t.Name, step, values); err != nil {
			return err
		}
	}
	return nil
}

// buckets are TensorFlow's: ends that grow by a tenth from 1e-12 to 1e20, the same below zero, and zero between them.
var buckets = func() []float64 {
	var up []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		up = append(up, v)
	}
	up = append(up, math.MaxFloat64)
	var all []float64
	for _, v := range slices.Backward(up) {
		all = append(all, -v)
	}
	return append(append(all, 0), up...)
}()

// histogram is a HistogramProto: bucket i holds the values from limit i-1, included, to limit i. Runs of empty buckets are
// one bucket.
func histogram(values []float64) []byte {
	counts := make([]float64, len(buckets))
	n, sum, squares, low, high := 0.0, 0.0, 0.0, math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		n, sum, squares = n+1, sum+v, squares+v*v
		low, high = min(low, v), max(high, v)
		i, exact := slices.BinarySearch(buckets, v)
		if exact {
			i++ // the value is the lower end of the next bucket
		}
		counts[min(i, len(counts)-1)]++
	}
	if n == 0 {
		low, high = 0, 0
	}
	var limits, heights []byte
	for i, c := range counts {
		// An empty bucket is only needed as the lower end of one that is not.
		if c == 0 && (i+1 == len(counts) || counts[i+1] == 0) {
			continue
		}
		limits = protowire.AppendFixed64(limits, math.Float64bits(buckets[i]))
		heights = protowire.AppendFixed64(heights, math.Float64bits(c))
	}
	var out []byte
	for field, v := range []float64{histogramMin: low, histogramMax: high, histogramNum: n, histogramSum: sum, histogramSquares: squares} {
		if field > 0 {
			out = protowire.AppendFixed64(protowire.AppendTag(out, protowire.Number(field), protowire.Fixed64Type), math.Float64bits(v))
		}
	}
	return message(message(out, histogramLimits, limits), histogramCounts, heights)
}
