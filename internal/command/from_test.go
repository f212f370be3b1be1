package command

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/models"
)

func writeRows(t *testing.T, rows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeOther(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tensorsOf(t *testing.T, path string) map[string]graph.Named {
	t.Helper()
	list, _, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]graph.Named{}
	for _, w := range list {
		out[w.Name] = w
	}
	return out
}

// after gives the weights that a run began with: those after a step of next to no size.
func after(args []string) []string {
	if slices.Contains(args, "--text") {
		args = append(args, "--sample", "0")
	}
	return append(args, "--steps", "1", "--lr", "1e-30", "--dropout", "0", "--optimizer", "sgd")
}

// Training begins with the weights of a model, or of a file that import wrote, and keeps its network and vocabulary.
func TestFrom(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, small(writeText(t, dir), at("first"), "--epochs", "2")...)
	must(t, "export", "--model", at("first"), "--out", at("w.safetensors"))
	must(t, "import", at("w.safetensors"), "--model", at("first"), "--out", at("imported"))
	other := writeOther(t, strings.Repeat("lazy dogs jump over the brown fox\n", 60))
	for _, from := range []string{"first", "imported"} {
		out := at("tuned from " + from)
		_, errs := must(t, after([]string{"train", "--from", at(from), "--text", other, "--out", out, "--seq", "6", "--batch", "4"})...)
		for _, want := range []string{"2 x GRU, hidden 12, embedding 6", "Kept    11 of 11 weights of " + at(from), "vocabulary 28"} {
			if !strings.Contains(errs, want) {
				t.Errorf("no %q in\n%s", want, errs)
			}
		}
		had, has := tensorsOf(t, at(from)), tensorsOf(t, out)
		for _, name := range []string{"embedding.weight", "gru.weight_hh_l1", "head.bias"} {
			if !slices.Equal(had[name].Value.Float32s(), has[name].Value.Float32s()) {
				t.Errorf("%s: %s is not that of the model", from, name)
			}
		}
		must(t, "train", "--resume", out, "--epochs", "2", "--steps", "3", "--sample", "0") // a checkpoint like any other
		if out, _ := must(t, "inspect", out); !strings.Contains(out, "the weights of "+at(from)) {
			t.Errorf("inspect does not say where it began:\n%s", out)
		}
	}
	// It is worth it: a text of the same kind is known from the first step on.
	same := writeOther(t, strings.Repeat("the lazy dog jumps over the quick brown fox\n", 40))
	loss := func(args ...string) string {
		out, _ := must(t, append(args, "--text", same, "--steps", "1", "--sample", "0", "--seq", "8", "--batch", "4")...)
		return out[:len("val_loss=2.0000")]
	}
	fresh := loss("train", "--out", at("fresh"), "--hidden", "12", "--embed", "6", "--cell", "gru")
	if tuned := loss("train", "--out", at("tuned"), "--from", at("first")); tuned >= fresh {
		t.Errorf("%s from a model, %s from nothing", tuned, fresh)
	}
}

// What import reads back from ONNX, Keras or PyTorch can be trained on, and exported again.
func TestFromImported(t *testing.T) {
	dir := t.TempDir()
	table, class := filepath.Join(dir, "reviews.csv"), filepath.Join(dir, "class")
	writeReviews(t, table)
	must(t, quick(table, class, "--epochs", "1")...)
	for _, ending := range []string{onnxEnding, kerasEnding, torchEnding} {
		foreign, imported, out := class+ending, class+ending+".back", class+ending+".on"
		must(t, "export", "--model", class, "--out", foreign)
		must(t, "import", foreign, "--model", class, "--out", imported)
		_, errs := must(t, after([]string{"train", "--from", imported, "--table", table, "--out", out})...)
		if !strings.Contains(errs, "Kept    11 of 11 weights of") {
			t.Errorf("%s:\n%s", ending, errs)
		}
		must(t, "export", "--model", out, "--out", class+".on"+ending)
	}
}

