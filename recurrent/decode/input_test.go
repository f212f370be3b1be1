package decode_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// decoders read two steps of three logits, each in its own way.
var decoders = map[string]func(rows [2][]float32) error{
	"greedy": searches(decode.Search{}), "beam": searches(decode.Search{Beam: 3}),
	"drawn search": searches(decode.Search{Sampler: &decode.Sampler{}}), "greedy draws": searches(decode.Search{Sampler: &decode.Sampler{Greedy: true}}),
	"penalised": searches(decode.Search{Constraints: decode.Constraints{RepetitionPenalty: 1.2}}),
	"sampler": func(rows [2][]float32) error {
		for i, row := range rows {
			if _, err := (decode.Sampler{TopK: 2}).Sample(row, rand.New(rand.NewPCG(1, 2))); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		return nil
	},
	"CTC": ctc(decode.CTC{}), "CTC beam": ctc(decode.CTC{Beam: 5}),
	"CTC language": ctc(decode.CTC{Language: decode.LanguageFunc(func([]int, int) float64 { return -1 })}),
}

func searches(s decode.Search) func(rows [2][]float32) error {
	s.Start, s.End, s.Max, s.Min = start, end, 2, 2
	return func(rows [2][]float32) error {
		_, err := s.Run(table(func(past []int) []float32 { return rows[min(len(past)-1, 1)] }, s.Rows()))
		return err
	}
}

// ctc has the rows in the second sequence of a batch.
func ctc(d decode.CTC) func(rows [2][]float32) error {
	return func(rows [2][]float32) error {
		x := append(append(append([]float32{0, 1, 2}, rows[0]...), 0, 1, 2), rows[1]...)
		_, err := d.Run(graph.Floats(x, 2, 2, 3), nil)
		return err
	}
}

// Every decoder refuses NaN and +Inf and says which logit of which step it is; -Inf is a token that never comes.
func TestDecodersCheckTheirLogits(t *testing.T) {
	inf := float32(math.Inf(1))
	for name, decode := range decoders {
		for step := range 2 {
			for class := range 3 {
				for _, bad := range []float32{float32(math.NaN()), inf} {
					rows := [2][]float32{{0.5, 1, 0}, {0.5, 1, 0}}
					rows[step][class] = bad
					where := []string{fmt.Sprintf("after %d tokens", step), fmt.Sprintf("step %d", step), fmt.Sprintf("sequence 1, frame %d", step)}
					what := fmt.Sprintf("logit %d is %v", class, bad)
					err := decode(rows)
					if err == nil || !strings.Contains(err.Error(), what) || !containsAny(err.Error(), where) {
						t.Errorf("%s: error %v; want one with %q and one of %q", name, err, what, where)
					}
				}
			}
		}
		if err := decode([2][]float32{{0.5, 1, -inf}, {-inf, 1, 0.5}}); err != nil {
			t.Errorf("%s refuses -Inf: %v", name, err)
		}
		if err := decode([2][]float32{{0.5, 1, 0}, {-inf, -inf, -inf}}); err == nil || !strings.Contains(err.Error(), "no token has a finite logit") {
			t.Errorf("%s: all logits are -Inf, and the error is %v", name, err)
		}
	}
	x := graph.Floats([]float32{0, 1, 0, float32(math.NaN()), inf, 0}, 2, 1, 3)
	if _, err := (decode.CTC{}).Run(x, []int{1}); err != nil {
		t.Errorf("what lies behind a sequence's frames does not matter: %v", err)
	}
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// takeTensors are the functions of the package that take tensors from outside.
var takeTensors = map[string]func(v *tensor.Dense) error{
	"CTC.Run":   func(v *tensor.Dense) error { _, err := decode.CTC{}.Run(v, nil); return err },
	"CTC.Align": func(v *tensor.Dense) error { _, err := decode.CTC{}.Align(v, nil, nil); return err },
	"Transducer.Align": func(v *tensor.Dense) error {
		_, err := decode.NewTransducer(heard()).Align(v, nil, nil)
		return err
	},
	"CTCStream.Add": func(v *tensor.Dense) error {
		s, err := decode.CTC{}.Stream(3)
		if err != nil {
			return nil
		}
		return s.Add(v)
	},
	"Transducer.Run": func(v *tensor.Dense) error {
		_, err := decode.NewTransducer(heard()).Run(decode.TransducerSearch{}, v, nil)
		return err
	},
	"TransducerStream.Add": func(v *tensor.Dense) error {
		s, err := decode.NewTransducer(heard()).Stream(decode.TransducerSearch{})
		if err != nil {
			return nil
		}
		return s.Add(v)
	},
	"NewStepper": func(v *tensor.Dense) error {
		whole := graph.Floats(make([]float32, 24), 3, 2, 4)
		_, err := decode.NewStepper(still, stateOf(v), nil, nil, 2)
		if err == nil || v == nil {
			return err
		}
		_, state := decode.NewStepper(still, append(stateOf(whole), v), nil, nil, 2)
		_, context := decode.NewStepper(still, stateOf(whole), []decode.Context{{Value: v}}, nil, 2)
		if state == nil || context == nil {
			return nil
		}
		return err
	},
}

// heard is a transducer with the weights that it begins with, for encoded frames of four numbers.
func heard() (recurrent.Transducer, *graph.Params) {
	m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: 3, Size: 2}, Cell: recurrent.GRU{Hidden: 2}, Units: 2}
	p := graph.NewParams(1)
	_, _ = graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{m.Apply(g, in[0], in[1])} }).
		Run(graph.Floats(make([]float32, 4), 1, 1, 4), graph.Ints([]int{1}, 1, 1)) // what fails is met again
	return m, p
}

