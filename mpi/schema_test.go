package mpi_test

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
)

// schema is a schema as a CustomResourceDefinition has it: OpenAPI's, in which every field has a type. Its rules in CEL, which compare
// fields, are not looked at.
type schema map[string]any

func (s schema) at(fields ...string) schema {
	for _, f := range fields {
		s, _ = s[f].(map[string]any)
	}
	return s
}

// faults are what is wrong with a value. A field that the schema does not have is a fault, too: Kubernetes would drop it.
func (s schema) faults(path string, v any) (out []string) {
	say := func(format string, args ...any) { out = append(out, path+": "+fmt.Sprintf(format, args...)) }
	if s == nil {
		say("is not in the schema")
		return out
	}
	if s["x-kubernetes-int-or-string"] == true {
		if _, number := v.(int); number {
			return nil
		}
		s = schema{"type": "string", "pattern": s["pattern"]}
	}
	switch v := v.(type) {
	case map[string]any:
		if s["type"] != "object" {
			say("an object; want %v", s["type"])
		}
		return append(out, s.fields(path, v)...)
	case []any:
		if s["type"] != "array" {
			say("a list; want %v", s["type"])
		}
		for i, item := range v {
			out = append(out, s.at("items").faults(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
		return out
	case string:
		if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
			say("%q; want %s", v, pattern)
		}
	}
	if got := typeOf(v); got != s["type"] && (got != "integer" || s["type"] != "number") {
		say("%v of type %s; want %v", v, got, s["type"])
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, v) {
		say("%v; want one of %v", v, enum)
	}
	if n, ok := v.(int); ok && (float64(n) < limit(s["minimum"], math.Inf(-1)) || float64(n) > limit(s["maximum"], math.Inf(1))) {
		say("%d is not between %v and %v", n, s["minimum"], s["maximum"])
	}
	return out
}

func (s schema) fields(path string, v map[string]any) (out []string) {
	required, _ := s["required"].([]any)
	for _, f := range required {
		if _, ok := v[f.(string)]; !ok {
			out = append(out, fmt.Sprintf("%s: there is no %s", path, f))
		}
	}
	if s["x-kubernetes-preserve-unknown-fields"] == true {
		return out
	}
	for _, f := range slices.Sorted(maps.Keys(v)) {
		one := s.at("properties", f)
		if one == nil {
			one = s.at("additionalProperties")
		}
		out = append(out, one.faults(path+"."+f, v[f])...)
	}
	return out
}

func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case int:
		return "integer"
	case float64:
		return "number"
	}
	return fmt.Sprintf("%T", v)
}

func limit(v any, otherwise float64) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return otherwise
}