// A classifier goes on with another table; labels that are others give it a new head.
func TestFromClassifier(t *testing.T) {
	dir := t.TempDir()
	_, class := trained(t, dir)
	rows := "text,label\n" + strings.Repeat("a dull film,negative\na lovely film,positive\n", 20)
	had := tensorsOf(t, class)
	for name, c := range map[string]struct{ rows, note string }{
		"same labels":  {rows, "Kept    11 of 11 weights of " + class},
		"other labels": {strings.NewReplacer("negative", "bad", "positive", "good").Replace(rows), "Anew    head.weight, head.bias"},
		"more labels":  {rows + strings.Repeat("a film,neutral\n", 9), "Rows    2 of 3 of head.weight, whose tokens or labels are the same"},
	} {
		out := filepath.Join(dir, name)
		_, errs := must(t, after([]string{"train", "--from", class, "--table", writeRows(t, c.rows), "--out", out})...)
		has := tensorsOf(t, out)
		for _, w := range []string{"embedding.weight", "rnn.weight_hh_l0_reverse"} {
			if !slices.Equal(had[w].Value.Float32s(), has[w].Value.Float32s()) {
				t.Errorf("%s: %s is not that of the model", name, w)
			}
		}
		before, now := had["head.bias"].Value.Float32s(), has["head.bias"].Value.Float32s()
		kept := 0 // of negative and positive
		for i, label := range []string{"negative", "neutral", "positive"} {
			if j := i / 2; len(now) == 3 && label != "neutral" && before[j] == now[i] || len(now) == 2 && i < 2 && before[i] == now[i] {
				kept++
			}
		}
		if want := map[string]int{"other labels": 0}[name]; (kept == 0) != (name == "other labels") || kept < want || !strings.Contains(errs, c.note) {
			t.Errorf("%s: %d labels kept their biases\n%s", name, kept, errs)
		}
		must(t, "eval", "--model", out)
	}
}

