package onnx_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
)

// Models and builders that nobody made give errors that say so.
func TestEmptyModelsAndBuilders(t *testing.T) {
	const want = "is empty; want one that"
	for _, m := range []*onnx.Model{nil, {}} {
		p := graph.NewParams(1)
		_, run := graph.NewFunc(p, m.Build).Run(graph.Ints([]int{1}))
		_, params := m.Params(1)
		write := m.Write(filepath.Join(t.TempDir(), "x"), p)
		for _, err := range []error{run, params, write, fmt.Errorf("%v", m)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("found %v", err)
			}
		}
		if m.Inputs() != nil && len(m.Inputs())+len(m.Outputs()) > 0 {
			t.Error("an empty model has inputs or outputs")
		}
	}
	m := read(t, "torch", "tagger")
	if err := m.Write(filepath.Join(t.TempDir(), "x"), nil); err == nil || !strings.Contains(err.Error(), "the store of weights is nil") {
		t.Errorf("found %v", err)
	}
	if err := onnx.NewBuilder(nil).Write("x"); err == nil || !strings.Contains(err.Error(), "the store of weights is nil") {
		t.Errorf("found %v", err)
	}
	for _, use := range []func(b *onnx.Builder){
		func(b *onnx.Builder) {}, func(b *onnx.Builder) { b.Output("y", b.Sequence("x", 1)) },
		func(b *onnx.Builder) { b.Weight("e") }, func(b *onnx.Builder) { b.Apply(nil, onnx.Value{}) },
	} {
		b := &onnx.Builder{}
		use(b)
		if _, err := b.Model(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v", err)
		}
	}
}

// Names are UTF-8, in a file that is written or read.
func TestNamesAreUTF8(t *testing.T) {
	p := graph.NewParams(1)
	if _, err := p.Add("\xff.weight", graph.Floats([]float32{1, 2}, 2, 1)); err == nil {
		b := onnx.NewBuilder(p)
		b.Output("y", b.Weight("\xff.weight"))
		if _, err := b.Model(); err == nil || !strings.Contains(err.Error(), "is not UTF-8") {
			t.Errorf("found %v", err)
		}
	}
	b := onnx.NewBuilder(p)
	b.Output("\xff", b.Sequence("x", 1))
	if _, err := b.Model(); err == nil || !strings.Contains(err.Error(), "is not UTF-8") {
		t.Errorf("found %v", err)
	}
	data, err := proto.Marshal(initialisers([]string{"weight"}))
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte("weight"), []byte("w\xffight"))
	if _, err := onnx.Parse(data); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("found %v", err)
	}
}

// Many weights whose names in the file become the same get numbers, without trying all numbers that are taken: each
// try allocates a name.
func TestManyWeightsOfOneName(t *testing.T) {
	allocations := func(n int) uint64 {
		names := make([]string, n)
		for i := range names {
			names[i] = strings.Repeat("/", i%200) + "w" + strings.Repeat("/", i/200)
		}
		file := initialisers(names)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		model := parsed(t, file)
		runtime.ReadMemStats(&after)
		params, err := model.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		if last := params.At(n - 1).Name(); last != fmt.Sprint("w_", n) {
			t.Errorf("the last weight is called %s", last)
		}
		return after.Mallocs - before.Mallocs
	}
	few, many := allocations(1000), allocations(8000)
	if many > 8*few+few/2 { // quadratic would be 64
		t.Errorf("%d allocations for 8,000 names, %d for 1,000", many, few)
	}
}

// initialisers is a model that gives out weights of one number each.
func initialisers(names []string) *onnxpb.ModelProto {
	g := &onnxpb.GraphProto{}
	for i, name := range names {
		g.Initializer = append(g.Initializer, &onnxpb.TensorProto{Name: name, DataType: 1, Dims: []int64{1}, FloatData: []float32{float32(i)}})
		g.Node = append(g.Node, &onnxpb.NodeProto{OpType: "Tanh", Input: []string{name}, Output: []string{fmt.Sprint("y", i)}})
	}
	g.Output = []*onnxpb.ValueInfoProto{{Name: "y0", Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: 1}}}}}
	return &onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 17}}}
}

func parsed(t *testing.T, f *onnxpb.ModelProto) *onnx.Model {
	t.Helper()
	data, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
