package onnx_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// Models that people ship inside of packages, which a checkout does not hold: UNROLL_MODEL_FILES names a folder with one for each
// name, of an .onnx file and reference.safetensors, in/NAME and out/NAME, of ONNX Runtime.
//
// sizes are other shapes of the inputs: other batches and lengths, where the file allows them.
var shipped = map[string][][][]int{
	"silero-sequence":   {{{1, 576}, {1, 1, 128}, {1, 1, 128}}, {{23, 576}, {1, 1, 128}, {1, 1, 128}}}, // voice activity: convolutions, LSTM
	"silero":            {{{1, 576}, {2, 1, 128}, {}}, {{5, 288}, {2, 5, 128}, {}}},                    // the same for two sampling rates, under If
	"silero-op15":       {{{1, 576}, {2, 1, 128}, {}}, {{3, 576}, {2, 3, 128}, {}}},                    // the same in operators of version 15
	"thai2rom-encoder":  {{{1, 3}, {1}}, {{1, 17}, {1}}},                                               // letters, in an order of their lengths
	"captcha-whisperer": {{{1, 3, 60, 160}}, {{3, 3, 60, 160}}},                                        // a residual network, LSTM cells
	"aecmos":            {{{1, 3, 33, 160}, {4, 1, 64}}, {{1, 3, 101, 160}, {4, 1, 64}}},               // the quality of echo cancellation
	"ddddocr-old-int8":  {{{1, 1, 64, 72}}, {{1, 1, 64, 200}}},                                         // text in pictures: convolutions and an LSTM of 8 bits
	"plcmos":            {{{1, 1, 31, 257}, {1, 64}}, {{1, 1, 80, 257}, {1, 64}}},                      // the quality of packet loss concealment
}

// trainable is the one parameter that is above all numbers of 8 bits, through which nothing can be learned.
var trainable = map[string]string{"ddddocr-old-int8": "136"}

// wholeInputs are inputs of whole numbers, for the shapes of all inputs.
var wholeInputs = map[string]func(shapes [][]int) *tensor.Dense{
	"sr":            func(shapes [][]int) *tensor.Dense { return tensor.New(tensor.FromScalar(shapes[0][1] * 16000 / 576)) },
	"input_tensor":  func(shapes [][]int) *tensor.Dense { return graphtest.RandomIDs(1, 94, shapes[0]...) },
	"input_lengths": func(shapes [][]int) *tensor.Dense { return graph.Ints([]int{shapes[0][1]}) },
}

// shippedModel reads one of them with its reference, or skips the test.
func shippedModel(t testing.TB, name string) (*onnx.Model, string, map[string]*tensor.Dense) {
	t.Helper()
	folder := os.Getenv("UNROLL_MODEL_FILES")
	paths, _ := filepath.Glob(filepath.Join(folder, name, "*.onnx"))
	if folder == "" || len(paths) != 1 {
		t.Skipf("UNROLL_MODEL_FILES (%q) names no folder with %s", folder, name)
	}
	m, err := onnx.Read(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	rec, _ := graphtest.Golden(t, filepath.Join(folder, name, "reference.safetensors"))
	return m, paths[0], rec
}

// tolerance is the share of the largest number that a model may be off: more for one of 8 bits, whose numbers are rounded on the way, and
// where two are as near it may go either way.
func tolerance(name string) float64 {
	if strings.HasSuffix(name, "int8") {
		return 1e-3
	}
	return 1e-5
}

// equals compares with a reference, to a share of its largest number.
func equals(t *testing.T, what string, got, want *tensor.Dense, tolerance float64) {
	t.Helper()
	if got.IsScalar() { // which comes back as a vector of one
		want = tensor.New(tensor.FromScalar(float32(graphtest.Float64s(want)[0])))
	}
	largest := 0.0
	for _, v := range graphtest.Float64s(want) {
		largest = math.Max(largest, math.Abs(v))
	}
	graphtest.Close(t, what, got, want, tolerance*math.Max(largest, 1e-3))
}

func TestShippedModels(t *testing.T) {
	for name, others := range shipped {
		t.Run(name, func(t *testing.T) {
			m, path, rec := shippedModel(t, name)
			p, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			var in []*tensor.Dense
			for _, port := range m.Inputs() {
				in = append(in, rec["in/"+port.Name])
			}
			f := graph.NewFunc(p, m.Build)
			out, err := f.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			for i, port := range m.Outputs() {
				equals(t, port.Name, out[i], rec["out/"+port.Name], tolerance(name))
			}
			if above, ok := trainable[name]; ok {
				for i := range p.Len() {
					if err := p.At(i).Freeze(p.At(i).Name() != above); err != nil {
						t.Fatal(err)
					}
				}
			}
			t.Run("trains", func(t *testing.T) { learns(t, m, p, in, out) })
			t.Run("other sizes", func(t *testing.T) {
				interpreter := python(t)
				var runs [][]*tensor.Dense
				for i, shapes := range others {
					var in []*tensor.Dense
					for k, shape := range shapes {
						if port := m.Inputs()[k]; port.Ints {
							in = append(in, wholeInputs[port.Name](shapes))
							continue
						}
						in = append(in, graphtest.Float32(graphtest.Random(uint64(10*i+k), shape...)))
					}
					runs = append(runs, in)
				}
				fresh, err := m.Params(1)
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range inRuntime(t, interpreter, path, m.Inputs(), runs) {
					got, err := graph.NewFunc(fresh, m.Build).Run(runs[i]...)
					if err != nil {
						t.Fatal(err)
					}
					for k, port := range m.Outputs() {
						equals(t, port.Name, got[k], graphtest.Float32(want[k]), tolerance(name))
					}
				}
			})
		})
	}
}

// learns trains a model towards other outputs than it has: the loss falls with every step.
func learns(t *testing.T, m *onnx.Model, p *graph.Params, in, out []*tensor.Dense) {
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := m.Build(g, in)[0]
		want := make([]float64, len(graphtest.Float64s(out[0])))
		for i, v := range graphtest.Float64s(out[0]) {
			want[i] = 0.9*v + 0.05
		}
		if y.Rank() == 0 {
			return []graph.Node{g.Square(g.AddScalar(y, -want[0]))}
		}
		return []graph.Node{g.Mean(g.Square(g.Sub(y, g.Const(graph.Floats64(want, y.Shape()...)))))}
	})
	adam, last := &optim.Adam{}, math.Inf(1)
	for step := range 4 {
		loss, err := f.Grad(in...)
		if err != nil {
			t.Fatal(err)
		}
		v := graph.Scalar(loss[0])
		if !(v < last) {
			t.Fatalf("step %d: the loss is %g after %g", step, v, last)
		}
		t.Logf("step %d: loss %g", step, v)
		last = v
		if err := adam.Step(p, 1e-5); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkShippedModels runs each for its reference's inputs. testdata/time_runtime.py measures ONNX Runtime.
func BenchmarkShippedModels(b *testing.B) {
	for name := range shipped {
		b.Run(name, func(b *testing.B) {
			m, _, rec := shippedModel(b, name)
			p, err := m.Params(1)
			if err != nil {
				b.Fatal(err)
			}
			var in []*tensor.Dense
			for _, port := range m.Inputs() {
				in = append(in, rec["in/"+port.Name])
			}
			f := graph.NewFunc(p, m.Build)
			for b.Loop() {
				if _, err := f.Run(in...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