func TestFromRefuses(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	imported := filepath.Join(dir, "imported")
	must(t, "export", "--model", language, "--out", filepath.Join(dir, "w.safetensors"))
	must(t, "import", filepath.Join(dir, "w.safetensors"), "--model", language, "--out", imported)
	text, out := filepath.Join(dir, "text.txt"), filepath.Join(dir, "x.safetensors")
	strange := writeOther(t, strings.Repeat("der schöne Fuß und der schöne Hut\n", 20))
	table, vectors := filepath.Join(dir, "reviews.csv"), filepath.Join(dir, "v.txt")
	if err := os.WriteFile(vectors, []byte("film 1 2\nwonderful 3 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, `has 4 kinds of character that the vocabulary of ` + language + ` lacks: "ö" (40), "F" (20), "H" (20), "ß" (20)`, []string{"--from", language, "--text", strange}},
		{2, "--vocabulary goes with --new-tokens: otherwise the tokens are those of " + language, []string{"--from", language, "--text", text, "--vocabulary", "50"}},
		{2, "--new-tokens goes with --from", []string{"--text", text, "--new-tokens"}},
		{2, "--from and --vectors; want one of them", []string{"--from", language, "--text", text, "--vectors", "v.txt"}},
		{1, "Take the characters of the text with --new-tokens", []string{"--from", language, "--text", strange}},
		{2, `--freeze "rnn.gate" is the name of no weight; the model has embedding.weight, `, []string{"--from", class, "--table", table, "--freeze", "rnn.gate"}},
		{2, "want something left to train", []string{"--from", language, "--text", text, "--freeze", "*", "--seq", "5", "--batch", "3"}},
		{2, `--freeze "["; want the name of a weight`, []string{"--text", text, "--freeze", "["}},
		{1, "no such file", []string{"--table", table, "--vectors", filepath.Join(dir, "none")}},
		{2, "--vectors goes with words", []string{"--table", table, "--vectors", table, "--tokens", "bpe"}},
		{1, "no word vectors of GloVe, word2vec or fastText", []string{"--table", table, "--vectors", table}},
		{2, "--embed 9: the vectors of " + vectors + " have 2 numbers", []string{"--table", table, "--vectors", vectors, "--embed", "9"}},
		{2, "is a language model: say with --text", []string{"--from", language}},
		{2, "is a language model: say with --text", []string{"--from", language, "--table", table}},
		{2, "is a classifier of texts: say with --table", []string{"--from", class, "--text", text}},
		{2, "--resume and --from; want one of them", []string{"--from", language, "--resume", language}},
		{2, "--lr 0.5: --resume takes it from " + language + ", which has 0.004", []string{"--resume", language, "--lr", "0.5"}},
		{1, "unroll train --from " + imported, []string{"--resume", imported}},
		{1, "no such file", []string{"--from", filepath.Join(dir, "none"), "--text", text}},
		{1, "--from", []string{"--resume", language, "--text", strange, "--epochs", "2"}},
	} {
		status, stdout, errs := capture(t, context.Background(), append([]string{"train", "--out", out}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d; want %d and %q\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
		if exists(out) {
			t.Fatalf("%v: a failed run left a file", c.args)
		}
	}
	status, _, errs := capture(t, context.Background(), "plot", "--model", imported, "--out", filepath.Join(dir, "x.svg"))
	if status != 1 || !strings.Contains(errs, "no record of a training") {
		t.Errorf("status %d\n%s", status, errs)
	}
	// Words that a vocabulary lacks are counted.
	words := filepath.Join(dir, "words")
	must(t, small(text, words, "--tokens", "word", "--steps", "3")...)
	_, errs = must(t, "train", "--from", words, "--text", writeOther(t, strings.Repeat("the slow brown fox sleeps\n", 60)), "--out", out, "--seq", "4", "--batch", "2", "--sample", "0")
	if !strings.Contains(errs, "are not in the model's vocabulary, and are read as <unk>") {
		t.Errorf("%s", errs)
	}
}

// A text with other characters, and a wider network: what fits is kept, and the rest is said.
func TestFromOtherTokens(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, small(writeText(t, dir), at("first"))...)
	strange := writeOther(t, strings.Repeat("der schöne Fuß und der schöne Hut\n", 20))
	for name, c := range map[string]struct {
		more []string
		want []string
	}{
		"other":  {nil, []string{"Kept    8 of 11 weights", "Rows    11 of 15 of embedding.weight"}},
		"wider":  {[]string{"--hidden", "16"}, []string{"Rows    11 of 15 of embedding.weight", "Anew    gru.weight_ih_l0", "2 x GRU, hidden 16"}},
		"a cell": {[]string{"--cell", "lstm"}, []string{"Left    gru.weight_ih_l0", "2 x LSTM, hidden 12"}},
		"words":  {[]string{"--tokens", "word"}, []string{"of embedding.weight", "160 words"}},
	} {
		args := append([]string{"train", "--from", at("first"), "--text", strange, "--new-tokens", "--out", at(name), "--seq", "5", "--batch", "2"}, c.more...)
		_, errs := must(t, after(args)...)
		for _, want := range c.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: no %q in\n%s", name, want, errs)
			}
		}
		must(t, "train", "--resume", at(name), "--epochs", "2", "--steps", "3", "--sample", "0")
	}
}

// Weights that are frozen stay as they are, also after a run is resumed; word vectors are where they begin.
func TestFreezeAndVectors(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writeReviews(t, at("reviews.csv"))
	if err := os.WriteFile(at("v.txt"), []byte("film 1 2 3\nwonderful -3 4 .5\nThe 9 9 9\nthe 7 7 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs := must(t, quick(at("reviews.csv"), at("m"), "--vectors", at("v.txt"), "--freeze", "embedding,head.bias", "--epochs", "1", "--embed", "3")...)
	for _, want := range []string{"Vectors " + at("v.txt") + " (GloVe text, 3 numbers): ", "embedding 3,", "Freeze  ", " weights train"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s%s", want, errs, out)
		}
	}
	had := tensorsOf(t, at("m"))
	must(t, "train", "--resume", at("m"), "--epochs", "2")
	has := tensorsOf(t, at("m"))
	for name, frozen := range map[string]bool{"embedding.weight": true, "head.bias": true, "head.weight": false, "rnn.bias_hh_l0": false} {
		if slices.Equal(had[name].Value.Float32s(), has[name].Value.Float32s()) != frozen {
			t.Errorf("%s: frozen is %v, and it is otherwise", name, frozen)
		}
	}
	m, err := models.LoadClassifier(at("m"))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range models.Words(m) {
		if row := has["embedding.weight"].Value.Float32s()[3*i : 3*i+3]; w == "wonderful" && !slices.Equal(row, []float32{-3, 4, 0.5}) {
			t.Errorf("%v", row)
		}
	}
}
