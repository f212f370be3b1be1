package misuse

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// TestTensors holds what every function with a *tensor.Dense argument promises: a tensor that it cannot read is refused
// with an error, and a view is refused, or read as what it says. None is read as it lies in memory.
func TestTensors(t *testing.T) {
	for _, x := range targets() {
		if !takesTensor(x) {
			continue
		}
		r, ok := recipes[x.name]
		if !ok && !slices.ContainsFunc(readNone, func(n string) bool { return strings.HasPrefix(x.name, n) }) {
			t.Errorf("%s takes a tensor, and has no recipe for a right call", x.name)
			continue
		}
		if ok {
			t.Run(x.name, r.test)
		}
	}
	for name := range recipes {
		if !slices.ContainsFunc(targets(), func(x *target) bool { return x.name == name && takesTensor(x) }) {
			t.Errorf("%s has a recipe, but takes no tensor", name)
		}
	}
}

// readNone are methods of structs that have tensors in them, which these methods do not look at.
var readNone = []string{"train.Loop.Finished", "train.Loop.Total", "train.Loop.Resume", "torch.File.State", "torch.File.Weights"}

// takesTensor tells whether a tensor is among the arguments or the receiver, alone or in a slice, a map or a struct.
func takesTensor(x *target) bool {
	for i := range x.call.Type().NumIn() {
		if holdsTensor(x.call.Type().In(i), 0) {
			return true
		}
	}
	return false
}

func holdsTensor(t reflect.Type, depth int) bool {
	switch {
	case t == reflect.TypeFor[*tensor.Dense]():
		return true
	case depth > 4:
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		return holdsTensor(t.Elem(), depth+1)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && holdsTensor(f.Type, depth+1) {
				return true
			}
		}
	}
	return false
}

// test makes the right call, then one with each tensor spoiled in every way.
func (r recipe) test(t *testing.T) {
	work := workFolder(t)
	fixtures, folder := makeFolder(t, work, "fixtures"), makeFolder(t, work, "calls")
	calls := 0
	call := func(at int, s *spoiler) (got string, skipped bool, err error) {
		calls++
		w := newWorld(t, rand.New(rand.NewPCG(1, 1)), nil, 0, "", fixtures, filepath.Join(folder, fmt.Sprint(calls)))
		place := -1
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("tensor %d: %s: panic: %v", at, s.name, p)
				skipped = true
			}
		}()
		out, err := r.call(w, func(right *tensor.Dense) *tensor.Dense {
			if place++; place != at {
				return right
			}
			spoiled := s.spoil(right)
			skipped = spoiled == nil && s.name != "nil" || r.anyNumber && s.name == otherNumbers || r.nilIsNone && s.name == "nil" || r.noneFits && s.name == noElements
			if skipped {
				return right
			}
			return spoiled
		})
		return inWords(out), skipped || place < at, err
	}
	right, _, err := call(-1, &spoiler{name: "nothing spoiled"})
	if err != nil {
		t.Fatalf("the right call is refused: %v", err)
	}
	tested := 0
	for _, s := range spoilers {
		for at := range 8 {
			got, skipped, err := call(at, &s)
			if skipped {
				continue
			}
			tested++
			isView := strings.Contains(s.name, "view") || strings.Contains(s.name, "slice")
			switch {
			case err == nil && !isView:
				t.Errorf("tensor %d: %s: taken without an error: %s", at, s.name, short(got, 100))
			case err == nil && got != right:
				t.Errorf("tensor %d: %s: read as it lies in memory: %s; want %s", at, s.name, short(got, 100), short(right, 100))
			case err != nil && strings.Contains(err.Error(), "panic"), err != nil && strings.Contains(err.Error(), "runtime error"):
				t.Errorf("tensor %d: %s: an error that is a panic: %s", at, s.name, short(err.Error(), 200))
			}
		}
	}
	if tested < len(spoilers)-3 {
		t.Errorf("only %d wrong calls", tested)
	}
}

// inWords is a result to compare: tensors with their numbers.
func inWords(v any) string {
	switch v := v.(type) {
	case *tensor.Dense:
		return fmt.Sprint(v.Shape(), v.Data())
	case []*tensor.Dense:
		s := ""
		for _, t := range v {
			s += inWords(t) + "\n"
		}
		return s
	case []graph.Named:
		s := ""
		for _, t := range v {
			s += t.Name + " " + inWords(t.Value) + "\n"
		}
		return s
	}
	return fmt.Sprint(v)
}
