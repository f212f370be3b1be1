package misuse

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/unroll-go/unroll/graph"
)

// draw makes a value of a type: a right one as a rule, a wrong one as often as the world is hostile. The name is that of
// the parameter or field; it tells ids from numbers and paths from texts.
func (w *world) draw(t reflect.Type, name string) reflect.Value {
	defer func(r *rand.Rand) { w.Rand, w.depth = r, w.depth-1 }(w.Rand)
	w.Rand, w.depth = rand.New(rand.NewPCG(w.Uint64(), 0)), w.depth+1 // what is drawn here moves nothing elsewhere
	if w.depth > 8 {
		return reflect.Zero(t)
	}
	if isNilable(t) && neverNil[t] == "" && w.wrong() && w.IntN(2) == 0 {
		return w.nothing(t)
	}
	if v, ok := w.named(t, name); ok && (name == "shape" || !w.wrong()) {
		return w.spoil(v)
	}
	if maker := makers[t]; maker != nil {
		return w.spoil(valueOf(maker(w, name), t))
	}
	if list := variables()[t]; len(list) > 0 && !w.wrong() {
		return pick(w, list)
	}
	if list := constructors()[t]; len(list) > 0 && w.IntN(5) > 0 && !w.wrong() {
		if v, ok := w.construct(list); ok {
			return v
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		v := reflect.New(t).Elem()
		w.fill(v)
		return v
	case reflect.Pointer:
		v := reflect.New(t.Elem())
		v.Elem().Set(w.draw(t.Elem(), name))
		return v
	case reflect.Interface:
		return w.implementation(t, name)
	case reflect.Slice:
		return w.slice(t, name)
	case reflect.Array:
		v := reflect.New(t).Elem()
		for i := range v.Len() {
			v.Index(i).Set(w.draw(t.Elem(), name))
		}
		return v
	case reflect.Map:
		v := reflect.MakeMap(t)
		for range w.IntN(3) {
			v.SetMapIndex(w.draw(t.Key(), name), w.draw(t.Elem(), name))
		}
		return v
	case reflect.Func:
		return w.function(t)
	default:
		return w.scalar(t, name)
	}
}

// valueOf is reflect.ValueOf, with nil as the zero value of t.
func valueOf(v any, t reflect.Type) reflect.Value {
	if v == nil {
		return reflect.Zero(t)
	}
	r := reflect.New(t).Elem()
	r.Set(reflect.ValueOf(v))
	return r
}

// fill gives every exported field of a struct a value. A right one is often zero, as most fields may be left out.
func (w *world) fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		optional := false
		switch f.Type.Kind() {
		case reflect.Pointer, reflect.Func, reflect.Float64, reflect.Slice, reflect.Map, reflect.Bool:
			optional = true
		}
		if f.Type == nodeType && f.Name != "Lengths" {
			optional = true
		}
		if optional && !w.wrong() && w.IntN(3) > 0 {
			continue
		}
		v.Field(i).Set(w.draw(f.Type, f.Name))
	}
}

// spoil changes exported fields of a right value that a maker made.
func (w *world) spoil(v reflect.Value) reflect.Value {
	s := v
	for s.Kind() == reflect.Pointer && !s.IsNil() {
		s = s.Elem()
	}
	if s.Kind() != reflect.Struct || !s.CanSet() {
		return v
	}
	for i := range s.NumField() {
		if f := s.Type().Field(i); f.IsExported() && w.IntN(2) == 0 && w.wrong() {
			s.Field(i).Set(w.draw(f.Type, f.Name))
		}
	}
	return v
}

func isNilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Slice, reflect.Map:
		return true
	}
	return false
}

// nothing is nil, or points to the zero value, which no constructor has seen.
func (w *world) nothing(t reflect.Type) reflect.Value {
	if t.Kind() == reflect.Pointer && neverZero[t] == "" && w.IntN(2) == 0 {
		return reflect.New(t.Elem())
	}
	return reflect.Zero(t)
}

// scalar draws numbers, strings and truth values.
func (w *world) scalar(t reflect.Type, name string) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(w.IntN(4) == 0)
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8:
		v.SetInt(w.integer(t))
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		v.SetUint(uint64(w.integer(t)))
	case reflect.Float64, reflect.Float32:
		v.SetFloat(w.float())
	case reflect.String:
		v.SetString(w.text(name))
	}
	return v
}

// Sizes that nothing can have are refused at once. Sizes between, such as 1<<32, are an honest wish for more memory than
// there is, which no rule can tell from one that a larger machine grants; only their products are wrong.
var wrongInts = []int64{-1, -2, 0, 5, 7, 99, math.MinInt64, math.MaxInt64, math.MaxInt64 - 1, 1 << 62, 1 << 61, math.MinInt64 + 1}

func (w *world) integer(t reflect.Type) int64 {
	if w.wrong() {
		return pick(w, wrongInts)
	}
	if t.PkgPath() != "" { // one of a few constants
		return int64(w.IntN(4))
	}
	return pick(w, []int64{0, 1, 1, 2, 2, 3, 3, 3, 4})
}

var wrongFloats = []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, -0.1, 0, 1, 2, 1e39, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64}

