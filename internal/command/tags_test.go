package command

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeNames writes sentences like those of docs/tagging.md: columns of words and of tags that mark names. Some are
// those of people and of places.
func writeNames(t *testing.T, path string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	one := func(words string) string {
		list := strings.Fields(words)
		return list[rng.IntN(len(list))]
	}
	var b strings.Builder
	for range 300 {
		line := func(word, tag string) { fmt.Fprintf(&b, "%s %s\n", word, tag) }
		line(one("Ann Bob Cleo Dan Eva Paris Sydney Jordan"), "B-PER")
		if rng.IntN(2) == 0 {
			line(one("Adams Brown Clarkson Dean York Orleans"), "I-PER")
		}
		line(one("lives works stays met"), "O")
		line(one("in near outside"), "O")
		if rng.IntN(3) == 0 {
			line("New", "B-LOC")
			line(one("York Orleans"), "I-LOC")
		} else {
			line(one("Paris Sydney Jordan Rome Hanoi"), "B-LOC")
		}
		b.WriteString(". O\n\n")
	}
	writeFile(t, path, b.String())
}

// The session of the document on tagging, see TestTranscript.
func TestTaggingTranscript(t *testing.T) {
	all := sessions(t, "tagging.md")
	if len(all) < 8 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeNames(t, "names.txt")
	play(t, all)
}

// smallTagger are the flags of a tagger that trains in a blink.
func smallTagger(data, out string, more ...string) []string {
	return append([]string{"train", "--tags", data, "--out", out, "--hidden", "12", "--embed", "8", "--char-embed", "6", "--char-hidden", "6",
		"--batch", "8", "--lr", "0.02", "--epochs", "4"}, more...)
}

