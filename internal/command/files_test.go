package command

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Runs that begin at once, and choose a name themselves, get one each; names of runs that saved nothing are free again.
func TestNamesAreClaimed(t *testing.T) {
	t.Chdir(t.TempDir())
	var mu sync.Mutex
	var names []string
	var releases []func()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			var fl trainFlags
			release, err := chooseOut(&fl)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			names, releases = append(names, fl.out), append(releases, release)
		})
	}
	all.Wait()
	slices.Sort(names)
	if want := []string{"model-2.safetensors", "model-3.safetensors", "model-4.safetensors", "model-5.safetensors", "model.safetensors"}; !slices.Equal(names, want) {
		t.Errorf("%q; want %q", names, want)
	}
	for _, release := range releases {
		release()
	}
	if left, _ := filepath.Glob("*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// The empty file of a run that was killed before it saved anything does not keep its name.
func TestNamesOfKilledRunsAreFree(t *testing.T) {
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "linux", "netbsd", "openbsd":
	default:
		t.Skip("there are no locks that tell")
	}
	t.Chdir(t.TempDir())
	text := writeText(t, ".")
	for _, name := range []string{"model.safetensors", "own"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		args := small(text, name, "--steps", "1", "--sample", "0")
		if name != "own" {
			args = []string{"train", "--text", text, "--steps", "1", "--sample", "0", "--hidden", "4", "--seq", "8", "--batch", "4"}
		}
		must(t, args...)
		if !saved(name) {
			t.Errorf("%s is empty still", name)
		}
	}
	if left, _ := filepath.Glob("model-*"); len(left) > 0 {
		t.Errorf("%q were made beside", left)
	}
}

// Where nothing can be saved is found before training begins; what is there stays.
func TestOutIsProbedFirst(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	text := writeText(t, dir)
	must(t, small(text, at("model"), "--steps", "5")...)
	must(t, small(text, at("model.safetensors"), "--steps", "5")...)
	must(t, "export", "--model", at("model"), "--out", at("weights.safetensors"))
	if err := os.Mkdir(at("folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(text, at("link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "is a folder", small(text, at("folder"), "--force")},
		{1, "is a folder", small(text, at("folder"))},
		{1, "folder " + at("none") + " does not exist", small(text, at("none/x"))},
		{1, "exists; choose another name", small(text, at("model"))},
		{2, "unroll export makes ONNX files", small(text, at("x.onnx"))},
		{2, "unroll export makes Keras weights", small(text, at("x.weights.h5"))},
		{2, "unroll export makes Keras models", small(text, at("x.keras"))},
		{1, "is a folder", []string{"train", "--resume", at("model"), "--epochs", "2", "--out", at("folder"), "--force"}},
		{1, "is a folder", []string{"export", "--model", at("model"), "--out", at("folder") + ".onnx", "--force"}},
		{1, "exists; choose another name", []string{"plot", "--model", at("model"), "--out", text}},
		{1, "would overwrite " + text, small(text, text, "--force")},
		{1, "would overwrite " + text, small(text, at("link"), "--force")},
		{1, "would overwrite " + at("model.safetensors"), []string{"export", "--model", at("model.safetensors"), "--out", at("model.safetensors"), "--force"}},
		{1, "would overwrite " + at("weights.safetensors"), []string{"import", at("weights.safetensors"), "--model", at("model"), "--out", at("weights.safetensors"), "--force"}},
	} {
		if strings.HasSuffix(c.args[len(c.args)-2], ".onnx") {
			os.Mkdir(at("folder.onnx"), 0o777)
		}
		status, out, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) || strings.Contains(errs, "epoch 1") {
			t.Errorf("%v: status %d; want %d and %q, before any training\n%s%s", c.args, status, c.status, c.want, out, errs)
		}
	}
}

// --resume without --out saves to the checkpoint itself: whether that can be written is found first, too.
func TestResumeIsProbedFirst(t *testing.T) {
	if _, err := chooseOut(&trainFlags{resume: filepath.Join(t.TempDir(), "none", "model")}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a folder that is not there: %v", err)
	}
	if os.Geteuid() == 0 {
		t.Skip("to root every folder is open")
	}
	dir := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model")
	must(t, small(writeText(t, t.TempDir()), path, "--steps", "5")...)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o777) })
	status, _, errs := capture(t, context.Background(), "train", "--resume", path, "--epochs", "2")
	if status != 1 || !strings.Contains(errs, "permission denied") || strings.Contains(errs, "epoch") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// A model that is a symbolic link stays one, in training and in resuming.
func TestOutThroughALink(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Symlink("real", at("link")); err != nil {
		t.Skip(err)
	}
	must(t, small(writeText(t, dir), at("link"), "--steps", "5")...)
	must(t, "train", "--resume", at("link"), "--epochs", "2", "--steps", "10", "--sample", "0")
	if target, err := os.Readlink(at("link")); err != nil || target != "real" || !saved(at("real")) {
		t.Errorf("the link names %q, %v", target, err)
	}
	if status, _, errs := capture(t, context.Background(), small(writeText(t, dir), at("link"))...); status != 1 || !strings.Contains(errs, "exists") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// Without --model, every command reads the newest of the models that train named, and says which.
func TestNewestModelIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	text := writeText(t, ".")
	status, _, errs := capture(t, context.Background(), "generate")
	if status != 1 || !strings.Contains(errs, "open model.safetensors: no such file; unroll train makes one") {
		t.Errorf("status %d\n%s", status, errs)
	}
	for _, seed := range []string{"1", "2"} {
		args := slices.DeleteFunc(small(text, "", "--steps", "3", "--seed", seed), func(s string) bool { return s == "--out" || s == "" })
		must(t, args...)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes("model.safetensors", old, old); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"model-10.safetensors": "", "model-x.safetensors": "x", "another.safetensors": "x"} { // begun, and named by others
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, errs := must(t, "generate", "--length", "3"); !strings.HasPrefix(errs, "Model   model-2.safetensors, the newest of 2 (another: --model FILE)\n") {
		t.Errorf("%s", errs)
	}
	if _, errs := must(t, "generate", "--length", "3", "--model", "model.safetensors"); errs != "" {
		t.Errorf("%s", errs)
	}
	if name, count := newestModel("none"); name != "" || count != 0 {
		t.Errorf("%q, %d", name, count)
	}
	root := rootCommand()
	for _, c := range root.Commands() {
		f := c.Flags().Lookup(modelFlag)
		if f == nil || c.Name() == "import" { // which may do without one
			continue
		}
		c.SetErr(io.Discard)
		if err := chooseModel(c); err != nil || f.Value.String() != "model-2.safetensors" {
			t.Errorf("%s reads %s, %v", c.Name(), f.Value, err)
		}
		if !strings.Contains(strings.Join(strings.Fields(c.UsageString()), " "), "by default the newest of") {
			t.Errorf("%s does not say which model it reads:\n%s", c.Name(), c.UsageString())
		}
	}
}
