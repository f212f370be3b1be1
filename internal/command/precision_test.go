package command

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// --precision reaches training, is said, and is refused where it brings nothing.
func TestPrecisionFlag(t *testing.T) {
	dir := t.TempDir()
	args := func(p string) []string {
		return small(writeText(t, dir), filepath.Join(dir, p), "--steps", "10", "--epochs", "1", "--sample", "0", "--force", "--precision", p)
	}
	if _, err := graph.BFloat16x3.Instructions(); err != nil {
		status, _, text := capture(t, context.Background(), args("bf16x3")...)
		if status != 1 || !strings.Contains(text, "products in bf16x3 are slower than in float32 here: the machine lacks ") {
			t.Errorf("status %d: %s", status, text)
		}
	}
	if status, _, text := capture(t, context.Background(), args("tf32")...); status != 2 || !strings.Contains(text, `--precision "tf32"; want one of float32, bf16x3, bf16`) {
		t.Errorf("status %d: %s", status, text)
	}
	kernel.UseLoops(true)
	defer kernel.UseLoops(false)
	losses := map[string]string{}
	for _, p := range precisions() {
		out, text := must(t, args(p)...)
		if said := strings.Contains(text, "Round   what products multiply to "+p+"\n"); said != (p != "float32") {
			t.Errorf("%s:\n%s", p, text)
		}
		losses[out+text[strings.Index(text, "epoch 1"):strings.Index(text, "val ppl")]] = p
	}
	t.Log(losses)
	if len(losses) < 2 {
		t.Error("the same losses in all precisions")
	}
}
