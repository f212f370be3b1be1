package command

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// numbersFile is a file of pairs in a folder of its own.
func numbersFile(t *testing.T) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "numbers.tsv")
	writeNumbers(t, path)
	return dir, path
}

// little is a training of a translator with little work.
func little(pairs, out string, more ...string) []string {
	return append([]string{"train", "--pairs", pairs, "--out", out, "--tokens", "word", "--hidden", "8", "--embed", "8",
		"--batch", "32", "--steps", "6"}, more...)
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// How pairs stand in a file is found out, or said; and so are the tokens.
func TestPairsAreRead(t *testing.T) {
	dir := t.TempDir()
	rows := [][2]string{{"Run!", "Chạy!"}, {"Hello!", "Chào bạn."}, {"a, b", "c; d"}}
	table := func(name, head, between, end string, more string) string {
		text := head
		for _, r := range rows {
			text += r[0] + between + r[1] + more + end
		}
		return writeFile(t, filepath.Join(dir, name), text)
	}
	jsonl := func(name, source, target string) string {
		text := ""
		for _, r := range rows {
			line, err := json.Marshal(map[string]string{source: r[0], target: r[1]})
			if err != nil {
				t.Fatal(err)
			}
			text += string(line) + "\n"
		}
		return writeFile(t, filepath.Join(dir, name), text)
	}
	for name, s := range map[string]pairSource{
		"tabs":              {PairFiles: models.PairFiles{Pairs: table("a.txt", "", "\t", "\n", "")}},
		"CRLF, a mark":      {PairFiles: models.PairFiles{Pairs: table("b.tsv", "\ufeff", "\t", "\r\n", "")}},
		"a third column":    {PairFiles: models.PairFiles{Pairs: table("c", "", "\t", "\n", "\tCC-BY")}},
		"names":             {PairFiles: models.PairFiles{Pairs: table("d.tsv", "source\ttarget\n", "\t", "\n", "")}},
		"columns":           {PairFiles: models.PairFiles{Pairs: table("e.tsv", "vi\ten\n", "\t", "\n", ""), SourceColumn: "vi", TargetColumn: "en"}},
		"CSV":               {PairFiles: models.PairFiles{Pairs: table("f.csv", "from,to\n", "\",\"", "\"\n\"", "")}},
		"said to be header": {PairFiles: models.PairFiles{Pairs: table("g.txt", "hello\tworld\n", "\t", "\n", "")}, format: tableFormat{Header: "yes"}},
		"bars":              {PairFiles: models.PairFiles{Pairs: table("h.txt", "", "|", "\n", "")}, format: tableFormat{Delimiter: "pipe"}},
		"JSONL":             {PairFiles: models.PairFiles{Pairs: jsonl("i.jsonl", "source", "translation")}},
		"JSONL, columns":    {PairFiles: models.PairFiles{Pairs: jsonl("j.jsonl", "x", "a"), SourceColumn: "x", TargetColumn: "a"}},
		"swapped":           {PairFiles: models.PairFiles{Pairs: jsonl("k.jsonl", "target", "source"), Swap: true}},
	} {
		if name == "CSV" { // whose fields have quotation marks around them
			data, err := os.ReadFile(s.Pairs)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.TrimSuffix(strings.Replace(string(data), "to\n", "to\n\"", 1), "\"")
			writeFile(t, s.Pairs, text)
		}
		got, err := s.read()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, r := range rows {
			if got.Len() != len(rows) || got.Sources[i] != r[0] || got.Targets[i] != r[1] {
				t.Errorf("%s: %q and %q, %s", name, got.Sources, got.Targets, got.how)
				break
			}
		}
	}
}

func TestTokensAreGuessed(t *testing.T) {
	words := models.Pairs{}
	for range 30 {
		words.Sources = append(words.Sources, "CAT", "CITY")
		words.Targets = append(words.Targets, "K AE T", "S IH T IY")
	}
	if source, target, why := guessTokens(words); source != "character" || target != "symbol" || why != "the sources are single words, the targets of 6 symbols" {
		t.Error(source, target, why)
	}
	if source, _, _ := guessTokens(words.Swapped()); source != "word" {
		t.Error("sentences were taken for words")
	}
	few := models.Pairs{Sources: []string{"Run!"}, Targets: []string{"Chạy đi nào!"}}
	if source, target, why := guessTokens(few); source != "word" || target != "" || why != "there are few pairs" {
		t.Error("one sentence was taken for symbols")
	}
	many := models.Pairs{Sources: slices.Repeat([]string{"Run away!"}, manyPairs), Targets: slices.Repeat([]string{"Chạy đi nào!"}, manyPairs)}
	if source, _, _ := guessTokens(many); source != "" {
		t.Error("many sentences have words")
	}
}

// A file is taken for pairs by its lines, not by its name; one with labels is none.
func TestPairsAreGuessed(t *testing.T) {
	dir, numbers := numbersFile(t)
	for path, want := range map[string]string{
		numbers: "pairs",
		writeFile(t, filepath.Join(dir, "a.txt"), "Run!\tChạy!\nHello!\tChào bạn.\n"):                                            "pairs",
		writeFile(t, filepath.Join(dir, "b.txt"), "Run!\tChạy!\nHello!\n"):                                                       "text",
		writeFile(t, filepath.Join(dir, "c.tsv"), strings.Repeat("so\tgood\nno\tbad\n", 10)):                                     "table",
		writeFile(t, filepath.Join(dir, "d.csv"), "text,label\na b,c\n"):                                                         "table",
		writeFile(t, filepath.Join(dir, "e.tsv"), "good\tsuch a film\ngood\tso-so\nbad\tnot so\n"+strings.Repeat("bad\tx\n", 9)): "table",
	} {
		task, why, err := guess(tasks(), path)
		if err != nil || task.data() != want {
			t.Errorf("%s: %v, %s, %v; want --%s", path, task, why, err, want)
		}
	}
}

// Whoever tries for the first time is told what to do.
func TestMistakesWithPairs(t *testing.T) {
	dir, numbers := numbersFile(t)
	model, class := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "c.safetensors")
	reviews := filepath.Join(dir, "reviews.csv")
	writeReviews(t, reviews)
	must(t, little(numbers, model, "--steps", "40", "--lr", "0.02", "--dropout", "0")...)
	must(t, little(numbers, filepath.Join(dir, "blind.safetensors"), "--attention", "none")...)
	must(t, quick(reviews, class, "--epochs", "1", "--tokens", "word")...)
	out := filepath.Join(dir, "out")
	file := func(name, text string) string { return writeFile(t, filepath.Join(dir, name), text) }
	lines := func(n int) string { return strings.Repeat("a\n", n) }
	train := func(path string, more ...string) []string { return little(path, out+".safetensors", more...) }
	translate := func(more ...string) []string { return append([]string{"translate", "--model", model}, more...) }
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "none.tsv: no such file", train(filepath.Join(dir, "none.tsv"))},
		{1, "is empty", train(file("empty.tsv", ""))},
		{1, "one column only", train(file("one.txt", "Run!\nHello!\n"))},
		{1, "want a source, a tab and its target a line", train(file("one2.txt", "Run!\nHello!\n"))},
		{1, "line 2: its target is empty", train(file("gap.txt", "a\tb\nc\t\n"))},
		{1, "line 2: its source is empty", train(file("gap2.txt", "a\tb\n \td\n"))},
		{1, "line 2", train(file("ragged.txt", "a\tb\nc\n"))},
		{1, "binary", train(file("binary", "\x00\xff\xfe\t\x01\n"))},
		{1, "are too few to train on, to stop by and to test", train(file("few.txt", "a\tb\n"))},
		{1, `has no column "english" (--source-column); it has 0, 1; the first row was taken for data (--header yes`, train(numbers, "--source-column", "english")},
		{2, `both to be in column "1"`, train(numbers, "--source-column", "1", "--target-column", "1")},
		{1, "a.vi ends after 2 lines, and", train(file("a.en", lines(3)), "--pairs-target", file("a.vi", lines(2)))},
		{1, "none.vi", train(file("b.en", lines(3)), "--pairs-target", filepath.Join(dir, "none.vi"))},
		{2, "--header goes with a table of pairs, and not with --pairs-target", train(numbers, "--pairs-target", numbers, "--header", "yes")},
		{2, "--table and --pairs; want one of them", train(numbers, "--table", reviews)},
		{2, "--text-column goes with --table, and not with a translator", train(numbers, "--text-column", "a")},
		{2, "--swap goes with --pairs", quick(reviews, out, "--swap")},
		{1, "say with --source-column and --target-column", train(file("x.jsonl", `{"a":"b","c":"d"}`+"\n"))},
		{1, "has one field only", train(file("y.jsonl", `{"a":"b"}`+"\n"))},
		{2, "--hidden 7; want an even number", train(numbers, "--hidden", "7")},
		{2, "--tied true, with Embed 8 and Hidden 6; want them equal", train(numbers, "--tied", "--hidden", "6")},
		{2, `--tokens "syllable"; want`, train(numbers, "--tokens", "syllable")},
		{2, `--target-tokens "syllable"; want`, train(numbers, "--target-tokens", "syllable")},
		{2, `--attention "full"; want general`, train(numbers, "--attention", "full")},
		{2, "--smoothing 1; want", train(numbers, "--smoothing", "1")},
		{2, "--test-part 0.9; want", train(numbers, "--test-part", "0.9")},
		{2, `--pool "max"; want none: a translator looks at every step`, []string{"train", "--pairs", numbers, "--pool", "max", "--out", out}},
		{1, "give a larger --seq", train(numbers, "--seq", "1")},
		{2, "is a classifier of texts: say with --table", train(numbers, "--from", class)},
		{2, "is a translator: want --pairs", []string{"eval", "--model", model, "--table", reviews}},
		{2, "go with --pairs", []string{"eval", "--model", model, "--source-column", "1"}},
		{1, "is a classifier of texts; want a translator", []string{"translate", "--model", class}},
		{1, "is a translator; want a language model", []string{"generate", "--model", model}},
		{1, "none.safetensors", []string{"translate", "--model", filepath.Join(dir, "none.safetensors")}},
		{1, "none.txt: no such file", translate(filepath.Join(dir, "none.txt"))},
		{2, "found 2 files; want one at most", translate("a", "b")},
		{2, "--beam 0; want 1 to 1000", translate("--beam", "0")},
		{2, "--n-best 6 of a --beam of 5", translate("--n-best", "6")},
		{2, "--length-penalty NaN", translate("--length-penalty", "NaN")},
		{2, "--max-tokens -1", translate("--max-tokens", "-1")},
		{2, "--attention x.gif; want a name that ends in .svg or .png, or -", translate("--attention", "x.gif")},
		{2, "--attention - and --json", translate("--attention", "-", "--json")},
		{2, "has no attention to draw", []string{"translate", "--model", filepath.Join(dir, "blind.safetensors"), "--attention", "-"}},
		{1, "exists; choose another name", translate("--attention", file("there.svg", "x"))},
		{1, "bad.txt", translate(file("bad.txt", "a\n\xff\xfa\n"))},
		{1, "Keras has no layer like an encoder-decoder", []string{"export", "--model", model, "--out", out + ".weights.h5"}},
		{1, "taken.decoder.onnx exists", []string{"export", "--model", model, "--out", strings.TrimSuffix(file("taken.decoder.onnx", "x"), ".decoder.onnx") + ".onnx"}},
		{1, "none.encoder.onnx", []string{"import", filepath.Join(dir, "none.onnx"), "--model", model, "--out", out}},
		{2, "--confusion wants a classifier", []string{"plot", "--model", model, "--confusion", "--out", out + ".svg"}},
		{2, "digits is neither a series nor texts with labels nor pairs", []string{"data", "export", "digits"}},
	} {
		stdin(t, "one hundred\n")
		status, stdout, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(strings.Join(strings.Fields(errs), " "), c.want) {
			t.Errorf("unroll %s: status %d; want %d and %s\n%s%s", strings.Join(c.args, " "), status, c.status, c.want, stdout, errs)
		}
		for _, left := range []string{out, out + ".safetensors", out + ".svg", out + ".weights.h5"} {
			if _, err := os.Stat(left); err == nil {
				t.Errorf("unroll %s left %s", strings.Join(c.args, " "), left)
				os.Remove(left)
			}
		}
	}
}

