package recurrent_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Encoder-decoders with Luong's general attention, with and without input feeding and lengths: logits, attention and all
// gradients as PyTorch's, which testdata/record_seq2seq.py recorded.
func TestSeq2SeqAgreesWithPyTorch(t *testing.T) {
	files, err := filepath.Glob("testdata/seq2seq/*.safetensors")
	if err != nil || len(files) != 4 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		for _, double := range []bool{true, false} {
			t.Run(filepath.Base(file)+"/float64="+strconv.FormatBool(double), func(t *testing.T) { compareSeq2Seq(t, file, double) })
		}
	}
}

func compareSeq2Seq(t *testing.T, file string, double bool) {
	rec, meta := graphtest.Golden(t, file)
	tol := 1e-10
	if !double {
		tol = 1e-5
		for name, v := range rec {
			if v.Dtype() == tensor.Float64 && !strings.HasPrefix(name, "out.") && !strings.HasPrefix(name, "grad.") {
				rec[name] = graphtest.Float32(v)
			}
		}
	}
	m := recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 8, Size: 3}, Encoder: recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 2}},
		Target: nn.Embedding{Tokens: 7, Size: 3}, Decoder: recurrent.LSTM{Hidden: 4},
		Attention: recurrent.LuongGeneral, Units: 5, InputFeeding: meta["feeding"] == "True",
	}
	p := storeOf(t, rec, "param.")
	p.Seal() // every parameter has PyTorch's name
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		lengths := in[1]
		if strings.Contains(file, "whole") {
			lengths = graph.Node{}
		}
		logits, attention := m.Align(g, in[0], in[2], recurrent.Options{Lengths: lengths})
		loss := g.Add(g.Sum(g.Mul(logits, g.Const(rec["in.wlogits"]))), g.Sum(g.Mul(attention, g.Const(rec["in.wattention"]))))
		return []graph.Node{loss, logits, attention}
	}).Grad(rec["in.source"], rec["in.lengths"], rec["in.target"])
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"loss", "logits", "attention"} {
		graphtest.Close(t, name, out[i], rec["out."+name], tol)
	}
	for i := range p.Len() {
		q := p.At(i)
		graphtest.Close(t, "gradient of "+q.Name(), q.Grad(), rec["grad."+q.Name()], tol)
	}
}
