package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
)

// capture runs the command line and returns what it printed.
func capture(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	status, stdout, stderr = printed(t, ctx, args...)
	return status, stdout, strings.ReplaceAll(stderr, "\n        ", " ") // where lines were cut depends on folders' names
}

// printed runs the command and returns what it prints, as it is.
func printed(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return printing(t, func() int { return run(ctx, args) })
}

// printing does something and returns what it prints.
func printing(t *testing.T, do func() int) (status int, stdout, stderr string) {
	t.Helper()
	var out [2]bytes.Buffer
	done := make(chan bool)
	saved := [2]*os.File{os.Stdout, os.Stderr}
	for i, f := range []**os.File{&os.Stdout, &os.Stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		*f = w
		go func() {
			io.Copy(&out[i], r)
			done <- true
		}()
	}
	status = do()
	os.Stdout.Close()
	os.Stderr.Close()
	<-done
	<-done
	os.Stdout, os.Stderr = saved[0], saved[1]
	return status, out[0].String(), out[1].String()
}

// small are the flags of a model that trains in a blink.
func small(text, out string, more ...string) []string {
	return append([]string{"train", "--text", text, "--out", out, "--cell", "gru", "--layers", "2", "--hidden", "12",
		"--embed", "6", "--seq", "8", "--batch", "4", "--sample", "20", "--dropout", "0.1", "--save-every", "5"}, more...)
}

func writeText(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog\n", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var lastLine = regexp.MustCompile(`\nval_loss=\d+\.\d{4} val_ppl=\d+\.\d\d tokens_per_s=\d+\n$`)

func TestTrainAndGenerate(t *testing.T) {
	dir := t.TempDir()
	text, a, b := writeText(t, dir), filepath.Join(dir, "a.safetensors"), filepath.Join(dir, "b.safetensors")
	ctx := context.Background()
	status, out, errs := capture(t, ctx, small(text, a, "--epochs", "3")...)
	if status != 0 || !lastLine.MatchString(out) || !strings.Contains(errs, "2 x GRU, hidden 12") || !strings.Contains(errs, ": 1760 characters, vocabulary 28\n") {
		t.Fatalf("status %d\n%s\n%s", status, out, errs)
	}
	// Two epochs, resumed for a third: the schedule depends on the total, so compare with the same total twice.
	if status, _, errs := capture(t, ctx, small(text, b, "--epochs", "3")...); status != 0 {
		t.Fatal(errs)
	}
	same(t, a, b)

	generate := func(args ...string) string {
		t.Helper()
		status, out, errs := capture(t, ctx, append([]string{"generate", "--model", a, "--length", "30"}, args...)...)
		if status != 0 {
			t.Fatal(errs)
		}
		return out
	}
	one := generate("--prompt", "the quick", "--seed", "3")
	if one != generate("--prompt", "the quick", "--seed", "3") || !strings.HasPrefix(one, "the quick") || len(one) != 9+30+1 {
		t.Errorf("%q", one)
	}
	if generate("--seed", "4") == generate("--seed", "5") {
		t.Error("the seed changes nothing")
	}
	if generate("--temperature", "0") != generate("--top-k", "1", "--seed", "9") {
		t.Error("temperature 0 and top-k 1 differ")
	}
}

func same(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Error("the checkpoints differ")
	}
}

// process is a command that runs beside the test.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{} // closed at its end
}

func begin(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: c, ended: make(chan struct{})}
	c.Stdout, c.Stderr = &p.stdout, &p.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = c.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-p.ended
	})
	return p
}

// until waits for something that a process does, and returns false if it ends before.
func (p *process) until(so func() bool) bool {
	for !so() {
		select {
		case <-p.ended:
			return false
		case <-time.After(time.Millisecond):
		}
	}
	return true
}

// catchSignals lets processes begin with signals that end them. Which ones are ignored is inherited: SIGHUP of nohup, SIGINT of
// a shell that starts the tests in the background. A process inherits no signal as ignored that its parent catches.
func catchSignals(t *testing.T) {
	t.Helper()
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(c) })
}

