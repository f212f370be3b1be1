package command

import (
	"strings"
	"testing"
)

// Mistakes of a new user are answered with what to do, in words of the command.
func TestMistakesOfANewUser(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	_, model := trained(t, dir)
	write := func(name, contents string) string { return tableOf(t, name, contents) }
	short, rows := write("short.txt", "ab"), write("rows.csv", "text,label\n"+strings.Repeat("a,x\nb,y\n", 20))
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--batch 50: so many pieces side by side, of 50 steps each, take 2501 tokens, and the text has 1", []string{"train", short}},
		{"1 tokens; want more", []string{"train", write("one.txt", "a")}},
		{"is a folder; want a file", []string{"train", dir}},
		{"--sample goes with --text, and not with a classifier of texts", []string{"train", rows, "--sample", "3"}},
		{"training goes on from a classifier of texts, which wants --table", []string{"train", "--resume", model, "--text", short}},
		{"is a classifier of texts: say with --table what to train it on", []string{"train", "--from", model}},
		{"is not a usable safetensors file", []string{"train", "--resume", rows}},
		{"--temperature -1; want 0 or more", []string{"generate", "--temperature", "-1"}},
		{"open nothing: no such file", []string{"eval", "--model", "nothing"}},
		{"open nothing.csv: no such file", []string{"train", "nothing.csv"}},
		{"--seed \"-1\"; want a whole number, 0 or more", []string{"train", rows, "--seed", "-1"}},
		{"--hidden \"1e3\"; want a whole number", []string{"train", rows, "--hidden", "1e3"}},
		{"--lr \"0,01\"; want a number", []string{"train", rows, "--lr", "0,01"}},
		{"--one-way \"maybe\"; want true or false", []string{"train", rows, "--one-way=maybe"}},
		{"is not UTF-8", []string{"train", write("latin.txt", "caf\xe9 au lait")}},
		{"is the file in another encoding? (--encoding windows-1252, say)", []string{"train", write("latin.csv", "text,label\ncaf\xe9,a\nb,c\n")}},
		{"has no column \"stars\" (--label-column)", []string{"train", rows, "--label-column", "stars"}},
		{"is another character between? (--delimiter)", []string{"train", rows, "--delimiter", "semicolon"}},
		{"want a table, a file that ends in .csv, .tsv or .jsonl", []string{"train", "--table", short}},
		{"no label in column", []string{"train", write("gap.csv", "text,label\na,x\nb,\nc,y\n")}},
		{"want a name that ends in .png or .svg", []string{"plot", "--model", model, "--out", "x.gif"}},
		{"want a name that ends in .onnx, .keras, .weights.h5, .safetensors or .pt", []string{"export", "--model", model, "--out", "x.pth"}},
		{"want one of them", []string{"train", rows, "--text", short}},
		{"the model knows", []string{"eval", "--model", model, "--table", write("other.csv", "review,sentiment\na,zz\nb,yy\n")}},
	} {
		status, _, errs := capture(t, t.Context(), c.args...)
		message := errs[strings.LastIndex(errs, "unroll: ")+1:]
		if status == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, %s; want %s", c.args, status, errs, c.want)
		}
		for _, word := range []string{"models:", "datasets:", "Config", "graph:", "panic"} {
			if strings.Contains(message, word) {
				t.Errorf("%v: %s", c.args, message)
			}
		}
	}
}
