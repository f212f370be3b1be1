package command

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// writeContainer makes the files of a training in a container.
func writeContainer(t *testing.T, settings map[string]string, table string) container {
	t.Helper()
	c := container{t.TempDir()}
	for _, dir := range []string{"input/config", "input/data/train", "model", "checkpoints"} {
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	for path, contents := range map[string]string{"input/config/hyperparameters.json": string(data), "input/data/train/reviews.csv": table} {
		if err := os.WriteFile(c.path(path), []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// inContainer runs the command where a container has files.
func inContainer(t *testing.T, ctx context.Context, c container, args ...string) int {
	t.Helper()
	status, _, _ := printing(t, func() int { return runIn(ctx, args, c) })
	return status
}

// A training in a container ends with a model where the service takes it from; one that was interrupted goes on to the same bits.
func TestContainerTrains(t *testing.T) {
	table := "text,label\n" + strings.Repeat("a good day,up\na bad night,down\nso good,up\nbad and sad,down\n", 20)
	settings := map[string]string{"epochs": "12", "patience": "0", "hidden": "8", "embed": "4", "text_column": "\"text\"", "task": "table", "sagemaker_region": "x"}
	whole := writeContainer(t, settings, table)
	if status := inContainer(t, context.Background(), whole, "train"); status != 0 {
		t.Fatalf("status %d", status)
	}
	want, err := os.ReadFile(whole.path("model", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	// Again, with an interruption after the first checkpoint.
	for _, path := range []string{whole.path("model", "model.safetensors"), whole.path("checkpoints", "model.safetensors")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for !saved(whole.path("checkpoints", "model.safetensors")) && t.Context().Err() == nil { // which ends with the test
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if inContainer(t, ctx, whole, "train"); !saved(whole.path("checkpoints", "model.safetensors")) {
		t.Fatal("nothing was saved")
	}
	line, ok, err := whole.arguments([]string{"train"})
	if err != nil || !ok || !slices.Equal(line, []string{"train", "--resume", whole.path("checkpoints", "model.safetensors")}) {
		t.Errorf("%v, %v: %v", ok, err, line)
	}
	if status := inContainer(t, context.Background(), whole, "train"); status != 0 {
		t.Fatalf("status %d", status)
	}
	got, err := os.ReadFile(whole.path("model", "model.safetensors"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v: %d bytes; want the %d of a training without an interruption", err, len(got), len(want))
	}
	serving, ok, err := whole.arguments([]string{"serve"})
	if err != nil || !ok || !slices.Contains(serving, "--model="+whole.path("model", "model.safetensors")) {
		t.Errorf("%v, %v: %v", ok, err, serving)
	}
}

// Why a training failed stands where the service looks for it.
func TestContainerTellsFailures(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]string
		want     string
	}{
		"no such flag":   {map[string]string{"epoch": "3"}, "unknown flag: --epoch"},
		"no such column": {map[string]string{"task": "table", "text_column": "body"}, `has no column "body"`},
	} {
		files := writeContainer(t, c.settings, "text,label\na,up\nb,down\n")
		if status := inContainer(t, context.Background(), files, "train"); status == 0 {
			t.Errorf("%s: status 0", name)
		}
		told, err := os.ReadFile(files.path("output", "failure"))
		if err != nil || !strings.Contains(string(told), c.want) {
			t.Errorf("%s: %v: %s", name, err, told)
		}
	}
	two := writeContainer(t, nil, "text,label\na,up\n")
	if err := os.WriteFile(filepath.Join(two.path("input", "data", "train"), "more.csv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := two.arguments([]string{"train"}); !ok || err == nil || !strings.Contains(err.Error(), "has 2 files; want one") {
		t.Errorf("%v, %v", ok, err)
	}
	empty := container{t.TempDir()}
	if _, ok, err := empty.arguments([]string{"train"}); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}
