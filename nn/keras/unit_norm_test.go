package keras_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/keras"
)

// UnitNormalization as Keras 3.15 computes it, of a row of zeros too:
//
//	m = keras.Sequential([keras.Input((None, 3)), layers.Dense(4), layers.UnitNormalization()]); m.save("unit_norm.keras")
func TestUnitNormalization(t *testing.T) {
	n, err := keras.Open("testdata/unit_norm.keras", keras.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(p, n.Build).Run(graph.Floats([]float32{1, 2, -1, 0, 0, 0}, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := graph.Floats([]float32{-0.86322743, -0.11652692, 0.22337364, -0.43745202, 0, 0, 0, 0}, 1, 2, 4)
	graphtest.Close(t, "unit norm", out[0], want, 1e-6)
}
