package command

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
	"go.yaml.in/yaml/v3"
)

// settings are flags of train by their names, as a file has them, in JSON or YAML.
type settings map[string]string

// notSettings are the flags of train that a file cannot have: they are about one run.
var notSettings = []string{"config", "resume", "out", "log", "force", "profile", helpAll, "help"}

// readSettings reads a file of settings. JSON is YAML, too.
func readSettings(cmd *cobra.Command, path string) (settings, error) {
	if path == "" {
		return nil, nil
	}
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "--config")
	}
	var entries map[string]yaml.Node
	if err := yaml.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &entries); err != nil {
		return nil, errors.Errorf("--config %s: want settings in JSON or YAML, such as {\"hidden\": 256}: %v",
			path, strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", ""))
	}
	out := settings{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		node := entries[name]
		f := cmd.Flags().Lookup(name)
		if f == nil || slices.Contains(notSettings, name) {
			const unknown = "unknown flag: --"
			hint := strings.TrimPrefix(suggestFlag(cmd, errors.New(unknown+name)).Error(), unknown+name)
			return nil, usage("--config %s, line %d: train has no setting %q%s", path, node.Line, name, hint)
		}
		value, err := settingOf(&node)
		if err != nil {
			return nil, usage("--config %s, line %d: %s %v", path, node.Line, name, err)
		}
		out[name] = value
	}
	return out, nil
}

// settingOf is the value of an entry as the command line would have it: lists are joined by commas.
func settingOf(node *yaml.Node) (string, error) {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag != "!!null":
		return node.Value, nil
	case node.Kind == yaml.SequenceNode:
		var out []string
		for _, each := range node.Content {
			if each.Kind != yaml.ScalarNode {
				return "", errors.New("has a list within a list; want names or numbers")
			}
			out = append(out, each.Value)
		}
		return (words{list: &out}).String(), nil
	}
	return "", errors.New("is no value; want a number, a text, true or false, or a list of such")
}

// applied sets the flags of a file that the command line does not give. Data on the command line are in place of the file's.
func (s settings) applied(cmd *cobra.Command, path string, list []task) error {
	given := map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = true })
	for _, t := range list {
		if given[t.data()] {
			for _, other := range list {
				given[other.data()] = true
			}
			break
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if given[name] {
			continue
		}
		if err := cmd.Flags().Set(name, s[name]); err != nil {
			return usage("--config %s: %v", path, err)
		}
	}
	return nil
}

// dataOf is the task whose data a file of settings names, or nil.
func (s settings) dataOf(list []task) task {
	for _, t := range list {
		if s[t.data()] != "" {
			return t
		}
	}
	return nil
}

// used are the settings that a run goes by.
func (p *plan) used(cmd *cobra.Command, fl trainFlags) map[string]any {
	out := map[string]any{}
	add := func(f *pflag.Flag) {
		if list, ok := f.Value.(words); ok && *list.list == nil || !ok && f.Value.String() == "" || slices.Contains(notSettings, f.Name) {
			return // as it is without a setting
		}
		out[f.Name] = f.Value.String()
		switch f.Value.Type() {
		case "int", "uint64", "float64", "bool":
			out[f.Name] = json.RawMessage(f.Value.String())
		}
	}
	fl.own.of(p.task).VisitAll(add)
	c := p.config
	flagsOf(p.task, &c).VisitAll(func(f *pflag.Flag) {
		delete(out, f.Name) // what the run found out is in the configuration alone
		add(f)
	})
	for _, name := range []string{"save-every", "precision", "from"} {
		add(cmd.Flags().Lookup(name))
	}
	if fl.newTokens {
		add(cmd.Flags().Lookup("new-tokens"))
	}
	if c.Origin.TestFile != "" {
		delete(out, "test-part")
	}
	return out
}

// settingsPath is where the settings of a run stand: beside the model.
func settingsPath(model string) string {
	return strings.TrimSuffix(model, ".safetensors") + ".config.json"
}

// saveSettings writes the settings of a run beside its model, and says so. A file that is there stays, unless the model is
// to be overwritten, too.
func (p *plan) saveSettings(cmd *cobra.Command, fl trainFlags) error {
	w, path := cmd.ErrOrStderr(), settingsPath(fl.out)
	if _, err := os.Stat(path); err == nil && !fl.force && fl.out != fl.resume {
		tell(w, "Config", "%s is there, and stays as it is (--force)", path)
		return nil
	}
	tell(w, "Config", "%s", path)
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return errors.Wrap(e.Encode(p.used(cmd, fl)), path)
	})
}
