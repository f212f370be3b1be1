package datasets_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// Tables and objects take the same texts for numbers, for missing ones, and for neither.
func TestNumbersAndMissingValues(t *testing.T) {
	marks := []string{"?", "-", "inf"}
	for _, c := range []struct {
		text    string
		missing []string
		want    float64
		wrong   string // part of the error; "" for none
	}{
		{"1.5", nil, 1.5, ""}, {" -2e3 ", nil, -2000, ""}, {"", nil, math.NaN(), ""}, {"  ", nil, math.NaN(), ""},
		{"NA", nil, math.NaN(), ""}, {"n/a", nil, math.NaN(), ""}, {"#N/A", nil, math.NaN(), ""}, {"<NA>", nil, math.NaN(), ""},
		{"nan", nil, math.NaN(), ""}, {"NULL", nil, math.NaN(), ""}, {"None", nil, math.NaN(), ""},
		{"?", nil, 0, "is not a number"}, {"1_000", nil, 0, "is not a number"}, {"0x10", nil, 0, "is not a number"}, {"0x1p4", nil, 0, "is not a number"},
		{"1,5", nil, 0, "is not a number"}, {"inf", nil, 0, "is infinite"}, {"-Infinity", nil, 0, "is infinite"}, {"1e999", nil, 0, "is infinite"},
		{"?", marks, math.NaN(), ""}, {"-", marks, math.NaN(), ""}, {"", marks, math.NaN(), ""}, {"Inf", marks, math.NaN(), ""},
		{"NA", marks, 0, "is not a number"}, {"nan", marks, 0, "is not a number"}, {"-1", marks, -1, ""}, {"NA", []string{}, 0, "is not a number"},
	} {
		r, err := datasets.CSV{Missing: c.missing}.Read(strings.NewReader(fmt.Sprintf("v,w\n\"%s\",x\n", c.text)), "x")
		if err != nil || !r.Next() {
			t.Fatal(err)
		}
		o := datasets.JSONL{Missing: c.missing}.Read(strings.NewReader(fmt.Sprintf("\n{\"v\":%q}", c.text)), "x")
		if !o.Next() {
			t.Fatal(o.Err())
		}
		for kind, got := range map[string]struct {
			missing bool
			value   float64
			err     error
		}{"table": {r.Missing("v"), r.Number("v"), r.Err()}, "object": {o.Missing("v"), o.Number("v"), o.Err()}} {
			switch {
			case c.wrong != "":
				wantError(t, got.err, "x, line 2: ")
				wantError(t, got.err, c.wrong)
			case got.err != nil || got.value != c.want && !(math.IsNaN(got.value) && math.IsNaN(c.want)):
				t.Errorf("%s: %q is %g, %v; want %g", kind, c.text, got.value, got.err, c.want)
			}
			if got.missing != (c.wrong == "" && math.IsNaN(c.want)) {
				t.Errorf("%s: %q: missing %v", kind, c.text, got.missing)
			}
		}
	}
}

// Python writes numbers that JSON does not have.
func TestObjectsOfPython(t *testing.T) {
	o := datasets.JSONL{}.Read(strings.NewReader(`{"text":"a NaN \"NaN","v":NaN,"w":[NaN],"x":null,"y":-Infinity}`), "x")
	if !o.Next() || o.Text("text") != `a NaN "NaN` || !math.IsNaN(o.Number("v")) || !o.Missing("v") || !o.Missing("x") || !o.Missing("absent") || o.Missing("w") {
		t.Error(o.Err())
	}
	if fields := o.Fields(); len(fields) != 5 || string(o.Raw("w")) != "[null]" || o.Raw("absent") != nil {
		t.Errorf("%q %s", fields, o.Raw("w"))
	}
	var v map[string]any
	wantError(t, o.Decode(&v), "invalid character 'N'")
	if o.Number("y"); o.Err() == nil {
		t.Error("an infinite number")
	}
	for _, text := range []string{`{"a":NaNo}`, `{"a":Nan}`, `{NaN:1}`, `{"a":"NaN}`} {
		if o := (datasets.JSONL{}).Read(strings.NewReader(text), "x"); o.Next() || o.Err() == nil {
			t.Errorf("%s: %v", text, o.Err())
		}
	}
}