var still = graph.NewFunc(graph.NewParams(1), func(_ *graph.Graph, in []graph.Node) []graph.Node { return in })

// Tensors that are nil, empty, views, or of a type that is no number are refused wherever they come in.
func TestTensorsFromOutside(t *testing.T) {
	numbers := make([]float32, 24)
	turned := graph.Floats(numbers, 4, 2, 3)
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	column, err := graph.Floats(numbers, 3, 2, 4).Slice(nil, nil, tensor.S(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range takeTensors {
		for what, v := range map[string]*tensor.Dense{"nil": nil, "zero": {}, "transposed": turned, "a part": column.(*tensor.Dense),
			"bytes": tensor.New(tensor.WithShape(3, 2, 4), tensor.WithBacking(make([]byte, 24))), "scalar": tensor.New(tensor.FromScalar(float32(1)))} {
			if err := run(v); err == nil || !strings.HasPrefix(err.Error(), "decode: ") {
				t.Errorf("%s of a tensor that is %s: error %v", name, what, err)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || strings.HasSuffix(name, "_test.go") {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				name = strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*") + "." + name
			}
			for _, p := range f.Type.Params.List {
				if strings.Contains(types.ExprString(p.Type), "tensor.Dense") && takeTensors[name] == nil {
					t.Errorf("%s takes a tensor; put it into the table", name)
				}
			}
		}
	}
}

// Attention is what chart.Attention takes.
var _ [][]float64 = decode.Hypothesis{}.Attention

// What was never made says so.
func TestEmptyModels(t *testing.T) {
	s := decode.Search{Start: start, End: end, Max: 2}
	var none *decode.Seq2Seq
	_, nilModel := none.Run(s, [][]int{{1}})
	_, zeroModel := (&decode.Seq2Seq{}).Run(s, [][]int{{1}})
	_, noStore := decode.NewSeq2Seq(recurrent.Seq2Seq{}, nil, 0).Run(s, [][]int{{1}})
	_, noRandom := decode.Sampler{}.Sample([]float32{0, 1}, nil)
	_, stepper := (*decode.Stepper)(nil).Next(nil, nil)
	_, zeroStepper := (&decode.Stepper{}).Next(nil, nil)
	_, search := s.Run(nil)
	_, step := decode.NewStepper(nil, stateOf(graph.Floats(make([]float32, 2), 1, 2)), nil, nil, 1)
	for want, err := range map[string]error{"NewSeq2Seq makes one": nilModel, "a Seq2Seq without weights": zeroModel, "without weights; NewSeq2Seq": noStore, "the rng is nil": noRandom, "NewStepper makes one": stepper, "an empty Stepper": zeroStepper, "no model": search, "the step is nil": step} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	for _, huge := range []decode.Search{{Max: math.MaxInt}, {Max: 1, Beam: math.MaxInt}, {Max: 1, Best: math.MaxInt, Sampler: &decode.Sampler{}}} {
		if err := huge.Check(); err == nil || !strings.Contains(err.Error(), fmt.Sprint(math.MaxInt)) {
			t.Errorf("%+v: %v", huge, err)
		}
	}
}
