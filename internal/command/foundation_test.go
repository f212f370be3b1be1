package command

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// writeFoundation makes the folder of a tiny Mamba with random weights, as docs/foundation-models.md has it.
func writeFoundation(t *testing.T, folder string) {
	t.Helper()
	from := filepath.Join("..", "..", "recurrent", "pretrained", "testdata")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"models/mamba/config.json", "models/mamba/model.safetensors", "tokenizer.json"} {
		data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, filepath.Base(name)), string(data))
	}
}

// The session of docs/foundation-models.md, see TestTranscript.
func TestFoundationTranscript(t *testing.T) {
	all := sessions(t, "foundation-models.md")
	if len(all) < 6 {
		t.Fatalf("only %d commands were found", len(all))
	}
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "mamba-tiny"))
	t.Chdir(dir)
	writeFile(t, "text.txt", strings.Repeat("the rest is in the house. ", 20))
	writeFile(t, "lines.txt", "the rest\nin the house\n")
	writeFile(t, "passages.jsonl", `{"text": "the rest is in the house"}`+"\nshe has the house\n")
	play(t, all)
}

// A state goes on as if there had been no break, however often it is gone on from.
func TestFoundationStates(t *testing.T) {
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "m"))
	t.Chdir(dir)
	out := func(args ...string) string {
		t.Helper()
		status, out, errs := printed(t, context.Background(), append([]string{"generate", "--model", "m"}, args...)...)
		if status != 0 {
			t.Fatalf("%v: %s", args, errs)
		}
		return out
	}
	whole := out("--prompt", "the rest", "--length", "20", "--seed", "5")
	out("--prompt", "the r", "--length", "0", "--save-state", "s.state")
	for range 2 {
		if rest := out("--state", "s.state", "--prompt", "est", "--length", "20", "--seed", "5"); "the r"+rest != whole {
			t.Errorf("from a state: %q; want the end of %q", rest, whole)
		}
	}
	for _, wrong := range []struct {
		args []string
		want string
	}{
		{[]string{"--length", "0"}, "--save-state"},
		{[]string{"--prompt", "a", "--save-state", "s.state"}, "--force"},
		{[]string{"--state", "m/config.json"}, "config.json"},
		{[]string{"--state", "none.state"}, "none.state"},
		{[]string{"--weights", "int3"}, "--weights"},
	} {
		status, _, errs := printed(t, context.Background(), append([]string{"generate", "--model", "m"}, wrong.args...)...)
		if status == 0 || !strings.Contains(errs, wrong.want) {
			t.Errorf("%v: status %d, %q; want %q", wrong.args, status, errs, wrong.want)
		}
	}
	writeFile(t, "m/config.json", `{"model_type": "gpt2"}`)
	_, _, errs := printed(t, context.Background(), "generate", "--model", "m")
	if !strings.Contains(errs, `"gpt2"`) || !strings.Contains(errs, "recurrent_gemma") {
		t.Errorf("another family: %q; want its name and those that are known", errs)
	}
}

// An adapter of a folder is trained, resumed, used and merged.
func TestFoundationTune(t *testing.T) {
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "m"))
	t.Chdir(dir)
	writeFile(t, "text.txt", strings.Repeat("the rest is in the house. ", 30))
	out := func(args ...string) string {
		t.Helper()
		status, out, errs := printed(t, context.Background(), args...)
		if status != 0 {
			t.Fatalf("%v: %s", args, errs)
		}
		return out
	}
	setting := []string{"tune", "text.txt", "--model", "m", "--lora", "2", "--seq", "16", "--batch", "4", "--steps"}
	out(append(setting, "12", "--epochs", "2", "--out", "whole")...)
	out(append(setting, "5", "--epochs", "2", "--out", "parts")...)
	_, _, errs := printed(t, context.Background(), "tune", "--resume", "parts", "--steps", "12", "--epochs", "3")
	if !strings.Contains(errs, "parts at step 5") {
		t.Errorf("a run that is resumed says %q", errs)
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if !strings.Contains(read("whole/adapter_config.json"), `"m"`) {
		t.Error("the adapter does not name its model")
	}
	score := func(args ...string) string {
		return out(append([]string{"eval", "--text", "text.txt", "--model"}, args...)...)
	}
	before, after := score("m"), score("m", "--adapter", "whole")
	if before == after {
		t.Errorf("with and without an adapter: %s", before)
	}
	out("merge", "--model", "m", "--adapter", "whole", "--out", "merged")
	if got := score("merged"); got[:20] != after[:20] {
		t.Errorf("merged: %s; want %s", got, after)
	}
	for want, args := range map[string][]string{
		"--lora":               {"tune", "--resume", "parts", "--lora", "3"},
		"has an adap":          append(slices.Clone(setting), "2", "--out", "whole"),
		"training.safetensors": {"tune", "--resume", "m"},
	} {
		status, _, errs := printed(t, context.Background(), args...)
		if status == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: status %d, %q; want %q", args, status, errs, want)
		}
	}
}

// A run that was stopped and is resumed gets the bits of one that never was.
func TestFoundationResume(t *testing.T) {
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "m"))
	t.Chdir(dir)
	writeFile(t, "text.txt", strings.Repeat("the rest is in the house. ", 30))
	tuned := func(stop int, folder string, saved *train.Checkpoint) string {
		t.Helper()
		r := foundationRun{Model: "m", Text: "text.txt", Seq: 16, Batch: 4, Epochs: 2, Steps: 12, Rate: 0.01, Clip: 1, Seed: 1, Drop: 0.2}
		m, err := pretrained.Load(r.Model)
		if err != nil {
			t.Fatal(err)
		}
		if saved == nil {
			err = m.Adapt(nn.LoRA{Rank: 2, Dropout: r.Drop})
		} else if err = m.LoadAdapter(folder); err == nil {
			err = m.SetAdapterDropout(r.Drop)
		}
		if err != nil {
			t.Fatal(err)
		}
		l, _, err := r.loop(m, false)
		if err != nil {
			t.Fatal(err)
		}
		if saved != nil {
			if err := l.Resume(saved); err != nil {
				t.Fatal(err)
			}
		}
		fl := &trainFlags{out: folder}
		if err := newFolder(fl); err != nil && saved == nil {
			t.Fatal(err)
		}
		if l.Saving, err = r.saving(fl); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l.Observers = []train.Observer{{OnStep: func(p train.Progress) error {
			if p.Step == stop {
				cancel()
			}
			return nil
		}}}
		if _, err := l.Run(ctx); err != nil && stop == 0 {
			t.Fatal(err)
		}
		if err := m.SaveAdapter(folder); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(folder, peft.WeightsFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	whole, part := tuned(0, "whole", nil), tuned(5, "parts", nil)
	if whole == part {
		t.Fatal("a run that was stopped has the weights of one that went through")
	}
	saved, err := train.ReadCheckpoint(filepath.Join("parts", foundationFile))
	if err != nil {
		t.Fatal(err)
	}
	if saved.Step() != 5 {
		t.Errorf("it was stopped at step %d; want 5", saved.Step())
	}
	if tuned(0, "parts", saved) != whole {
		t.Error("an adapter that was resumed is another than one that went through")
	}
}
