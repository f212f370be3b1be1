package command

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// split are the words of a command line, by a shell.
func split(t *testing.T, line string) []string {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(sh, "-c", `for word in `+line+`; do printf '%s\0' "$word"; done`).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestForShell(t *testing.T) {
	for _, word := range []string{"", "plain-1.safetensors", "/a/b_c,d:e+f@g%h", "two words", "it's", `a"b`, "$HOME", "~", "a\nb", "*", "é", "a;b&c|d", `back\slash`, "!x", "#"} {
		if got := split(t, forShell(word)); !slices.Equal(got, []string{word}) {
			t.Errorf("%q is written %s, which is %q", word, forShell(word), got)
		}
	}
	if got := forShell("models/m-2.safetensors"); got != "models/m-2.safetensors" {
		t.Errorf("%s is quoted without need", got)
	}
}

// Names that begin as flags do are files where a command takes files, too.
func TestArgument(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"-m.npz", "--out", "-", "a b.npz"} {
		writeFile(t, name, "here")
		words := split(t, argument(name))
		if len(words) != 1 || strings.HasPrefix(words[0], "-") || read(t, words[0]) != "here" {
			t.Errorf("%q is written %q", name, words)
		}
	}
}

// suggested are the commands that a run prints, indented.
func suggested(t *testing.T, name, errs string) (lines []string) {
	t.Helper()
	for line := range strings.Lines(errs) {
		if line = strings.TrimRight(line, "\n"); strings.HasPrefix(line, "  "+name+" ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// The commands that a training prints at its end run as they are printed, also where names of files have blanks and quotes.
func TestSuggestedCommandsRun(t *testing.T) {
	t.Chdir(t.TempDir())
	writeReviews(t, "all reviews.csv")
	writeNames(t, "names.txt")
	writeSales(t, "sales.csv", 2, 80)
	writeWindows(t, "windows.csv", 40)
	writeWhistles(t)
	writeFile(t, "pairs.tsv", strings.Repeat("one two\tun deux\ntwo\tdeux\none\tun\ntwo one\tdeux un\n", 20))
	if err := os.Rename("call.wav", "FILE.wav"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("it's mine", 0o700); err != nil {
		t.Fatal(err)
	}
	out := func(name string) string { return filepath.Join("it's mine", name) }
	for name, c := range map[string]struct {
		args  []string
		want  int    // commands
		input string // a file for those that read the standard input
	}{
		"text":      {small(writeText(t, "."), out("text"), "--steps", "6"), 2, "text.txt"},
		"table":     {quick("all reviews.csv", out("table"), "--epochs", "1"), 2, "text.txt"},
		"pairs":     {[]string{"train", "--pairs", "pairs.tsv", "--out", out("pairs"), "--hidden", "6", "--embed", "6", "--epochs", "1"}, 2, "text.txt"},
		"tags":      {smallTagger("names.txt", out("tags"), "--epochs", "1"), 2, "text.txt"},
		"series":    {[]string{"train", "--series", "sales.csv", "--id", "shop", "--out", out("series"), "--hidden", "4", "--epochs", "1"}, 3, "sales.csv"},
		"sequences": {quickly("windows.csv", out("sequences"), "--epochs", "1"), 2, "windows.csv"},
		"speech":    {smallRecogniser(out("speech"), "--epochs", "1"), 2, "text.txt"},
	} {
		_, errs := must(t, c.args...)
		lines := suggested(t, "unroll", errs)
		if len(lines) != c.want {
			t.Errorf("%s: %q; want %d commands", name, lines, c.want)
		}
		for _, line := range lines {
			stdin(t, read(t, c.input))
			if status, out, errs := capture(t, t.Context(), split(t, line)[1:]...); status != 0 {
				t.Errorf("%s: status %d\n%s%s", line, status, out, errs)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What is said to go on with after an interrupt goes on, with the flags that a checkpoint does not have, and ends with the bytes of a run
// that was never stopped.
func TestToGoOn(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, stop := context.WithCancel(t.Context())
	stop()
	text := writeText(t, ".")
	more := []string{"--steps", "12", "--log", "a log.csv", "--profile"}
	must(t, small(text, "whole", append(slices.Clone(more), "--log", "whole.csv")...)...)
	status, _, errs := capture(t, stopped, small(text, "one part", more...)...)
	lines := suggested(t, "unroll", errs)
	const want = `unroll train --resume 'one part' --sample 20 --save-every 5 --log 'a log.csv' --profile`
	if status != 1 || len(lines) != 1 || !sameWords(lines[0], want) {
		t.Fatalf("status %d, %q; want %s", status, lines, want)
	}
	must(t, split(t, lines[0])[1:]...)
	same(t, "whole", "one part")
	if rows := strings.Count(read(t, "a log.csv"), "\n"); rows != strings.Count(read(t, "whole.csv"), "\n") {
		t.Errorf("%d rows in the log", rows)
	}
}

// sameWords tells whether two lines have the same words, in any order.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// ctrlC is an engine that the user stops at the first step.
type ctrlC struct{ here }

func (e *ctrlC) Step(seed uint64, rate float64, in ...*tensor.Dense) ([]*tensor.Dense, float64, error) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(os.Interrupt)
	}
	if err != nil {
		return nil, 0, err
	}
	return e.here.Step(seed, rate, in...)
}

// A command with a device of its own, and flags of its own, says so in what it prints.
func TestToGoOnOnADevice(t *testing.T) {
	t.Chdir(t.TempDir())
	device := func(e train.Engine, args ...string) (int, string, string) {
		var plugin string
		var exact bool
		return printing(t, func() int {
			return Device{Name: "unroll-here", Short: "Train", Flags: func(f *pflag.FlagSet) {
				f.StringVar(&plugin, "plugin", "", "a library")
				f.BoolVar(&exact, "exact", true, "a switch")
			}, Open: func() (train.Engine, string, error) {
				if plugin != "my plugin.so" || exact {
					t.Errorf("--plugin %q --exact=%v", plugin, exact)
				}
				return e, "this processor", nil
			}}.Main(args)
		})
	}
	text := writeText(t, ".")
	status, _, errs := device(&ctrlC{}, small(text, "m", "--steps", "100000", "--epochs", "100000", "--plugin", "my plugin.so", "--exact=false")...)
	lines := suggested(t, "unroll-here", errs)
	if status != 1 || len(lines) != 1 || !strings.Contains(lines[0], " --plugin 'my plugin.so'") || !strings.Contains(lines[0], " --exact=false") {
		t.Fatalf("status %d, %q\n%s", status, lines, errs)
	}
	if status, _, errs := device(&ctrlC{}, split(t, lines[0])[1:]...); status != 1 || !strings.Contains(errs, "Resume  m at step") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// The flags of a run that are no part of the configuration are known here, so that none is forgotten.
func TestNotInCheckpoint(t *testing.T) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, each := range tasks() {
		each.runFlags(own)
	}
	own.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInCheckpoint, f.Name) {
			t.Errorf("--%s is forgotten when a run goes on", f.Name)
		}
	})
	cmd := trainCommand()
	for _, name := range notInCheckpoint {
		if cmd.Flags().Lookup(name) == nil {
			t.Errorf("train has no --%s", name)
		}
	}
}
