package serve

import (
	"context"
	"math"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/framework"
	"github.com/unroll-go/unroll/nn/keras"
	"gorgonia.org/tensor"
)

// networkAnswers answers with a model of another framework: its tensors, as they are.
type networkAnswers struct {
	in, out []port
	ints    []bool // which inputs are whole numbers
	most    int    // sizes of a dimension that may vary
	batch   *batcher[[]*tensor.Dense, []*tensor.Dense]
}

// networkSteps bounds the instructions of the programs that each function keeps, to about 60 MB, as predictions of models do: sequences
// of every length would take all memory.
const networkSteps = 12_000

// newNetworkAnswers opens a file of ONNX or Keras.
func newNetworkAnswers(path string, format fileformat.Format, most int) (*networkAnswers, error) {
	n, err := framework.Open(path, format, keras.Options{})
	if err != nil {
		return nil, err
	}
	a := &networkAnswers{most: most}
	for _, p := range n.In {
		a.in, a.ints = append(a.in, networkPort(p)), append(a.ints, p.Ints)
	}
	for _, p := range n.Out {
		a.out = append(a.out, networkPort(p))
	}
	params, err := n.Params(1)
	if err != nil {
		return nil, err
	}
	funcs := make(chan *graph.Func, workers())
	for range workers() {
		f := graph.NewFunc(params, n.Build)
		f.SetCacheSteps(networkSteps)
		funcs <- f
	}
	a.batch = newBatcher(1, -1, workers(), nil, func(items [][]*tensor.Dense) []result[[]*tensor.Dense] {
		f := <-funcs
		defer func() { funcs <- f }()
		out, err := f.Run(items[0]...)
		if err != nil {
			return []result[[]*tensor.Dense]{{err: refused(400, "%v", err)}}
		}
		copies := make([]*tensor.Dense, len(out))
		for i, t := range out {
			copies[i] = t.Clone().(*tensor.Dense)
		}
		return []result[[]*tensor.Dense]{{value: copies}}
	})
	return a, nil
}

func networkPort(p framework.Port) port {
	out := port{Name: p.Name, Datatype: "FP32", Shape: append([]int{}, p.Shape...)}
	switch {
	case p.Bools:
		out.Datatype = "BOOL"
	case p.Ints:
		out.Datatype = "INT64"
	}
	return out
}

func (a *networkAnswers) ports() (in, out []port) { return a.in, a.out }

func (a *networkAnswers) infer(ctx context.Context, in []values) ([]values, error) {
	if len(in) != len(a.in) {
		return nil, bad("%d inputs; want %s", len(in), a.wanted())
	}
	by := byName(in)
	list := make([]*tensor.Dense, len(a.in))
	for i, p := range a.in {
		v, ok := by[p.Name]
		if !ok && len(in) == 1 {
			v, ok = &in[0], true
		}
		if !ok {
			return nil, bad("there is no input %q; want %s", p.Name, a.wanted())
		}
		if v.isText() {
			return nil, bad("input %q has the datatype BYTES; want %s", v.name, p.Datatype)
		}
		if err := a.bounded(p, v); err != nil {
			return nil, err
		}
		t, err := v.tensor(a.ints[i])
		if err != nil {
			return nil, err
		}
		list[i] = t
	}
	found, err := a.batch.each(ctx, [][]*tensor.Dense{list})
	if err != nil {
		return nil, err
	}
	if found[0].err != nil {
		return nil, found[0].err
	}
	out := make([]values, len(found[0].value))
	for i, t := range found[0].value {
		out[i] = valuesOf(a.out[i], t)
	}
	return out, nil
}

// bounded refuses an input that is too large in the dimensions that may vary: memory grows with them, by far more than the input's own.
func (a *networkAnswers) bounded(p port, v *values) error {
	all := 1
	for i, n := range v.shape {
		if i < len(p.Shape) && p.Shape[i] >= 0 {
			continue
		}
		if all *= max(n, 1); n > a.most || all > batchBytes*a.most {
			return refused(413, "input %q has the shape %v; want at most %d of a dimension that varies, and %d of all together",
				p.Name, v.shape, a.most, batchBytes*a.most)
		}
	}
	return nil
}

func (a *networkAnswers) wanted() string {
	names := make([]string, len(a.in))
	for i, p := range a.in {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// tensor are the elements as a network takes them: ids, or floats of 32 bits.
func (v *values) tensor(ints bool) (*tensor.Dense, error) {
	if ints {
		out := make([]int, 0, len(v.ints)+len(v.floats))
		for _, n := range v.ints {
			out = append(out, int(n))
		}
		for i, f := range v.floats {
			if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
				return nil, bad("input %q has %v at element %d; want whole numbers", v.name, f, i)
			}
			out = append(out, int(f))
		}
		return graph.Ints(out, v.shape...), nil
	}
	out := make([]float32, 0, len(v.ints)+len(v.floats))
	for _, n := range v.ints {
		out = append(out, float32(n))
	}
	for _, f := range v.floats {
		out = append(out, float32(f))
	}
	return graph.Floats(out, v.shape...), nil
}

// valuesOf are the elements of a network's output.
func valuesOf(p port, t *tensor.Dense) values {
	v := values{name: p.Name, datatype: p.Datatype, shape: []int(t.Shape().Clone())}
	switch t.Dtype() {
	case tensor.Int:
		v.datatype = "INT64"
		for _, n := range t.Ints() {
			v.ints = append(v.ints, int64(n))
		}
	case tensor.Float64:
		v.datatype, v.floats = "FP64", append([]float64(nil), t.Float64s()...)
	default:
		if p.Datatype == "BOOL" {
			for _, f := range t.Float32s() {
				v.ints = append(v.ints, map[bool]int64{true: 1}[f != 0])
			}
			break
		}
		v.datatype = "FP32"
		for _, f := range t.Float32s() {
			v.floats = append(v.floats, float64(f))
		}
	}
	return v
}

// rows answers a table whose columns are the inputs, if they are vectors of one number for each row, or one input of all columns.
func (a *networkAnswers) rows(ctx context.Context, t *table) ([]any, error) {
	v, err := t.matrix()
	if err != nil {
		return nil, err
	}
	if len(a.in) != 1 {
		return nil, bad("the model has the inputs %s; a table can only be one (the tensors of /v2 can be all)", a.wanted())
	}
	v.name, v.datatype = a.in[0].Name, a.in[0].Datatype
	out, err := a.infer(ctx, []values{*v})
	if err != nil {
		return nil, err
	}
	n := len(t.rows)
	if len(out[0].shape) == 0 || out[0].shape[0] != n {
		return []any{out[0].json()}, nil
	}
	list := make([]any, n)
	each := max(1, (len(out[0].floats)+len(out[0].ints))/max(n, 1))
	for i := range list {
		one := out[0]
		if one.floats != nil {
			one.floats = one.floats[i*each : (i+1)*each]
		} else {
			one.ints = one.ints[i*each : (i+1)*each]
		}
		list[i] = one.json()
	}
	return list, nil
}

// matrix is a table of numbers as a tensor [rows, columns].
func (t *table) matrix() (*values, error) {
	v := &values{datatype: "FP64", shape: []int{len(t.rows), len(t.columns)}}
	for i, row := range t.rows {
		for j, text := range row {
			f, err := parseNumber(text)
			if err != nil {
				return nil, bad("row %d, column %q: %.40q is no number", i, t.columns[j], text)
			}
			v.floats = append(v.floats, f)
		}
	}
	return v, nil
}

func (a *networkAnswers) close() { a.batch.close() }
