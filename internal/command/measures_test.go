package command

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent/models"
)

// doubtful is a trained classifier of reviews some of which have the wrong label, and its table; with four labels if it is topics.
func doubtful(t *testing.T, topics bool) (model, table string) {
	t.Helper()
	dir := t.TempDir()
	table, model = filepath.Join(dir, "t.csv"), filepath.Join(dir, "m.safetensors")
	labels := []string{"ham", "spam"}
	if topics {
		labels = []string{"film", "food", "music", "sport"}
	}
	var b strings.Builder
	b.WriteString("text,label\n")
	for i := range 240 {
		said := i % len(labels)
		if i%7 == 0 {
			said = (i / 7) % len(labels)
		}
		fmt.Fprintf(&b, "about %s number %d,%s\n", labels[i%len(labels)], i%11, labels[said])
	}
	if err := os.WriteFile(table, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := capture(t, context.Background(), quick(table, model, "--epochs", "12", "--tokens", "word", "--lr", "0.02")...); status != 0 {
		t.Fatal(errs)
	}
	return model, table
}

func evaluated(t *testing.T, args ...string) (judged, string) {
	t.Helper()
	status, out, errs := capture(t, context.Background(), append([]string{"eval", "--json"}, args...)...)
	var r judged
	if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil {
		t.Fatalf("%v: status %d, %v\n%s%s", args, status, err, out, errs)
	}
	return r, errs
}

// What eval says is what the library measures, for two labels and for more; intervals are around it, and the same each time.
func TestEvalMeasures(t *testing.T) {
	for _, topics := range []bool{false, true} {
		model, _ := doubtful(t, topics)
		r, _ := evaluated(t, "--model", model, "--bootstrap", "50")
		m, err := models.LoadClassifier(model)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := ownTest(m.Config().Origin)
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.Evaluate(rows)
		if err != nil {
			t.Fatal(err)
		}
		p := e.Probabilities
		want := map[string]float64{"log_loss": p.LogLoss(), "brier": p.Brier(), "accuracy": e.Confusion.Accuracy(), "kappa": e.Confusion.Kappa()}
		if topics {
			want["roc_auc"], want["average_precision"], want["top_3_accuracy"] = p.MacroROCAUC(), p.MacroAveragePrecision(), p.TopK(3)
		} else {
			want["roc_auc"], want["average_precision"] = p.ROCAUC(1), p.AveragePrecision(1)
			if r.Positive != "spam" {
				t.Errorf("the positive label is %q, want spam", r.Positive)
			}
		}
		for key, v := range want {
			if math.Abs(float64(r.Measures[key])-v) > 1e-12 {
				t.Errorf("%s is %g, want %g", key, float64(r.Measures[key]), v)
			}
			if i := r.Intervals[key]; float64(i[0]) > v || float64(i[1]) < v {
				t.Errorf("%s is %g, between %v", key, v, i)
			}
		}
		if again, _ := evaluated(t, "--model", model, "--bootstrap", "50"); fmt.Sprint(again.Intervals) != fmt.Sprint(r.Intervals) {
			t.Error("other intervals the second time")
		}
		if topics {
			continue
		}
		other, _ := evaluated(t, "--model", model, "--positive", "ham")
		if v := p.ROCAUC(0); other.Positive != "ham" || math.Abs(float64(other.Measures["roc_auc"])-v) > 1e-12 || other.Intervals != nil {
			t.Errorf("%+v, want the area %g", other, v)
		}
		status, text, errs := capture(t, context.Background(), "eval", "--model", model, "--bootstrap", "20")
		for _, line := range []string{"positive label        spam", "ROC-AUC ", "calibration error  ", "in 95 of 100 draws", "balanced accuracy  "} {
			if status != 0 || !strings.Contains(text, line) {
				t.Errorf("no %q in\n%s%s", line, text, errs)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > columns || strings.HasSuffix(line, " ") {
				t.Errorf("the line %q is long, or ends in a blank", line)
			}
		}
	}
}

// What needs rows of two labels is null where there is one, and a dash for readers.
func TestEvalOfOneLabel(t *testing.T) {
	model, _ := doubtful(t, false)
	table := tableOf(t, "one.csv", "text,label\nabout spam,spam\nabout ham,spam\n")
	r, _ := evaluated(t, "--model", model, "--table", table, "--bootstrap", "10")
	if v := float64(r.Measures["roc_auc"]); r.Rows != 2 || v != 0 { // null stays zero
		t.Errorf("%+v", r)
	}
	if _, ok := r.Intervals["roc_auc"]; ok {
		t.Errorf("%+v", r.Intervals)
	}
	_, text, _ := capture(t, context.Background(), "eval", "--model", model, "--table", table)
	if !strings.Contains(text, "ROC-AUC               -\n") || !strings.Contains(text, "- needs rows of the label and rows of others") {
		t.Error(text)
	}
}

// --calibrate keeps a temperature in the file, which predict uses and inspect tells; the model can still be trained on, and drawn.
func TestEvalCalibrates(t *testing.T) {
	model, _ := doubtful(t, false)
	plain, _ := evaluated(t, "--model", model)
	predicted := func() string {
		all, errs := predictions(t, "--model", model, tableOf(t, "p.txt", "about spam number 3\n"))
		if len(all) != 1 {
			t.Fatal(errs)
		}
		return fmt.Sprint(all[0]["label"], all[0]["probability"])
	}
	before := predicted()
	r, errs := evaluated(t, "--model", model, "--calibrate")
	if r.Temperature == 1 || plain.Temperature != 1 || r.Accuracy != plain.Accuracy || !strings.Contains(errs, "was 1; loss of the ") || !strings.Contains(errs, "predict and eval use it") {
		t.Errorf("%+v\n%s", r, errs)
	}
	if after := predicted(); after == before || after[:4] != before[:4] {
		t.Errorf("predicted %s, before %s", after, before)
	}
	if again, _ := evaluated(t, "--model", model); again.Temperature != r.Temperature || again.Loss != r.Loss {
		t.Errorf("%+v after %+v", again, r)
	}
	if twice, errs := evaluated(t, "--model", model, "--calibrate"); math.Abs(float64(twice.Temperature-r.Temperature)) > 1e-6 {
		t.Errorf("%+v, a second time\n%s", twice, errs)
	}
	if _, out, _ := capture(t, context.Background(), "inspect", model); !strings.Contains(out, "found by unroll eval --calibrate") {
		t.Error(out)
	}
	if status, _, errs := capture(t, context.Background(), "train", "--resume", model, "--epochs", "13"); status != 0 {
		t.Error(errs)
	}
	if m, err := models.LoadClassifier(model); err != nil || m.Temperature() != 1 {
		t.Errorf("after another pass, temperature %g, %v", m.Temperature(), err)
	}
}

func TestPlotOfProbabilities(t *testing.T) {
	for _, topics := range []bool{false, true} {
		model, _ := doubtful(t, topics)
		for _, args := range [][]string{{"--roc"}, {"--reliability"}, {"--confusion"}, {"--roc", "--positive", "ham"}} {
			if topics && len(args) > 1 {
				continue
			}
			out := filepath.Join(t.TempDir(), "p.svg")
			status, _, errs := capture(t, context.Background(), append([]string{"plot", "--model", model, "--out", out}, args...)...)
			data, err := os.ReadFile(out)
			if status != 0 || err != nil {
				t.Fatalf("%v: %v\n%s", args, err, errs)
			}
			for flag, text := range map[string]string{"--roc": "a guess", "--reliability": "calibrated", "--confusion": "predicted"} {
				if strings.Contains(string(data), text) != (args[0] == flag) {
					t.Errorf("%v: text %q", args, text)
				}
			}
		}
	}
}

// The mistakes of somebody who is new to the measures: each message says what to do, and the exit status tells wrong usage from
// data that cannot be used.
func TestMeasuresSayWhatToDo(t *testing.T) {
	two, table := doubtful(t, false)
	four, _ := doubtful(t, true)
	_, language := tinyModels(t)
	dir := t.TempDir()
	picture := filepath.Join(dir, "p.png")
	made := filepath.Join(dir, "made.safetensors") // by a program, which has no table
	m, err := models.NewClassifier(models.Config{Tokens: "word"}, []string{"a b"}, []string{"x", "y"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(made); err != nil {
		t.Fatal(err)
	}
	lost, lostTable := doubtful(t, false)
	if err := os.Remove(lostTable); err != nil {
		t.Fatal(err)
	}
	changed, changedTable := doubtful(t, false)
	if err := os.WriteFile(changedTable, []byte("text,label\na,ham\nb,spam\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := tableOf(t, "damaged.safetensors", "no model at all")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"eval", "--model", two, "--positive", "Spam"}, 2, `--positive "Spam" is no label of the model; it has ham, spam`},
		{[]string{"eval", "--model", two, "--positive", "Spam", "--calibrate"}, 2, `--positive "Spam" is no label`},
		{[]string{"eval", "--model", four, "--positive", "film"}, 2, "--positive is for two labels; the model has 4, each of which is measured against the rest"},
		{[]string{"eval", "--model", two, "--bootstrap", "-5"}, 2, "--bootstrap -5; want 0, or 2 to 1000000"},
		{[]string{"eval", "--model", two, "--bootstrap", "1"}, 2, "--bootstrap 1; want 0, or 2 to 1000000"},
		{[]string{"eval", "--model", two, "--bootstrap", "1e3"}, 2, "--bootstrap"},
		{[]string{"eval", "--model", two, "--bootstrap"}, 2, "--bootstrap"},
		{[]string{"eval", "--model", language, "--positive", "spam"}, 2, "is a language model; --positive wants a classifier"},
		{[]string{"eval", "--model", language, "--calibrate"}, 2, "is a language model; --calibrate wants a classifier"},
		{[]string{"eval", "--model", language, "--bootstrap", "100"}, 2, "is a language model; --bootstrap wants a classifier"},
		{[]string{"eval", "--model", lost, "--calibrate"}, 1, "the model's own table"},
		{[]string{"eval", "--model", changed, "--calibrate"}, 1, "has changed since the model was trained"},
		{[]string{"eval", "--model", made, "--calibrate"}, 1, "--calibrate"},
		{[]string{"eval", "--model", damaged, "--calibrate"}, 1, "damaged.safetensors"},
		{[]string{"eval", "--model", filepath.Join(dir, "none"), "--bootstrap", "10"}, 1, "none"},
		{[]string{"eval", "--model", two, "--table", tableOf(t, "e.csv", "text,label\n"), "--bootstrap", "10"}, 1, "e.csv"},
		{[]string{"eval", "--model", two, "--table", tableOf(t, "l.csv", "text,label\na,eggs\nb,spam\n"), "--bootstrap", "10"}, 1, `the label "eggs"`},
		{[]string{"predict", "--model", two, "--calibrate", table}, 2, "unknown flag: --calibrate"},
		{[]string{"plot", "--model", two, "--roc", "--confusion", "--out", picture}, 2, "want one of --confusion, --roc and --reliability"},
		{[]string{"plot", "--model", two, "--positive", "ham", "--out", picture}, 2, "--positive goes with --roc"},
		{[]string{"plot", "--model", two, "--roc", "--positive", "eggs", "--out", picture}, 2, `--positive "eggs" is no label of the model`},
		{[]string{"plot", "--model", four, "--roc", "--positive", "film", "--out", picture}, 2, "--positive is for two labels"},
		{[]string{"plot", "--model", language, "--roc", "--out", picture}, 2, "is a language model; --roc wants a classifier"},
		{[]string{"plot", "--model", language, "--reliability", "--out", picture}, 2, "is a language model; --reliability wants a classifier"},
		{[]string{"plot", "--model", lost, "--reliability", "--out", picture}, 1, "the model's own table"},
		{[]string{"plot", "--model", two, "--roc", "--out", filepath.Join(dir, "p.pdf")}, 1, ".svg"},
	} {
		status, out, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) || strings.Contains(out, "rows") {
			t.Errorf("%v: status %d, want %d and %q\n%s%s", c.args, status, c.status, c.want, out, errs)
		}
	}
	if m, err := models.LoadClassifier(two); err != nil || m.Temperature() != 1 {
		t.Errorf("a mistake left the temperature %g, %v", m.Temperature(), err)
	}
}

// Measures of many labels have no more than three of the top.
func TestTopMeasures(t *testing.T) {
	for classes, want := range map[int]int{2: 0, 3: 1, 4: 1, 6: 2, 50: 2} {
		got := 0
		for _, m := range measuresOf(classes, -1) {
			if strings.HasPrefix(m.key, "top_") {
				got++
			}
		}
		if got != want {
			t.Errorf("%d classes: %d measures of the top, want %d", classes, got, want)
		}
	}
	p, err := metric.NewProbabilities(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range measuresOf(2, 1) { // of no rows
		c, err := p.Confusion("a", "b")
		if err != nil {
			t.Fatal(err)
		}
		q.of(p, c)
	}
}

// The session of docs/measures.md, with a model like that of docs/command.md.
func TestMeasuresTranscript(t *testing.T) {
	all := sessions(t, "measures.md")
	if len(all) < 3 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeReviews(t, "reviews.csv")
	if status, _, errs := capture(t, context.Background(), quick("reviews.csv", "reviews.safetensors", "--epochs", "10")...); status != 0 {
		t.Fatal(errs)
	}
	play(t, all)
	for _, picture := range []string{"roc.png", "reliability.png"} {
		if info, err := os.Stat(picture); err != nil || info.Size() < 2000 {
			t.Errorf("%s: %v, %v", picture, info, err)
		}
	}
}
