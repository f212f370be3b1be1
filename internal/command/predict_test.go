package command

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// predictions are what predict prints, an object a line; every line must be whole.
func predictions(t *testing.T, args ...string) (all []map[string]any, errs string) {
	t.Helper()
	_, out, errs := capture(t, context.Background(), append([]string{"predict"}, args...)...)
	for line := range strings.Lines(out) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %v in %q", args, err, line)
		}
		all = append(all, one)
	}
	return all, errs
}

// A classifier and a language model that are trained on nearly nothing.
func tinyModels(t *testing.T) (classifier, language string) {
	t.Helper()
	dir := t.TempDir()
	classifier, language = filepath.Join(dir, "c.safetensors"), filepath.Join(dir, "l.safetensors")
	table := tableOf(t, "t.csv", "text,label\n"+opinionRows("\"TEXT\",LABEL\n"))
	if status, _, errs := capture(t, context.Background(), quick(table, classifier, "--steps", "1")...); status != 0 {
		t.Fatal(errs)
	}
	if status, _, errs := capture(t, context.Background(), small(writeText(t, dir), language, "--steps", "1")...); status != 0 {
		t.Fatal(errs)
	}
	return classifier, language
}

// What was computed before a fault is written whole, and the fault is where the file has it, for every kind of input and
// of model.
func TestPredictTellsThePlace(t *testing.T) {
	classifier, language := tinyModels(t)
	many := func(format string) string { return strings.Repeat(format, together+40) }
	for _, c := range []struct {
		name, contents, model, want string
		before                      int
	}{
		{"t.txt", many("the dog\n") + "a \xff\n", classifier, "t.txt, line 297: not UTF-8: byte 0xff at offset 2", together + 40},
		{"t.txt", many("the dog\r") + "a \xff\r", language, "t.txt, line 297: not UTF-8", together + 40},
		{"t.txt", many("the dog\n") + "\nthe ÿ\nthe dog\n", language, "t.txt, line 298: in its text: character \"ÿ\"", together + 41},
		{"t.txt", "the dog\n" + strings.Repeat("a", 1<<20+1), classifier, "t.txt, line 2: longer than 1048576 bytes", 1},
		{"t.csv", "text,id\n" + many("the dog,1\n") + "the dog\n", classifier, "t.csv, line 298: 1 fields; want 2", together + 40},
		{"t.csv", "text,id\n\"the\ndog\",1\nthe ÿ,2\n", language, "t.csv, line 4: in its text", 1},
		{"t.jsonl", many("{\"text\":\"the dog\"}\n") + "{\"text\":null}\n", classifier, `t.jsonl, line 297: field "text" is null`, together + 40},
	} {
		all, errs := predictions(t, "--model", c.model, tableOf(t, c.name, c.contents))
		if len(all) != c.before || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d predictions, want %d, then %s:\n%.300s", c.name, len(all), c.before, c.want, errs)
		}
	}
	stdin(t, "the dog\nthe ÿ\n")
	if all, errs := predictions(t, "--model", language); len(all) != 1 || !strings.Contains(errs, "standard input, line 2: ") {
		t.Errorf("%d predictions\n%s", len(all), errs)
	}
}

// Lines are the library's: a byte order mark and the way that lines end change nothing.
func TestPredictReadsLines(t *testing.T) {
	classifier, _ := tinyModels(t)
	want, _ := predictions(t, "--model", classifier, tableOf(t, "t.txt", "the good film\na bad one\n"))
	latin, errs := predictions(t, "--model", classifier, "--encoding", "latin1", tableOf(t, "t.txt", "caf\xe9\n"))
	if len(latin) != 1 || latin[0]["text"] != "café" {
		t.Errorf("%v\n%s", latin, errs)
	}
	for _, text := range []string{"\ufeffthe good film\r\na bad one", "the good film\ra bad one\r", "\ufeffthe good film\r\r\na bad one\r\r\n"} {
		if got, errs := predictions(t, "--model", classifier, tableOf(t, "t.txt", text)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v\n%s", text, got, errs)
		}
	}
}

