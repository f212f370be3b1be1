package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file without a flag is taken for what it looks like, which is said.
func TestGuess(t *testing.T) {
	for _, c := range []struct{ name, contents, want string }{
		{"a.txt", "to be or not to be\n", "text"},
		{"a.md", "# To be\n", "text"},
		{"a.csv", "text,label\na,b\n", "table"},
		{"A.CSV", "\xef\xbb\xbftext,label\r\na,b\r\n", "table"},
		{"a.tsv", "text\tlabel\na\tb\n", "table"},
		{"a.jsonl", `{"text":"a","label":"b"}`, "table"},
		{"a.tsv", "path\ttext\na.wav\tyes\nb.flac\tno\n", "speech"},
		{"a.jsonl", "{\"audio\": \"a.wav\", \"text\": \"yes\"}\n", "speech"},
		{"readme", "to be or not to be\n", "text"},
		{"a.txt", "\xff\xfet\x00o\x00", "text"},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		got, why, err := guess(tasks(), path)
		if err != nil || got.data() != c.want || why == "" {
			t.Errorf("%s: %v, %q, %v; want %s", c.name, got, why, err, c.want)
		}
	}
}

// Of a file that cannot be any data, the message says what it is.
func TestGuessRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, contents, want string }{
		{"none.txt", "", "none.txt is empty"},
		{"image.png", "\x89PNG\r\n\x1a\n\x00\x00", "is no text"},
		{"m.safetensors", "x", "--from"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		status, _, errs := capture(t, t.Context(), "train", path)
		if status == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, %s", c.name, status, errs)
		}
	}
	if _, _, err := guess(tasks(), dir); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Error(err)
	}
}

// An argument of train stands for the flag of its task: new, resumed and begun from.
func TestTrainAFile(t *testing.T) {
	dir := t.TempDir()
	text, out := writeText(t, dir), filepath.Join(dir, "m.safetensors")
	args := small(text, out, "--steps", "2")
	at := func(flag string) int {
		for i, a := range args {
			if a == flag {
				return i
			}
		}
		t.Fatal(flag)
		return 0
	}
	i := at("--text")
	args = append(append(args[:i:i], args[i+2:]...), text)
	if _, errs := must(t, args...); !strings.Contains(errs, "Task    language model, as its name ends in .txt") {
		t.Error(errs)
	}
	if _, errs := must(t, "train", "--resume", out, text, "--steps", "3", "--sample", "0"); strings.Contains(errs, "Task") {
		t.Error(errs)
	}
	must(t, "train", "--from", out, text, "--steps", "1", "--sample", "0", "--seq", "8", "--batch", "4", "--out", out+"2")
	status, _, errs := capture(t, t.Context(), "train", text, "--text", text)
	if status != 2 || !strings.Contains(errs, "want one of them") {
		t.Errorf("%d %s", status, errs)
	}
}
