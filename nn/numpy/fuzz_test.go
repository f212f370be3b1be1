package numpy

import (
	"bytes"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
)

// Reading never panics, and what it accepts it writes back to the same array.
func FuzzParse(f *testing.F) {
	one := graph.Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	var b bytes.Buffer
	b.WriteString(header(one))
	if err := number.Write(&b, one); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(bytes.Replace(b.Bytes(), []byte("False"), []byte("True "), 1))
	f.Add(bytes.Replace(b.Bytes(), []byte("<f4"), []byte(">i2"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parse(bytes.Clone(data))
		if err != nil {
			return
		}
		if err := dense.Check(v); err != nil && !dense.Empty(v) {
			t.Fatal(err)
		}
		var out bytes.Buffer
		out.WriteString(header(v))
		if err := number.Write(&out, v); err != nil {
			t.Fatal(err)
		}
		again, err := parse(bytes.Clone(out.Bytes()))
		if err != nil || again.Dtype() != v.Dtype() || !again.Shape().Eq(v.Shape()) {
			t.Fatal(again, v, err)
		}
	})
}
