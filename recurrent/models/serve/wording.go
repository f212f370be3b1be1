package serve

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/pkg/errors"
)

// wrongJSON says what is wrong with JSON, in the words of JSON: package encoding/json speaks of types of Go.
func wrongJSON(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	name := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:]
	if name == "" {
		name = "it"
	}
	return name + " is " + foundJSON(wrong.Value) + "; want " + wantedJSON(wrong.Type)
}

// foundJSON is a value as encoding/json calls it: its kind, of a number perhaps the number.
func foundJSON(value string) string {
	switch value {
	case "string":
		return "a text"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	case "number":
		return "a number"
	}
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return number[:min(len(number), 40)]
	}
	return value
}

// wantedJSON is what a type of Go is read from.
func wantedJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wantedJSON(t.Elem())
	case reflect.Int, reflect.Int64:
		return "a whole number of 64 bits"
	case reflect.Uint64:
		return "a whole number of 64 bits, 0 or above"
	case reflect.Float64:
		return "a number of 64 bits"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// mostNames is how many names an error lists.
const mostNames = 20

// someOf lists names, as many and as much of each as an error should have.
func someOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, n := range names {
		if i == mostNames {
			b.WriteString(" and others")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if r := []rune(n); len(r) > 40 {
			n = string(r[:40]) + "…"
		}
		b.WriteString(n)
	}
	return b.String()
}
