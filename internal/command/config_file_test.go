package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a run used is beside its model, and --config with it gives the same model; flags are over it.
func TestConfigFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	text, table := writeText(t, dir), writeRows(t, strings.Repeat("text,label\na good film,positive\na bad film,negative\n", 1)+
		strings.Repeat("a good film,positive\na bad film,negative\n", 20))
	for name, args := range map[string][]string{
		"text":  small(text, "text.safetensors", "--steps", "3", "--sample", "0", "--clip", "0.5"),
		"table": {"train", "--table", table, "--out", "table.safetensors", "--epochs", "2", "--hidden", "4", "--embed", "4", "--missing", "", "--test-part", "0.2"},
	} {
		_, errs := must(t, args...)
		if !strings.Contains(errs, "\nConfig  "+name+".config.json\n") {
			t.Errorf("%s: %s", name, errs)
		}
		must(t, "train", "--config", name+".config.json", "--out", name+"2.safetensors")
		one, err1 := os.ReadFile(name + ".safetensors")
		two, err2 := os.ReadFile(name + "2.safetensors")
		if err1 != nil || err2 != nil || string(one) != string(two) {
			t.Errorf("%s: another model: %v, %v", name, err1, err2)
		}
		a, _ := os.ReadFile(name + ".config.json")
		b, _ := os.ReadFile(name + "2.config.json")
		if string(a) != string(b) || len(a) == 0 {
			t.Errorf("%s\n%s", a, b)
		}
		_, errs = must(t, "train", "--config", name+".config.json", "--hidden", "3", "--out", name+"3.safetensors")
		if !strings.Contains(errs, "hidden 3,") {
			t.Error(errs)
		}
	}
	other := filepath.Join(dir, "other.md")
	if err := os.WriteFile(other, []byte(strings.Repeat("a b c d\n", 200)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--text", other}, {other}} { // other data in place of the file's
		_, errs := must(t, append([]string{"train", "--config", "text.config.json", "--force", "--out", "o"}, args...)...)
		if !strings.Contains(errs, other+": 1600 characters") {
			t.Errorf("%v: %s", args, errs)
		}
	}
	_, errs := must(t, "train", "--resume", "text.safetensors", "--steps", "4", "--sample", "0")
	if !strings.Contains(errs, "Config  text.config.json\n") {
		t.Error(errs)
	}
}

// A file of settings that is there stays.
func TestConfigFileStays(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	text := writeText(t, dir)
	if err := os.WriteFile("m.config.json", []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, errs := must(t, small(text, "m.safetensors", "--steps", "1", "--sample", "0")...)
	if data, _ := os.ReadFile("m.config.json"); string(data) != "mine" || !strings.Contains(errs, "m.config.json is there, and stays") {
		t.Errorf("%s\n%s", data, errs)
	}
	must(t, small(text, "m.safetensors", "--steps", "1", "--sample", "0", "--force")...)
	if data, _ := os.ReadFile("m.config.json"); string(data) == "mine" {
		t.Error("--force did not overwrite")
	}
}

func TestBadConfigFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	text := writeText(t, dir)
	for _, c := range []struct {
		contents, want string
		status         int
	}{
		{"hidden: 4\nlayers: 1 # YAML\n", "Model   1 x LSTM, hidden 4", 0},
		{`{"hidden": 4, "layers": 1}`, "Model   1 x LSTM, hidden 4", 0},
		{"", "Model   1 x LSTM, hidden 8", 0},
		{"hiden: 4", `line 1: train has no setting "hiden"; did you mean --hidden?`, 2},
		{"cell: gru\nout: x", `line 2: train has no setting "out"`, 2},
		{"hidden: [1, [2]]", "hidden has a list within a list", 2},
		{"hidden: {a: 1}", "hidden is no value", 2},
		{"hidden: null", "hidden is no value", 2},
		{"hidden: many", `invalid argument "many" for "--hidden"`, 2},
		{"hidden: 0", "--hidden 0; want at least 1", 2},
		{"pool: mean", "want none: a language model predicts at every step", 2},
		{"text-column: a", "--text-column goes with --table", 2},
		{"[1, 2", "want settings in JSON or YAML", 1},
		{"\x00", "want settings in JSON or YAML", 1},
		{"just words", "want settings in JSON or YAML", 1},
	} {
		if err := os.WriteFile("c.yaml", []byte(c.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		args := []string{"train", "--text", text, "--config", "c.yaml", "--seq", "8", "--batch", "4", "--steps", "1", "--sample", "0", "--out", "m", "--force", "--embed", "4"}
		if c.contents == "" {
			args = append(args, "--hidden", "8", "--layers", "1")
		}
		status, _, errs := capture(t, t.Context(), args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%q: status %d, want %d with %s\n%s", c.contents, status, c.status, c.want, errs)
		}
	}
	if status, _, errs := capture(t, t.Context(), "train", "--config", "none.yaml"); status != 1 || !strings.Contains(errs, "--config: open none.yaml") {
		t.Errorf("%d %s", status, errs)
	}
}
