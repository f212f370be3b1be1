package torch_test

import (
	"archive/zip"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/recurrent"
)

// Parameters whose names differ are put where this library has them: what the model computes is what PyTorch computes.
func TestLoad(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/cells/cells.safetensors")
	p := graph.NewParams(1)
	if _, err := torch.Load(p, "testdata/cells/cells.pt"); err != nil {
		t.Fatal(err)
	}
	loaded := p.Len()
	y, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Conv1D{Channels: 4, Kernel: 2, WeightNorm: true}.Apply(g.Scope("conv"), in[0])
		x, _ = recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: 3}, x, recurrent.Options{})
		x, _ = recurrent.Unroll(g.Scope("gru"), recurrent.GRU{Hidden: 3}, x, recurrent.Options{})
		x, _ = recurrent.Unroll(g.Scope("rnn"), recurrent.RNN{Hidden: 2}, x, recurrent.Options{})
		return []graph.Node{x}
	}).Run(rec["x"])
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "y", y[0], rec["y"], 1e-6)
	if loaded != 15 || p.Len() != loaded {
		t.Errorf("the file has %d parameters, the model %d; want 15", loaded, p.Len())
	}
	if _, err := torch.Load(nil, "testdata/cells/cells.pt"); err == nil || !strings.Contains(err.Error(), "the store of weights is nil") {
		t.Error(err)
	}
	if _, err := torch.Load(graph.NewParams(1), "testdata/state_zip.pt"); err == nil || !strings.Contains(err.Error(), "mask") {
		t.Errorf("a mask, which is no weight, was taken: %v", err)
	}
}

// A TorchScript model within an archive of torch.package shares the storages of that.
func TestTorchPackage(t *testing.T) {
	program := strings.Replace(view("FloatStorage", "2", "0", "I2\n", "I1\n"), "U\x010", "U\x090.storage", 1)
	path := archived(t, zip.Store, map[string]string{
		"model/.data/ts_code/0/data.pkl": program, "model/.data/0.storage": "\x00\x00\x80\x3f\x00\x00\x00\x40",
	})
	f, err := torch.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	_, weights := f.Weights()
	if len(weights) != 1 {
		t.Fatalf("%d tensors; want 1", len(weights))
	}
	graphtest.Close(t, "w", weights[0].Value, graph.Floats([]float32{1, 2}, 2), 0)
}