// The process itself: kill -9 in the middle of training, and Ctrl-C; both resume to the file of an undisturbed run.
func TestKillAndResume(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	catchSignals(t)
	dir := t.TempDir()
	exe, text := build(t), writeText(t, dir)
	command := func(out string, epochs int, more ...string) *exec.Cmd {
		return exec.Command(exe, small(text, out, append(more, "--force", "--epochs", strconv.Itoa(epochs))...)...)
	}
	undisturbed := func(epochs int) string {
		t.Helper()
		path := filepath.Join(dir, fmt.Sprint("want", epochs))
		if !saved(path) {
			if out, err := command(path, epochs, "--save-every", "1000000").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		return path
	}
	// stopped trains up to a signal, which comes after the first checkpoint; or to the end, if that comes first.
	stopped := func(path string, epochs int, by os.Signal) (p *process, inTime bool) {
		t.Helper()
		p = begin(t, command(path, epochs))
		p.until(func() bool { return saved(path) })
		_ = p.Process.Signal(by) // it may have ended
		<-p.ended
		return p, !p.ProcessState.Success()
	}
	for name, by := range map[string]os.Signal{"killed": os.Kill, "interrupted": os.Interrupt, "terminated": syscall.SIGTERM, "hung-up": syscall.SIGHUP} {
		path := filepath.Join(dir, name)
		epochs := 10
		p, inTime := stopped(path, epochs, by)
		for !inTime { // where this test waited for long for its turn, the run is made longer
			if epochs *= 2; epochs > 2000 {
				t.Fatalf("%s: a run goes on to its end", name)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			p, inTime = stopped(path, epochs, by)
		}
		if name != "killed" && (!strings.Contains(p.stderr.String(), "unroll train --resume "+path) || p.ProcessState.ExitCode() != 1) {
			t.Errorf("exit status %d\n%s", p.ProcessState.ExitCode(), &p.stderr)
		}
		if out, err := exec.Command(exe, "train", "--resume", path, "--save-every", "1000000", "--sample", "0").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		same(t, undisturbed(epochs), path)
	}
}

// A command that has nothing to save, and waits for lines, ends with the first Ctrl-C.
func TestInterruptedWhileReading(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	catchSignals(t)
	dir := t.TempDir()
	exe, path := build(t), filepath.Join(dir, "model")
	if out, err := exec.Command(exe, small(writeText(t, dir), path, "--steps", "2")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "predict", "--model", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(bytes.Repeat([]byte("the quick\n"), 2*together)); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // now it waits for more
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || ctx.Err() != nil {
		t.Errorf("%v; want an end by the signal, and at once", err)
	}
}

// A run that nohup started, which ignores the signal of a closed terminal, goes on.
func TestNohup(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	exe := build(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "model")
	// It trains for longer than any test lasts: that it goes on is seen by its checkpoints.
	args := append([]string{"-c", `trap "" HUP; exec "$@"`, "sh", exe}, small(writeText(t, dir), path, "--epochs", "1000000")...)
	p := begin(t, exec.Command(sh, args...))
	step := func() int {
		if !saved(path) {
			return 0
		}
		c, err := train.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		return c.Step()
	}
	p.until(func() bool { return saved(path) })
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	at := step()
	if !p.until(func() bool { return step() >= at+50 }) { // one that heeds it ends within a step
		t.Fatalf("it ended: %v\n%s", p.ProcessState, &p.stderr)
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.stderr.String(), "unroll train --resume "+path) {
		t.Errorf("%v\n%s", p.ProcessState, &p.stderr)
	}
}

var builtIn string // the folder of the command that was built, if it was

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "unroll-test-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	exe := filepath.Join(dir, "unroll")
	if out, err := exec.Command("go", "build", "-o", exe, "../../cmd/unroll").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v\n%s", err, out)
	}
	return exe, nil
})