func (w *world) float() float64 {
	if w.wrong() {
		return pick(w, wrongFloats)
	}
	return pick(w, []float64{0, 0.1, 0.25, 0.5, 0.9})
}

var wrongTexts = []string{"", "\x00", "\xff\xfe", "a\xffb", "%s%d%!", "../..", "a/b", "\n", "\u202e", "\ufeff", "{", "[[[[[[[[", strings.Repeat("x", 5000), "__metadata__"}

func (w *world) text(name string) string {
	name = strings.ToLower(name)
	isPath := strings.Contains(name, "path") || strings.Contains(name, "folder") || strings.Contains(name, "checkpoint")
	switch {
	case isPath || w.IntN(8) == 0:
		return w.path()
	case w.wrong():
		return pick(w, wrongTexts)
	}
	return pick(w, []string{"a", "b", "c", "w", "weight", "the cat sat on the mat\n", "1", "x\ty", "embedding", "lstm", "deu", "2020-01-02"})
}

// slice draws a few elements.
func (w *world) slice(t reflect.Type, name string) reflect.Value {
	n := w.IntN(4)
	switch t.Elem().Kind() {
	case reflect.Int, reflect.Float32, reflect.Float64:
		n = pick(w, []int{0, 1, 2, 3, 4, 6, 6, 12, 40})
	}
	v := reflect.MakeSlice(t, n, n)
	for i := range n {
		v.Index(i).Set(w.draw(t.Elem(), name))
	}
	return v
}

// function makes a function whose results are drawn beforehand: callbacks may come from any goroutine. A right one gives
// back what it got, where the types allow that.
func (w *world) function(t reflect.Type) reflect.Value {
	const answers = 3
	var drawn [answers][]reflect.Value
	var echo []int
	for i := range t.NumOut() {
		from := -1
		for j := range t.NumIn() {
			if t.In(j) == t.Out(i) && !w.wrong() {
				from = j
			}
		}
		echo = append(echo, from)
		for k := range drawn {
			drawn[k] = append(drawn[k], w.draw(t.Out(i), ""))
		}
	}
	var calls atomic.Uint64
	return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
		out := append([]reflect.Value(nil), drawn[calls.Add(1)%answers]...)
		for i, from := range echo {
			if from >= 0 {
				out[i] = in[from]
			}
		}
		return out
	})
}

var errDrawn = errors.New("an error of the caller's")

// implementation draws one of the types of the registry that implement an interface.
func (w *world) implementation(t reflect.Type, name string) reflect.Value {
	list := implementations(t)
	if len(list) == 0 {
		return reflect.Zero(t)
	}
	v := w.draw(pick(w, list), name)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return reflect.Zero(t)
	}
	return valueOf(v.Interface(), t)
}

// implementations are the types T of the registry, or *T, that implement an interface.
func implementations(t reflect.Type) (list []reflect.Type) {
	for _, m := range registry {
		c, isType := m.value.(reflect.Type)
		if !isType || c.Kind() == reflect.Interface {
			continue
		}
		if c.Implements(t) {
			list = append(list, c)
		} else if p := reflect.PointerTo(c); p.Implements(t) {
			list = append(list, p)
		}
	}
	return list
}

// constructors are the functions of the registry by the type of their first result.
var constructors = sync.OnceValue(func() map[reflect.Type][]*target {
	made := map[reflect.Type][]*target{}
	for _, x := range targets() {
		if t := x.call.Type(); !x.method && t.NumOut() > 0 && strings.HasPrefix(first(t).PkgPath(), module) {
			made[t.Out(0)] = append(made[t.Out(0)], x)
		}
	}
	return made
})

// variables are those of the registry by their type.
var variables = sync.OnceValue(func() map[reflect.Type][]reflect.Value {
	m := map[reflect.Type][]reflect.Value{}
	for _, v := range registry {
		if p := reflect.ValueOf(v.value); p.Kind() == reflect.Pointer && !reflect.TypeOf(v.value).Implements(reflect.TypeFor[reflect.Type]()) {
			m[p.Type().Elem()] = append(m[p.Type().Elem()], p.Elem())
		}
	}
	return m
})

// first is the type of a function's first result, without the pointer.
func first(t reflect.Type) reflect.Type {
	r := t.Out(0)
	if r.Kind() == reflect.Pointer {
		r = r.Elem()
	}
	return r
}

// construct calls a constructor with right values, until one succeeds.
func (w *world) construct(list []*target) (reflect.Value, bool) {
	hostile := w.hostile
	w.hostile = 0
	defer func() { w.hostile = hostile }()
	for range 6 {
		x := pick(w, list)
		args := w.arguments(x)
		w.making = describeCall(x.name, args, false)
		out := x.invoke(args)
		if last := out[len(out)-1]; last.Type() == errorType && !last.IsNil() || out[0].IsZero() {
			continue
		}
		return out[0], true
	}
	return reflect.Value{}, false
}

var (
	errorType = reflect.TypeFor[error]()
	nodeType  = reflect.TypeFor[graph.Node]()
)

func pick[T any](r interface{ IntN(int) int }, list []T) T { return list[r.IntN(len(list))] }
