package command

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// The figures of reports are of a type that JSON takes whatever they are.
func TestReportsHaveNoBareFloats(t *testing.T) {
	var visit func(name string, v reflect.Type)
	seen := map[reflect.Type]bool{}
	visit = func(name string, v reflect.Type) {
		switch v.Kind() {
		case reflect.Float32, reflect.Float64:
			if v != reflect.TypeFor[number]() {
				t.Errorf("%s is a %v; want number, since JSON has no NaN", name, v)
			}
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(name, v.Elem())
		case reflect.Struct:
			if seen[v] {
				return
			}
			seen[v] = true
			for i := range v.NumField() {
				if f := v.Field(i); f.IsExported() {
					visit(name+"."+f.Name, f.Type)
				}
			}
		}
	}
	for _, r := range []report{&contents{}, &judged{}, &fluency{}, catalogue{}, &diagnosis{}, &speeds{}} {
		visit(reflect.TypeOf(r).String(), reflect.TypeOf(r))
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if data, err := json.Marshal([]number{number(v), 1.5}); err != nil || string(data) != "[null,1.5]" {
			t.Errorf("%g: %s, %v", v, data, err)
		}
	}
}

// A model with numbers that are none is one to look at; names in it do not reach the terminal as they are.
func TestInspectDamagedModel(t *testing.T) {
	language, class := trained(t, t.TempDir())
	path := edited(t, language, func(list []graph.Named, metadata map[string]string) []graph.Named {
		for i := range list {
			if list[i].Name == "head.bias" {
				list[i].Value.Float32s()[0], list[i].Value.Float32s()[1] = float32(math.NaN()), float32(math.Inf(1))
				list[i].Name = "\x1b[2J\x1b[31mred\nline\u202e"
			}
			if list[i].Name == "head.weight" {
				for j := range list[i].Value.Float32s() {
					list[i].Value.Float32s()[j] = float32(math.NaN())
				}
			}
		}
		metadata["\x1b[1mkey"] = "\x07value"
		metadata["config"] = "{" // damaged as well
		return list
	})
	out, _ := must(t, "inspect", path, "--json")
	var c contents
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, w := range c.Tensors {
		want := map[bool]int{strings.Contains(w.Name, "red"): 2, w.Name == "head.weight": w.Count}[true]
		if w.NotFinite != want {
			t.Errorf("%q: %d numbers are not finite; want %d", w.Name, w.NotFinite, want)
		}
	}
	out, _ = must(t, "inspect", path)
	if !strings.Contains(out, "2 of 28 numbers are NaN or infinite") || !strings.Contains(out, `\x1b[2J`) || !strings.Contains(out, "language model") {
		t.Errorf("%s", out)
	}
	harmless(t, "inspect", out)

	labelled := edited(t, class, func(list []graph.Named, metadata map[string]string) []graph.Named {
		metadata["labels"] = `["\u001b[31mnegative","positive"]`
		return list
	})
	out, _ = must(t, "eval", "--model", labelled, "--table", writeRows(t, "review,sentiment\nfine so far,positive\n"))
	harmless(t, "eval", out)
	_, _, errs := capture(t, context.Background(), "eval", "--model", labelled, "--table", writeRows(t, "review,sentiment\nfine,\x1b[31mother\n"))
	if errs == "" {
		t.Error("a label that the model does not have was taken")
	}
	harmless(t, "eval's error", errs)
}

// harmless checks that a terminal has nothing to obey.
func harmless(t *testing.T, what, text string) {
	t.Helper()
	if at := strings.IndexFunc(text, func(r rune) bool { return r < 32 && r != '\n' && r != '\t' || r == 127 || r >= 0x202a && r <= 0x202e }); at >= 0 {
		t.Errorf("%s has %q", what, text[at:min(at+20, len(text))])
	}
}
