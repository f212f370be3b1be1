package serve

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// growing is a model whose attention looks back at all of a text, from a folder of its own.
func growing(t *testing.T) (m *pretrained.Model, weights string) {
	t.Helper()
	folders, err := filepath.Glob("../../pretrained/testdata/models/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		data, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
		if err != nil {
			continue
		}
		if m, err = pretrained.Load(folder); err != nil || !grows(m) {
			continue
		}
		own := t.TempDir()
		config, err := os.ReadFile(filepath.Join(folder, "config.json"))
		if err == nil {
			err = os.WriteFile(filepath.Join(own, "config.json"), config, 0o600)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(own, "model.safetensors"), data, 0o600)
		}
		if err == nil {
			m, err = pretrained.Load(own)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m, filepath.Join(own, "model.safetensors")
	}
	t.Fatal("no recorded model's state grows")
	return nil, ""
}

// forwards is a lane that reads a prompt and goes on with n tokens.
func forwards(prompt, n int) (*lane, *int) {
	told := new(int)
	return &lane{feed: make([]int, prompt), quiet: prompt - 1, after: func(l *lane, _ []float32) error {
		if *told++; *told < n {
			l.feed = append(l.feed, *told%7)
		}
		return nil
	}}, told
}

// A text has the tokens that it may have, and ends with an error that says so, whether it reads or writes; another goes on after it.
func TestGrowingTextsAreBounded(t *testing.T) {
	m, _ := growing(t)
	g, err := newGrower(m, 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ prompt, write, told int }{{40, 1, 0}, {20, 20, 11}, {20, 11, 11}, {1, 30, 30}, {30, 1, 1}} {
		l, told := forwards(c.prompt, c.write)
		err := g.run(context.Background(), l)
		if whole := c.prompt+c.write-1 <= 30; whole != (err == nil) || *told != c.told {
			t.Errorf("%+v: %d told, %v", c, *told, err)
		}
		if status, text := statusOf(err); err != nil && (status != 413 || !strings.Contains(text, "more than 30 tokens")) {
			t.Errorf("%+v: %d %s", c, status, text)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, _ := forwards(5, 20)
	after := l.after
	l.after = func(l *lane, logits []float32) error { cancel(); return after(l, logits) }
	if err := g.run(ctx, l); err != context.Canceled {
		t.Errorf("%v", err)
	}
	l, _ = forwards(5, 20)
	l.after = func(*lane, []float32) error { panic("a fault") }
	if err := g.run(context.Background(), l); err == nil {
		t.Error("no error")
	}
	g.close()
	if l, _ = forwards(5, 2); g.run(context.Background(), l) != errClosed {
		t.Error("a model that was closed reads")
	}
}

// The weights of a model that is served are not those of its file any more: it may be written over in its place.
func TestFilesOfFoundationModelsMayBeCut(t *testing.T) {
	m, weights := growing(t)
	if err := m.SetTokenizer(letters{}); err != nil {
		t.Fatal(err)
	}
	r := &registry{options: Options{}.complete(), metrics: newMetrics()}
	v := &served{name: "m"}
	if err := r.serveFoundation(v, m, func(int) {}); err != nil {
		t.Fatal(err)
	}
	defer v.end()
	if err := os.Truncate(weights, 0); err != nil {
		t.Fatal(err)
	}
	l, told := forwards(20, 5)
	if err := v.reads.run(context.Background(), l); err != nil || *told != 5 {
		t.Errorf("%d told, %v", *told, err)
	}
	if err := remembers(v); err == nil || !strings.Contains(err.Error(), "its state grows") {
		t.Errorf("%v", err)
	}
	if v.layout() == "" {
		t.Error("no layout")
	}
}
