package xla

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/internal/opcases"
	"gorgonia.org/tensor"
)

// Every operation, and its derivative, on the plugin and by Program. The inputs are parameters, so that they have gradients.
func TestOperations(t *testing.T) {
	c := client(t)
	for _, o := range opcases.All() {
		t.Run(o.String(), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && strings.HasPrefix(o.Name, "selective") && o.Shapes[0][0] > 2 {
				t.Skip("a minute to compile")
			}
			p := graph.NewParams(1)
			var ids []*tensor.Dense
			values := map[string]*tensor.Dense{}
			for i, v := range o.Inputs() {
				if v.Dtype() == tensor.Int {
					ids = append(ids, v)
					continue
				}
				values[fmt.Sprint("x", i)] = graphtest.Float32(v)
			}
			for i := range o.Shapes {
				_, err := p.Add(fmt.Sprint("x", i), values[fmt.Sprint("x", i)])
				check(t, err)
			}
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				var all []graph.Node
				for i, shape := range o.Shapes {
					all = append(all, g.Param(fmt.Sprint("x", i), nil, shape...))
				}
				return o.Loss(g, append(all, in...))
			}
			if strings.HasPrefix(o.Name, "transducer") {
				_, err := stablehlo.Gradients(graph.NewFunc(p, build), p, ids...)
				if err == nil || !strings.Contains(err.Error(), "operations that cannot be written: transducer scores") {
					t.Errorf("want it to be refused by its name, found %v", err)
				}
				return
			}
			// The loss is a sum of up to a thousand numbers that cancel, for this test alone.
			worst := compareGradients(t, c, p, build, ids, 1)
			t.Logf("difference %.1e", worst)
			if !(worst <= 1e-5) {
				t.Errorf("difference %g; want 1e-5 at most", worst)
			}
		})
	}
}
