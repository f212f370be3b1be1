package graph_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// Methods of nil pointers and of zero values, which nobody made with the package's functions, return an error where
// they can, and never panic: all methods of the types below that take no more than simple arguments.
func TestZeroValues(t *testing.T) {
	path := t.TempDir() + "/m"
	for name, v := range map[string]any{
		"nil Func": (*graph.Func)(nil), "zero Func": &graph.Func{}, "Func without a store": graph.NewFunc(nil, func(*graph.Graph, []graph.Node) []graph.Node { return nil }),
		"Func without a description": graph.NewFunc(graph.NewParams(1), nil),
		"nil Program":                (*graph.Program)(nil), "zero Program": &graph.Program{},
		"nil Stream": (*graph.Stream)(nil), "zero Stream": &graph.Stream{},
		"nil Params": (*graph.Params)(nil), "zero Params": &graph.Params{},
		"nil Param": (*graph.Param)(nil), "zero Node": graph.Node{}, "zero Profile": &graph.Profile{},
	} {
		of := reflect.TypeOf(v)
		for i := range of.NumMethod() {
			m := of.Method(i)
			fails := m.Type.NumOut() > 0 && m.Type.Out(m.Type.NumOut()-1) == reflect.TypeFor[error]()
			if strings.HasPrefix(name, "nil") && !fails && of != reflect.TypeFor[*graph.Param]() {
				continue // their comments say that there must be one
			}
			var args []reflect.Value
			for j := 1; j < m.Type.NumIn(); j++ {
				if m.Type.IsVariadic() && j == m.Type.NumIn()-1 {
					break
				}
				switch m.Type.In(j) {
				case reflect.TypeFor[string]():
					args = append(args, reflect.ValueOf(path))
				default:
					args = append(args, reflect.Zero(m.Type.In(j)))
				}
			}
			t.Run(name+"."+m.Name, func(t *testing.T) {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("it panicked: %v", r)
					}
				}()
				out := reflect.ValueOf(v).MethodByName(m.Name).Call(args)
				if fails {
					if err, _ := out[len(out)-1].Interface().(error); err == nil || !strings.Contains(err.Error(), "graph: ") {
						t.Errorf("want an error of the package, got %v", err)
					}
				}
			})
		}
	}
	for want, g := range map[string]*graph.Graph{"there is no graph": nil, "no graph: New": {}, "no store of parameters": graph.New(nil)} {
		if _, err := g.Compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// A name that is not there leads to a parameter that is not there, and says so.
func TestAbsentParam(t *testing.T) {
	p := graph.NewParams(1)
	if err := p.Get("nope").Freeze(true); err == nil || !strings.Contains(err.Error(), "no parameter of that name") {
		t.Error(err)
	}
	if q := p.Get("nope"); q.Name() != "" || q.Len() != 0 || q.Shape() != nil || q.Value() != nil || q.Grad() != nil || q.Frozen() {
		t.Error("an absent parameter has contents")
	}
	if p.At(-1) != nil || p.At(0) != nil {
		t.Error("an empty store has parameters")
	}
}
