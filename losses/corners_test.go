package losses_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// ours is what the losses give where PyTorch's are NaN or infinite: 0 where nothing counts, and an error, which says what,
// where something is impossible.
var ours = map[string]string{
	"ce_weight_0_of_all": "0", "ce_weight_0_of_all_smooth": "0", "ce_weights_of_0": "0", "ce_all_ignored": "0",
	"ce_all_ignored_smooth_weights": "0", "nll_weight_0_of_all": "0", "nll_all_ignored": "0",
	"ce_ruled_out_target": "parameter x has -Inf at element 2", "ce_ruled_out_smooth": "parameter x has -Inf",
	"ctc_too_long": "target 0 has 2 labels, 1 of them repeated, and needs 3 frames; found 2",
	"kl_ruled_out": "0", // p·log(p/q) = 0 where p = 0, as documented; elsewhere p = q
}

// corner is a case of testdata/record_corners.py.
type corner struct {
	name    string
	rec     map[string]*tensor.Dense
	setting map[string]string
}

func (c corner) in(name string) *tensor.Dense { return c.rec[c.name+".in."+name] }

// x is the recorded predictions, with the -Inf that a file does not hold.
func (c corner) x(t *testing.T) *tensor.Dense {
	t.Helper()
	x := c.in("x").Clone().(*tensor.Dense)
	for _, at := range strings.FieldsFunc(c.setting[c.name+".ruled_out"], func(r rune) bool { return r == ',' }) {
		i, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		x.Float64s()[i] = math.Inf(-1)
	}
	return x
}

func (c corner) build(t *testing.T) graph.Build {
	t.Helper()
	var weights []float64
	if w := c.in("weights"); w != nil {
		weights = w.Float64s()
	}
	var ignore *int
	if s, ok := c.setting[c.name+".ignore"]; ok {
		id, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		ignore = &id
	}
	smoothing := 0.0
	if s, ok := c.setting[c.name+".smoothing"]; ok {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		smoothing = v
	}
	kind, _, _ := strings.Cut(c.name, "_")
	if kind == "ctc" {
		return ctc(losses.CTC{ZeroInfinity: c.setting[c.name+".zero"] != ""})
	}
	l := map[string]loss{
		"ce":  losses.CrossEntropy{Weights: weights, Ignore: ignore, Smoothing: smoothing},
		"nll": losses.NLL{Weights: weights, Ignore: ignore}, "kl": losses.KL{}, "mse": losses.MSE{}, "mae": losses.MAE{},
		"huber": losses.Huber{}, "cosine": losses.Cosine{}, "bce": losses.BinaryCrossEntropy{},
	}[kind]
	return func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{l.Apply(g, in[0], in[1])} }
}

// Where there is little to work with, the losses and their gradients are PyTorch's; where that has none, they are what is
// documented.
func TestCornersAgreeWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/corners_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			c := corner{name, rec, meta}
			in := []*tensor.Dense{c.in("targets")}
			if frames := c.in("frames"); frames != nil {
				in = append(in, frames, c.in("labels"))
			}
			x := c.x(t)
			p := graph.NewParams64(1)
			q, err := p.Add("x", x)
			if err != nil {
				t.Fatal(err)
			}
			build := c.build(t)
			out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return build(g, append([]graph.Node{g.Param("x", nil, x.Shape()...)}, in...))
			}).Grad(in...)
			theirs, expected := meta[name+".not_finite"], ours[name]
			if (theirs != "") != (expected != "") {
				t.Fatalf("PyTorch has %q, the table %q", theirs, expected)
			}
			if expected != "" && expected != "0" {
				if err == nil || !strings.Contains(err.Error(), expected) {
					t.Errorf("error %v, want one with %q", err, expected)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if expected == "0" {
				if v := graph.Scalar(out[0]); math.Abs(v) > 1e-15 {
					t.Errorf("loss %g; want 0", v)
				}
				return
			}
			graphtest.Close(t, "loss", out[0], rec[name+".out.loss"], 1e-11)
			if name == "cosine_zero" { // see Cosine: there the gradient is another
				return
			}
			graphtest.Close(t, "gradient", q.Grad(), rec[name+".grad.x"], 1e-11)
		})
	}
}
