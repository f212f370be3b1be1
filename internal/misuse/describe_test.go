package misuse

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// String is the call in words.
func (c *call) String() string {
	s := describeCall(c.name, c.args, c.method)
	for _, a := range c.after {
		s += ", then " + a
	}
	if c.args == nil {
		s = c.name + " of " + c.world.making
	}
	return s
}

func describeCall(name string, args []reflect.Value, method bool) string {
	var words []string
	for _, a := range args {
		words = append(words, describe(a, 4))
	}
	if method && len(words) > 0 {
		_, last, _ := cutLast(name, ".")
		return words[0] + "." + last + "(" + strings.Join(words[1:], ", ") + ")"
	}
	return name + "(" + strings.Join(words, ", ") + ")"
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// describe is a value in few words. It calls no method of the library, as those are what is tested.
func describe(v reflect.Value, depth int) string {
	if !v.IsValid() {
		return "nil"
	}
	switch x := v.Interface().(type) {
	case graph.Node:
		if !x.Valid() {
			return "Node{}"
		}
		return fmt.Sprintf("<node %v ids=%t>", x.Shape(), x.IsIDs())
	case *graph.Graph:
		return "g"
	case *tensor.Dense:
		if x == nil || x.Dtype().Type == nil {
			return "<no tensor>"
		}
		return fmt.Sprintf("<%v %v data %d view=%t>", x.Dtype(), []int(x.Shape()), x.DataSize(), x.RequiresIterator())
	case error:
		return "<error>"
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		switch {
		case v.IsNil():
			return "nil"
		case v.Kind() == reflect.Interface:
			return describe(v.Elem(), depth)
		}
		return "&" + describe(v.Elem(), depth)
	case reflect.Struct:
		var fields []string
		hidden := false
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case v.Field(i).IsZero():
			case !f.IsExported() || depth == 0:
				hidden = true
			default:
				fields = append(fields, f.Name+": "+describe(v.Field(i), depth-1))
			}
		}
		if hidden {
			fields = append(fields, "...")
		}
		return v.Type().String() + "{" + strings.Join(fields, ", ") + "}"
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return "nil"
		}
		var list []string
		for i := range v.Len() {
			if i == 6 || depth == 0 {
				list = append(list, fmt.Sprintf("... %d in all", v.Len()))
				break
			}
			list = append(list, describe(v.Index(i), depth-1))
		}
		return v.Type().String() + "{" + strings.Join(list, ", ") + "}"
	case reflect.Map:
		return fmt.Sprintf("%s of %d", v.Type(), v.Len())
	case reflect.Func:
		if v.IsNil() {
			return "nil"
		}
		return v.Type().String()
	case reflect.String:
		return short(fmt.Sprintf("%q", v.String()), 60)
	case reflect.Bool:
		return fmt.Sprint(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprint(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(v.Uint())
	case reflect.Float32, reflect.Float64:
		return fmt.Sprint(v.Float())
	}
	return v.Type().String()
}

func short(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