func TestTags(t *testing.T) {
	ctx := context.Background()
	t.Chdir(t.TempDir())
	writeNames(t, "names.txt")
	command := func(want string, args ...string) string {
		t.Helper()
		status, out, errs := capture(t, ctx, args...)
		if status != 0 || !strings.Contains(out+errs, want) {
			t.Fatalf("%v: status %d, want %q:\n%s%s", args, status, want, out, errs)
		}
		return out
	}
	command("Scheme  iob2, converted to bioes (--file-scheme, --scheme)", smallTagger("names.txt", "a", "--scheme", "bioes")...)
	out := command("", smallTagger("names.txt", "b", "--scheme", "bioes")...)
	same(t, "a", "b")
	if line := lastOf(out); !strings.HasPrefix(line, "test_accuracy=") || !strings.Contains(line, " test_f1=") ||
		!strings.Contains(line, " words_per_s=") || !strings.Contains(out, "baseline_accuracy=") || !strings.Contains(out, " baseline_f1=") {
		t.Errorf("%q", out)
	}

	// What is judged and tagged.
	var judged taggerReport
	if err := json.Unmarshal([]byte(command("", "eval", "--model", "a", "--json")), &judged); err != nil {
		t.Fatal(err)
	}
	if judged.Sentences != 30 || judged.Accuracy < 0.9 || judged.Spans.Scheme != "bioes" || judged.Spans.Types["PER"].Support != 30 || judged.Tags["O"].F1 < 0.9 {
		t.Errorf("%+v %+v", judged, judged.Spans)
	}
	command("truth \\ predicted", "eval", "--model", "a", "--tags", "names.txt", "--confusion")
	stdin(t, "Ann Clarkson lives in Rome .\n\nBob met\n")
	if got := command("", "tag", "--model", "a"); got != "[Ann Clarkson]PER lives in [Rome]LOC .\n\n[Bob]PER met\n" {
		t.Errorf("%q", got)
	}
	stdin(t, "Ann Clarkson works\n")
	if got := command("", "tag", "--model", "a", "--conll", "--scheme", "iob1"); got != "Ann\tI-PER\nClarkson\tI-PER\nworks\tO\n\n" {
		t.Errorf("%q", got)
	}
	stdin(t, "Ann lives in New York\n")
	want := `{"tokens":["Ann","lives","in","New","York"],"tags":["S-PER","O","O","B-LOC","E-LOC"],"spans":[{"type":"PER","start":0,"end":1,"text":"Ann"},{"type":"LOC","start":3,"end":5,"text":"New York"}]}` + "\n"
	if got := command("", "predict", "--model", "a"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for name, c := range map[string]struct {
		text, want string
		args       []string
	}{
		"columns.conll": {"-DOCSTART- X\n\nAnn X\n\nBob Y\n", "-DOCSTART- X\n\nAnn X S-PER\n\nBob Y S-PER\n", nil},
		"replaced.tsv":  {"Ann\tX\tz\r\n", "Ann\tS-PER\tz\n", []string{"--tag-column", "2"}},
		"alone.conll":   {"Ann\nlives\n", "Ann S-PER\nlives O\n", nil},
		"tree.conllu": {"# text = Ann\n1-2\tAnns\t_\t_\t_\t_\t_\t_\t_\t_\n1\tAnn\t_\tX\t_\t_\t0\troot\t_\t_\n2\tlives\t_\t_\t_\t_\t1\tdep\t_\t_\n\n",
			"# text = Ann\n1-2\tAnns\t_\t_\t_\t_\t_\t_\t_\t_\n1\tAnn\t_\tX\tS-PER\t_\t0\troot\t_\t_\n2\tlives\t_\t_\tO\t_\t1\tdep\t_\t_\n\n",
			[]string{"--tag-column", "xpos"}},
		"lines.jsonl": {`{"tokens":["Ann","<3"]}` + "\n", `{"tokens":["Ann","<3"],"tags":["S-PER","O"],"spans":[{"type":"PER","start":0,"end":1,"text":"Ann"}]}` + "\n", nil},
	} {
		writeFile(t, name, c.text)
		if got := command("", append([]string{"tag", "--model", "a", name}, c.args...)...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}

	// What is done with the file.
	command("marked by the scheme bioes", "inspect", "a")
	command("Saved c.svg", "plot", "--model", "a", "--confusion", "--out", "c.svg")
	command("Saved a.onnx", "export", "--model", "a", "--out", "a.onnx")
	command("Saved back", "import", "a.onnx", "--model", "a", "--out", "back")
	command("accuracy", "eval", "--model", "a", "--weights", "int8")
	command("Kept    ", "train", "--from", "a", "--tags", "names.txt", "--epochs", "1", "--out", "other")
	command("Resume  b at step", "train", "--resume", "b", "--epochs", "5")

	// A file says by itself what it is, with a byte order mark and lines of Windows.
	data, err := os.ReadFile("names.txt")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "windows.txt", "\ufeff"+strings.ReplaceAll(string(data), "\n", "\r\n"))
	command("Task    tagger of words, as its lines are words in 2 columns", append([]string{"train", "windows.txt"}, smallTagger("", "w", "--epochs", "1")[3:]...)...)
}

// lastOf is the last line of an output.
func lastOf(out string) string {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	return lines[len(lines)-1]
}

// A training that was interrupted and resumed has the file of one that was not.
func TestTagsResume(t *testing.T) {
	t.Chdir(t.TempDir())
	writeNames(t, "names.txt")
	status, _, errs := capture(t, context.Background(), smallTagger("names.txt", "whole", "--save-every", "0")...)
	if status != 0 {
		t.Fatal(errs)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if status, _, _ := capture(t, ctx, smallTagger("names.txt", "part", "--save-every", "0")...); status == 0 {
		t.Fatal("it was not interrupted")
	}
	if status, _, errs := capture(t, context.Background(), "train", "--resume", "part", "--save-every", "0"); status != 0 {
		t.Fatal(errs)
	}
	same(t, "whole", "part")
}

// What a new user gets wrong first is said in plain words, with what to do.
func TestTagsMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	writeNames(t, "names.txt")
	if status, _, errs := capture(t, context.Background(), smallTagger("names.txt", "m.safetensors", "--epochs", "1")...); status != 0 {
		t.Fatal(errs)
	}
	if status, _, errs := capture(t, context.Background(), small(writeText(t, "."), "text.safetensors", "--epochs", "1")...); status != 0 {
		t.Fatal(errs)
	}
	for name, text := range map[string]string{
		"empty.txt": "", "gaps.txt": "\n\n", "plain.txt": "one\ntwo\n\nthree\n", "ragged.txt": "a X\nb\n", "binary.txt": "\x00\xff\x01", "latin.txt": "caf\xe9 O\n",
		"one.txt": strings.Repeat("a O\nb O\n\n", 20), "few.txt": "a X\nb Y\n", "odd.jsonl": `{"tokens": ["a"], "tags": []}`,
		"none.jsonl": `{"text": "a b"}`, "gap.tsv": "a\tX\nb\t\n", "tree.conllu": "1\ta\t_\tX\t_\t_\t0\troot\t_\t_\n",
		"table.csv": "text,label\na,b\n",
	} {
		writeFile(t, name, text)
	}
	many := ""
	for i := range 90 {
		many += fmt.Sprintf("w%d t%d\n\n", i, i)
	}
	writeFile(t, "many.txt", many)
	pos := func(tag func(i int) string) string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "w%d %s\nrun V\n\n", i%5, tag(i))
		}
		return b.String()
	}
	writeFile(t, "pos.txt", pos(func(i int) string { return []string{"N", "A"}[i%2] }))
	training := func(args ...string) []string {
		return append([]string{"train", "--out", "out.safetensors", "--hidden", "4", "--embed", "4"}, args...)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "nofile.txt: no such file or directory", training("--tags", "nofile.txt")},
		{1, "empty.txt is empty", training("empty.txt")},
		{1, "empty.txt has no tagged words: want CoNLL-U, columns with blanks or tabs between, or JSONL", training("--tags", "empty.txt")},
		{1, "gaps.txt has no tagged words", training("--tags", "gaps.txt")},
		{1, "plain.txt has one column; want words and tags, with a blank or a tab between", training("--tags", "plain.txt")},
		{1, "ragged.txt, line 2: 1 columns; want 2 as in the first line", training("--tags", "ragged.txt")},
		{1, "binary.txt, line 1: not UTF-8", training("--tags", "binary.txt")},
		{1, "latin.txt, line 1: not UTF-8: byte 0xe9 at offset 3 of the line; is the file in another encoding?", training("--tags", "latin.txt")},
		{1, "one.txt: all words have one tag, O, in column 2; want two at least (--tag-column)", training("--tags", "one.txt")},
		{1, "many.txt: 81 different tags of 73 words in column 2; is it the right one? (--tag-column)", training("--tags", "many.txt")},
		{1, "few.txt: 1 sentence to train on and to stop by is too little (--valid, --test-part)", training("--tags", "few.txt")},
		{1, `odd.jsonl, line 1: 1 words in "tokens", 0 tags in "tags"`, training("--tags", "odd.jsonl")},
		{1, "none.jsonl, line 1: no field tokens, words for the words; there are text", training("--tags", "none.jsonl")},
		{1, `gap.tsv, line 2: the word "b" has no tag in column 2`, training("--tags", "gap.tsv")},
		{1, "m.safetensors is a model; want tagged words (--tags)", training("--tags", "m.safetensors")},
		{1, ". is a folder; want a file", training("--tags", ".")},
		{1, `number from 1 to 2, or last, found "9" (with --tag-column 9)`, training("--tags", "names.txt", "--tag-column", "9")},
		{1, `number from 1 to 2, or last, found "upos"`, training("--tags", "names.txt", "--tag-column", "upos")},
		{1, `column "lemma" of CoNLL-U; want upos, xpos or feats (with --tag-column lemma)`, training("--tags", "tree.conllu", "--tag-column", "lemma")},
		{1, "words and tags are both column 1", training("--tags", "names.txt", "--tag-column", "1")},
		{2, `--tag-format "csv"; want conllu, conll, tsv or jsonl`, training("--tags", "names.txt", "--tag-format", "csv")},
		{2, `--scheme "iob"; want none, iob1, iob2, bioes or bilou`, training("--tags", "names.txt", "--scheme", "iob")},
		{2, `--file-scheme "x"; want none, iob1`, training("--tags", "names.txt", "--file-scheme", "x")},
		{1, "its tags are of the scheme none, and those of the model of the scheme iob2 (--file-scheme, --scheme)", training("--tags", "pos.txt", "--scheme", "iob2")},
		{2, `--characters "yes"; want recurrent, conv or none`, training("--tags", "names.txt", "--characters", "yes")},
		{2, "--char-hidden 0; want at least 1", training("--tags", "names.txt", "--char-hidden", "0")},
		{2, `invalid argument "maybe" for "--crf" flag: "maybe"; want true or false`, training("--tags", "names.txt", "--crf=maybe")},
		{2, `--pool "max"; want none: a tagger predicts at every word`, training("--tags", "names.txt", "--pool", "max")},
		{2, "--seq 5; want none: a tagger reads whole sentences", training("--tags", "names.txt", "--seq", "5")},
		{2, "--test-part 0.9; want 0 to 0.5", training("--tags", "names.txt", "--test-part", "0.9")},
		{2, "--tags; want one of them", training("--tags", "names.txt", "--table", "table.csv")},
		{2, "--text-column goes with --table, and not with a tagger of words", training("--tags", "names.txt", "--text-column", "text")},
		{2, "--crf goes with --tags", training("--table", "table.csv", "--crf=false")},
		{1, "nofile: no such file", training("--tags", "names.txt", "--test", "nofile")},
		{1, "plain.txt has one column", training("--tags", "names.txt", "--valid", "plain.txt")},
		{1, "--out m.safetensors exists", []string{"train", "--tags", "names.txt", "--out", "m.safetensors"}},
		{2, "is a tagger of words: say with --tags what to train it on", training("--from", "m.safetensors")},
		{2, "m.safetensors is a tagger of words: want --tags", []string{"eval", "--model", "m.safetensors", "--table", "table.csv"}},
		{1, "plain.txt has one column", []string{"eval", "--model", "m.safetensors", "--tags", "plain.txt"}},
		{1, "its tags are of the scheme none, and those of the model of the scheme iob2", []string{"eval", "--model", "m.safetensors", "--tags", "pos.txt"}},
		{2, "--tag-format, --tag-column, --word-column and --file-scheme go with --tags", []string{"eval", "--model", "m.safetensors", "--tag-column", "2"}},
		{1, "nofile: no such file or directory", []string{"tag", "--model", "m.safetensors", "nofile"}},
		{1, "latin.txt, line 1: not UTF-8", []string{"tag", "--model", "m.safetensors", "latin.txt"}},
		{2, "found 2 files; want one at most", []string{"tag", "--model", "m.safetensors", "a", "b"}},
		{2, `--tag-format "csv"; want text, conllu, conll, tsv or jsonl`, []string{"tag", "--model", "m.safetensors", "plain.txt", "--tag-format", "csv"}},
		{2, "plain.txt is taken for text (--tag-format)", []string{"tag", "--model", "m.safetensors", "plain.txt", "--tag-column", "2"}},
		{2, "--tag-column 2: plain.txt has one column", []string{"tag", "--model", "m.safetensors", "plain.txt", "--tag-format", "conll", "--tag-column", "2"}},
		{2, "--json and --conll; want one of them", []string{"tag", "--model", "m.safetensors", "--json", "--conll"}},
		{2, "--scheme none: the tags of the model are of the scheme iob2", []string{"tag", "--model", "m.safetensors", "--scheme", "none"}},
		{1, "text.safetensors is a language model; want a tagger of words", []string{"tag", "--model", "text.safetensors"}},
		{1, "m.safetensors is a tagger of words; want a language model", []string{"generate", "--model", "m.safetensors"}},
		{1, "Keras has no layer that reads the characters of words; Keras has no layer like a CRF; .safetensors takes all weights", []string{"export", "--model", "m.safetensors", "--out", "m.weights.h5"}},
		{1, "names.txt, which this command reads", []string{"train", "--tags", "names.txt", "--out", "names.txt", "--force"}},
	} {
		status, stdout, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, want %d with %q:\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
		if exists(filepath.Join(".", "out.safetensors")) {
			t.Fatalf("%v: a failed run left a file", c.args)
		}
	}
}
