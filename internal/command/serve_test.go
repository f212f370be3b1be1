package command

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who starts the service wrongly is told what is wrong, before it says that it serves.
func TestServeMistakes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	_, model := trained(t, dir)
	write := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text, none := write("notes.txt", "no model"), write("none.txt", "\n")
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	empty := t.TempDir()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--model nothing.safetensors: there is no such file", []string{"--model", "nothing.safetensors"}},
		{"it seems to be a text file", []string{"--model", text}},
		{"is a folder; want a file", []string{"--model", dir}},
		{`two models are called "a"`, []string{"--model", "a=" + model, "--model", "a=" + model}},
		{`is called "a b"; want letters, digits`, []string{"--model", "a b=" + model}},
		{`what is "model.safetensors"? Models are named with --model`, []string{"model.safetensors"}},
		{"address already in use", []string{"--model", model, "--listen", taken.Addr().String()}},
		{"--listen nonsense: listen tcp: address nonsense: missing port", []string{"--model", model, "--listen", "nonsense"}},
		{"--tls-cert and --tls-key go together", []string{"--model", model, "--tls-cert", text}},
		{"failed to find any PEM data", []string{"--model", model, "--tls-cert", text, "--tls-key", text}},
		{"no-cert: no such file", []string{"--model", model, "--tls-cert", "no-cert", "--tls-key", "no-key"}},
		{"--keys: open no-keys: no such file", []string{"--model", model, "--keys", "no-keys"}},
		{"(--keys) has no keys; want one a line", []string{"--model", model, "--keys", none}},
		{"the sessions' file " + filepath.Join(empty, "no", "s.db"), []string{"--model", model, "--sessions", filepath.Join(empty, "no", "s.db")}},
		{"--timeout is -3s; want more than 0", []string{"--model", model, "--timeout", "-3s"}},
		{"--batch is 0; want more than 0", []string{"--model", model, "--batch", "0"}},
		{`--log "loud"; want text, json or off`, []string{"--model", model, "--log", "loud"}},
	} {
		args := append([]string{"serve", "--listen", "localhost:0", "--log", "off"}, c.args...)
		status, _, errs := capture(t, t.Context(), args...)
		if status == 0 || !strings.Contains(errs, c.want) || strings.Contains(errs, "Serving") {
			t.Errorf("%v: status %d, %s; want %s", c.args, status, errs, c.want)
		}
	}
	t.Chdir(empty)
	if status, _, errs := capture(t, t.Context(), "serve"); status == 0 || !strings.Contains(errs, "name a model: --model FILE") {
		t.Errorf("status %d, %s", status, errs)
	}
}