// A perplexity is at least 1; that of nothing is null.
func TestPerplexityOfNothing(t *testing.T) {
	_, language := tinyModels(t)
	all, errs := predictions(t, "--model", language, tableOf(t, "t.txt", "\nt\nth\n"))
	if len(all) != 3 {
		t.Fatal(errs)
	}
	for i, tokens := range []float64{0, 0, 1} {
		p, isNumber := all[i]["perplexity"].(float64)
		if _, there := all[i]["perplexity"]; !there || isNumber != (tokens > 0) || isNumber && p < 1 || all[i]["tokens"] != tokens {
			t.Errorf("%v", all[i])
		}
	}
}

// Predictions can be joined to the table by its other columns.
func TestPredictKeepsColumns(t *testing.T) {
	classifier, language := tinyModels(t)
	for _, model := range []string{classifier, language} {
		for _, c := range []struct {
			name, contents string
			args           []string
			want           any
		}{
			{"t.csv", "id,text,,label\n7,the dog,x,old\n", nil, map[string]any{"id": "7", "2": "x", "label": "old"}},
			{"t.csv", "id,text,label\n7,the dog,old\n", []string{"--keep", "id"}, map[string]any{"id": "7"}},
			{"t.csv", "id,text,label\n7,the dog,old\n", []string{"--keep", ""}, nil},
			{"t.csv", "text\nthe dog\n", nil, nil},
			{"t.csv", "the dog\n", nil, nil}, // one column, whatever it is called
			{"t.csv", "id;text\n7;the dog\n", nil, map[string]any{"id": "7"}},
			{"t.tsv", "7\tthe dog\n", []string{"--text-column", "1", "--header", "no"}, map[string]any{"0": "7"}},
			{"t.jsonl", `{"id":7,"text":"the dog","old":["a"],"nan":NaN}`, nil, map[string]any{"id": 7.0, "old": []any{"a"}, "nan": nil}},
		} {
			all, errs := predictions(t, append([]string{"--model", model, tableOf(t, c.name, c.contents)}, c.args...)...)
			if len(all) != 1 || all[0]["text"] != "the dog" || !reflect.DeepEqual(all[0]["columns"], c.want) || !strings.Contains(errs, "Format  ") {
				t.Errorf("%q %v: %v\n%s", c.contents, c.args, all, errs)
			}
		}
	}
	if _, errs := predictions(t, "--model", classifier, "--keep", "di", tableOf(t, "t.csv", "id,text\n1,x\n")); !strings.Contains(errs, `has no column "di" (--keep); it has id, text`) {
		t.Error(errs)
	}
	if _, errs := predictions(t, "--model", classifier, tableOf(t, "t.csv", "label,words\na,x\n")); !strings.Contains(errs, `has no column "text" (--text-column); it has`) {
		t.Error(errs)
	}
	// A language model knows no columns, and does not take labels for texts.
	if all, errs := predictions(t, "--model", language, tableOf(t, "t.csv", "label,words\nx,the dog\n")); len(all) != 1 || all[0]["text"] != "the dog" {
		t.Errorf("%v\n%s", all, errs)
	}
}

func TestPredictTop(t *testing.T) {
	classifier, _ := tinyModels(t)
	text := tableOf(t, "t.txt", "the good film\n")
	for top, want := range map[int]int{0: 2, 1: 1, 2: 2, 5: 2} {
		all, errs := predictions(t, "--model", classifier, "--top", fmt.Sprint(top), text)
		if len(all) != 1 {
			t.Fatal(errs)
		}
		p := all[0]["probabilities"].(map[string]any)
		if len(p) != want || p[all[0]["label"].(string)] != all[0]["probability"] {
			t.Errorf("--top %d: %v", top, all[0])
		}
	}
	if status, _, errs := capture(t, context.Background(), "predict", "--model", classifier, "--top", "-1", text); status != 2 || !strings.Contains(errs, "--top -1; want 0 or more") {
		t.Error(errs)
	}
}
