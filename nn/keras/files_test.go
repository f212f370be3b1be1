package keras_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
	"gorgonia.org/tensor"
)

// filesFolder names a folder of models that packages ship, with what the official runtimes compute:
// NAME/reference.safetensors beside each file holds in/... and out/....
const filesFolder = "UNROLL_MODEL_FILES"

// textgenrnn is the model whose weights alone that package ships.
var textgenrnn = func() string {
	data, err := os.ReadFile("testdata/textgenrnn.json")
	if err != nil {
		panic(err)
	}
	return string(data)
}()

// shipped are the files.
var shipped = map[string]struct {
	path    string
	options keras.Options
	fixed   bool // the number of steps
}{
	"asmscan":    {path: "bass-model1.h5"},
	"dgaintel":   {path: "domain_classifier_model.h5"},
	"crema":      {path: "model.h5", options: keras.Options{Classes: map[string]keras.Function{"SqueezeLayer": keras.Squeeze}}},
	"textgenrnn": {path: "textgenrnn_weights.hdf5", options: keras.Options{Config: textgenrnn, Classes: map[string]keras.Function{"AttentionWeightedAverage": keras.WeightedAverage}}},
	"sleepecg":   {path: "classifier.keras"},
}

// reference reads the recorded inputs and outputs of a model, as the network wants them.
func reference(t *testing.T, path string, n *keras.Network) (in, out []*tensor.Dense) {
	t.Helper()
	list, _, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		switch {
		case strings.HasPrefix(e.Name, "in/"):
			v := e.Value
			if n.Inputs()[len(in)].Ints && v.Dtype() == tensor.Float32 {
				ids := make([]int, len(v.Float32s()))
				for i, f := range v.Float32s() {
					ids[i] = int(f)
				}
				v = graph.Ints(ids, v.Shape()...)
			}
			in = append(in, v)
		case strings.HasPrefix(e.Name, "out/"):
			out = append(out, e.Value)
		}
	}
	return in, out
}

// apart is the largest difference, as a share of the largest value.
func apart(t *testing.T, got, want *tensor.Dense) float64 {
	t.Helper()
	if !got.Shape().Eq(want.Shape()) {
		t.Fatalf("shape %v; want %v", got.Shape(), want.Shape())
	}
	difference, largest := 0.0, 0.0
	for i, v := range want.Float32s() {
		d := math.Abs(float64(got.Float32s()[i]) - float64(v))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		difference, largest = max(difference, d), max(largest, math.Abs(float64(v)))
	}
	return difference / largest
}

func opened(t *testing.T, folder, name string) (*keras.Network, *graph.Params) {
	t.Helper()
	n, err := keras.Open(filepath.Join(folder, name, shipped[name].path), shipped[name].options)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	return n, p
}

// Models that packages ship give what Keras computes, and the rows of a batch are independent.
func TestShippedFiles(t *testing.T) {
	folder := os.Getenv(filesFolder)
	if folder == "" {
		t.Skipf("%s names no folder of models and references", filesFolder)
	}
	for name := range shipped {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				t.Skip(err)
			}
			n, p := opened(t, folder, name)
			in, want := reference(t, filepath.Join(folder, name, "reference.safetensors"), n)
			f := graph.NewFunc(p, n.Build)
			got, err := f.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%d outputs; want %d", len(got), len(want))
			}
			for i := range want {
				e := apart(t, got[i], want[i])
				t.Logf("output %d %v: %.2g of the largest", i, got[i].Shape(), e)
				if !(e < 1e-5) {
					t.Errorf("output %d is %g of the largest value away", i, e)
				}
			}
		})
	}
}

// Batch and number of steps vary where the layers allow it, and training lowers the loss.
func TestShippedFilesTrain(t *testing.T) {
	folder := os.Getenv(filesFolder)
	if folder == "" {
		t.Skipf("%s names no folder of models and references", filesFolder)
	}
	n, p := opened(t, folder, "sleepecg")
	f := graph.NewFunc(p, n.Build)
	for _, shape := range [][]int{{1, 1, 36}, {4, 7, 36}, {2, 90, 36}} {
		x := make([]float32, shape[0]*shape[1]*shape[2])
		for i := range x {
			x[i] = float32(i%13) / 7
		}
		out, err := f.Run(graph.Floats(x, shape...))
		if err != nil || !out[0].Shape().Eq(tensor.Shape{shape[0], shape[1], 3}) {
			t.Errorf("%v: %v", shape, err)
		}
	}
	in, want := reference(t, filepath.Join(folder, "sleepecg", "reference.safetensors"), n)
	falls(t, n, p, in, want)
}

// falls trains a network towards the reverse of what it gives, by gradient descent, and expects the loss to fall.
func falls(t *testing.T, n *keras.Network, p *graph.Params, in, out []*tensor.Dense) {
	t.Helper()
	goal := out[0].Clone().(*tensor.Dense)
	data := goal.Float32s()
	for i, v := range data {
		data[i] = 0.9 * v
	}
	loss := graph.NewFunc(p, func(g *graph.Graph, x []graph.Node) []graph.Node {
		y := n.Build(g, x)
		return []graph.Node{g.Mean(g.Square(g.Sub(y[0], g.Const(goal))))}
	})
	var losses []float64
	for range 60 {
		p.ZeroGrad()
		l, err := loss.Grad(in...)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, graph.Scalar(l[0]))
		step(t, p, 0.1)
	}
	if !(losses[len(losses)-1] < 0.9*losses[0]) {
		t.Errorf("the loss goes from %g to %g", losses[0], losses[len(losses)-1])
	}
}

// step moves weights against their gradients.
func step(t *testing.T, p *graph.Params, rate float32) {
	t.Helper()
	for i := range p.Len() {
		w := p.At(i)
		if w.Grad() == nil || w.Frozen() || strings.Contains(w.Name(), "running_") {
			continue
		}
		v := w.Value().Clone().(*tensor.Dense)
		for k, d := range w.Grad().Float32s() {
			v.Float32s()[k] -= rate * d
		}
		if err := p.Set(w.Name(), v); err != nil {
			t.Fatal(err)
		}
	}
}
