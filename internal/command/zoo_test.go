package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models/zoo"
)

// A name is a model of the zoo, which is in the cache, or cannot be fetched: then it is said how to make it.
func TestModelsByName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("UNROLL_DATA", dir)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // no network here
	out, _ := must(t, "models")
	for _, m := range zoo.All() {
		if !strings.Contains(out, m.Name) || !strings.Contains(out, m.Title) {
			t.Errorf("no %s in\n%s", m.Name, out)
		}
		if shown, _ := must(t, "models", "show", m.Name); !strings.Contains(shown, m.SHA256) || !strings.Contains(shown, "unroll models make "+m.Name) {
			t.Errorf("%s", shown)
		}
	}
	// What lies in the cache and is not the file of the release is refused.
	m, _ := zoo.Find("kjv")
	if err := os.MkdirAll(filepath.Join(dir, "models"), 0o700); err != nil {
		t.Fatal(err)
	}
	language := filepath.Join(dir, "language.safetensors")
	must(t, small(writeText(t, dir), language)...)
	data, err := os.ReadFile(language)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "models", "kjv.safetensors"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "kjv.safetensors", []string{"generate", "--model", "kjv"}},
		{2, `no model is called "jvk" (unroll models lists them)`, []string{"models", "show", "jvk"}},
		{2, `no model is called "jvk"`, []string{"models", "make", "jvk"}},
		{2, "found 0 names; want one (unroll models lists them)", []string{"models", "fetch"}},
		{1, "--out " + language + " exists", []string{"models", "make", "kjv", "--out", language}},
		{2, `unexpected argument "kjv"`, []string{"models", "kjv"}},
	} {
		status, stdout, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d; want %d and %q\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
	}
	if err := os.Remove(filepath.Join(dir, "models", "kjv.safetensors")); err != nil {
		t.Fatal(err)
	}
	status, _, errs := capture(t, context.Background(), "models", "fetch", "kjv")
	if status != 1 || !strings.Contains(errs, m.SHA256) || !strings.Contains(errs, "To make it here, in about 12 minutes: unroll models make kjv") {
		t.Errorf("status %d\n%s", status, errs)
	}
	// A file of the name comes first.
	t.Chdir(dir)
	if err := os.Rename(language, "kjv"); err != nil {
		t.Fatal(err)
	}
	must(t, "generate", "--model", "kjv", "--length", "5")
}