// build makes the command, once for all tests.
func build(t *testing.T) string {
	t.Helper()
	exe, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestMain(m *testing.M) {
	status := m.Run()
	if builtIn != "" {
		os.RemoveAll(builtIn)
	}
	os.Exit(status)
}

// saved tells whether a checkpoint is there: a run takes the name with an empty file first.
func saved(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

func TestBadUse(t *testing.T) {
	dir := t.TempDir()
	text, out := writeText(t, dir), filepath.Join(dir, "x.safetensors")
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model := filepath.Join(dir, "model")
	if status, _, errs := capture(t, context.Background(), small(text, model)...); status != 0 {
		t.Fatal(errs)
	}
	raw, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	// edited writes the model with one tensor dropped or replaced.
	edited := func(name string, edit func([]graph.Named) []graph.Named) string {
		list, meta, err := graph.ReadSafetensors(model)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := graph.WriteSafetensors(path, edit(list), meta); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing := edited("missing", func(list []graph.Named) []graph.Named { return list[1:] })
	reshaped := edited("reshaped", func(list []graph.Named) []graph.Named {
		list[0].Value = graph.Floats([]float32{1, 2, 3})
		return list
	})
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, `unknown command "nonsense"`, []string{"nonsense"}},
		{2, "unknown flag: --nonsense\n", []string{"train", "--nonsense"}},
		{1, "open nothing.txt: no such file", []string{"train", "nothing.txt"}},
		{2, "found 2 files; want one at most", []string{"train", "x", "y"}},
		{2, `--hidden "many"; want a whole number`, []string{"train", "--hidden", "many"}},
		{2, "--hidden 0; want at least 1", small(text, out, "--hidden", "0")},
		{2, `--cell "cnn"; want rnn, lstm, gru, `, small(text, out, "--cell", "cnn")},
		{2, `--optimizer "magic"`, small(text, out, "--optimizer", "magic")},
		{2, "--dropout 1; want", small(text, out, "--dropout", "1")},
		{2, "--lr -1; want above 0", small(text, out, "--lr", "-1")},
		{2, "--temperature", []string{"generate", "--temperature", "x"}},
		{2, "top-p 2; want 0 to 1", []string{"generate", "--top-p", "2"}},
		{2, "--length 0", []string{"generate", "--length", "0"}},
		{1, "no such file", small(filepath.Join(dir, "absent"), out)},
		{1, "is empty", small(file("empty", ""), out)},
		{1, "is not UTF-8: byte 0xff at offset 2, line 1", small(file("latin", "ab\xff"), out)},
		{2, "take 33 tokens, and the text has 9", small(file("short", "0123456789"), out)},
		{1, "exists; choose another name", small(text, model)},
		{1, "does not exist", small(text, filepath.Join(dir, "no", "x"))},
		{1, "no such file", []string{"generate", "--model", filepath.Join(dir, "absent")}},
		{1, "is not a usable safetensors file", []string{"generate", "--model", file("cut", string(raw[:len(raw)-9]))}},
		{1, "is not a usable safetensors file", []string{"generate", "--model", text}},
		{1, "the weights embedding.weight are missing", []string{"generate", "--model", missing}},
		{1, "embedding.weight have the shape [3]", []string{"generate", "--model", reshaped}},
		{1, "embedding.weight have the shape [3]", []string{"train", "--resume", reshaped}},
		{1, "has made all of its", []string{"train", "--resume", model}},
		{2, "--save-every -1; want 0 or more", small(text, out, "--save-every", "-1")},
		{2, "--sample -1; want 0 or more", small(text, out, "--sample", "-1")},
		{2, "--patience -1", small(text, out, "--patience", "-1")},
		{1, `character "é", number 2 of the text`, []string{"generate", "--model", model, "--prompt", "té"}},
		{1, "has changed since", []string{"train", "--resume", model, "--text", file("other", strings.Repeat("another text\n", 50))}},
	} {
		status, stdout, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, want %d with %q:\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
		if exists(out) {
			t.Fatalf("%v: a failed run left a file", c.args)
		}
	}
	if after, _ := os.ReadFile(model); !bytes.Equal(raw, after) {
		t.Error("a failed run changed the model")
	}
}