// What was read of two texts, of parts with files of their own and in the other direction is remembered: eval judges by the
// same pairs, and resume goes on with them.
func TestTranslatorRemembersItsPairs(t *testing.T) {
	dir, numbers := numbersFile(t)
	t.Chdir(dir)
	data, err := os.ReadFile(numbers)
	if err != nil {
		t.Fatal(err)
	}
	var en, vi strings.Builder
	for line := range strings.Lines(string(data)) {
		a, b, _ := strings.Cut(line, "\t")
		en.WriteString(a + "\n")
		vi.WriteString(b)
	}
	sources, targets := writeFile(t, "n.en", en.String()), writeFile(t, "n.vi", vi.String())
	test := writeFile(t, filepath.Join(dir, "test.tsv"), "one\tmột\nforty one\tbốn mươi mốt\n")
	model := filepath.Join(dir, "m.safetensors")
	last, log := must(t, little(sources, model, "--pairs-target", targets, "--test", test, "--swap")...)
	for _, want := range []string{"swapped", "2 to test, of 2 sources", "nearest sentence"} {
		if !strings.Contains(strings.Join(strings.Fields(log), " "), want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	if !strings.HasPrefix(last, "test_bleu=") || !strings.Contains(last, " baseline=") || !strings.Contains(last, " val_loss=") {
		t.Error(last)
	}
	report, _ := must(t, "eval", "--model", model, "--json")
	var judged translations
	if err := json.Unmarshal([]byte(report), &judged); err != nil || judged.Sources != 2 || judged.Baseline == nil {
		t.Errorf("%v\n%s", err, report)
	}
	if report, _ = must(t, "eval", "--model", model, "--pairs", test, "--json"); !strings.Contains(report, `"sources": 2`) {
		t.Error(report)
	}
	must(t, "train", "--resume", model, "--steps", "8")
	about, _ := must(t, "inspect", model)
	for _, want := range []string{"n.en and ", "swapped", "trained     8 steps"} {
		if !strings.Contains(about, want) {
			t.Errorf("no %q in\n%s", want, about)
		}
	}
	writeFile(t, targets, vi.String()+"một\n")
	writeFile(t, sources, en.String()+"one\n")
	for _, args := range [][]string{{"eval", "--model", model}, {"train", "--resume", model, "--steps", "9"}} {
		if status, _, errs := capture(t, context.Background(), args...); status != 1 || !strings.Contains(errs, "has changed since") {
			t.Errorf("%v: %s", args, errs)
		}
	}
}

// A translator is trained on from another's weights, with its tokens.
func TestTranslatorsBeginFromOthers(t *testing.T) {
	dir, numbers := numbersFile(t)
	first, second := filepath.Join(dir, "1.safetensors"), filepath.Join(dir, "2.safetensors")
	must(t, little(numbers, first, "--lower")...)
	must(t, "train", "--from", first, "--pairs", numbers, "--steps", "3", "--out", second, "--batch", "16")
	m, err := models.LoadTranslator(second)
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Config(); !c.Translate.Lower || c.Batch != 16 || c.Hidden != 8 || c.Origin.From != first {
		t.Errorf("%+v", c)
	}
}

// Lines are translated as plain text, with several choices, as JSON, and drawn.
func TestTranslateCommand(t *testing.T) {
	dir, numbers := numbersFile(t)
	model := filepath.Join(dir, "m.safetensors")
	must(t, little(numbers, model, "--steps", "40", "--lr", "0.02", "--dropout", "0")...)
	translate := func(text string, more ...string) string {
		stdin(t, text)
		out, _ := must(t, append([]string{"translate", "--model", model}, more...)...)
		return out
	}
	if out := translate("one\n\ntwo hundred\n"); strings.Count(out, "\n") != 3 || !strings.Contains(out, "\n\n") {
		t.Errorf("%q; want a line for each", out)
	}
	if out := translate("one\n", "--n-best", "2"); strings.Count(out, "\n") != 2 || !strings.HasPrefix(out, "1\t-") || !strings.Contains(out, "\n2\t-") {
		t.Errorf("%q", out)
	}
	for _, args := range [][]string{{"translate", "--json", "--n-best", "3"}, {"predict", "--n-best", "3"}} {
		stdin(t, "one\nnine hundred\n")
		out, _ := must(t, append(args, "--model", model)...)
		var line record.Translated
		for text := range strings.Lines(out) {
			if err := json.Unmarshal([]byte(text), &line); err != nil || line.Text == "" || len(line.Others) != 2 || line.Score < line.Others[0].Score {
				t.Errorf("%v: %v\n%s", args, err, text)
			}
		}
		if line.Text != "nine hundred" {
			t.Errorf("%v: %s", args, out)
		}
	}
	picture := filepath.Join(dir, "a.svg")
	translate("nine hundred and one\n", "--attention", picture, "--max-tokens", "4")
	if info, err := os.Stat(picture); err != nil || info.Size() < 1000 {
		t.Error(err)
	}
}

func TestDataExport(t *testing.T) {
	out, _ := must(t, "data", "export", "cmudict")
	if n := strings.Count(out, "\n"); n != 133784 || !strings.Contains(out, "\nAARDVARK\tAA1 R D V AA2 R K\n") {
		t.Errorf("%d lines", n)
	}
}
