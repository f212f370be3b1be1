package pretrained

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// family is a kind of network that has a model_type of its own in config.json.
type family struct {
	kind  string // the model_type
	title string
	read  func(c *config) network
}

// families is the table of what can be opened. A family that is added takes a line here and a file of its own.
func families() []family {
	return []family{
		{"mamba", "Mamba", mambaFamily},
		{"falcon_mamba", "FalconMamba", mambaFamily},
	}
}

// Families are the model_types of config.json that Load knows.
func Families() []string {
	var out []string
	for _, f := range families() {
		out = append(out, f.kind)
	}
	slices.Sort(out)
	return out
}

// familyOf finds the family that a configuration names, and reads it.
func familyOf(c *config) (family, network, error) {
	kind := c.text("model_type", "")
	for _, f := range families() {
		if f.kind != kind {
			continue
		}
		n := f.read(c)
		n.vocab = c.size("vocab_size")
		return f, n, c.err
	}
	if c.err != nil {
		return family{}, network{}, c.err
	}
	return family{}, network{}, errors.Errorf("config.json: the model_type is %q; want one of %s", kind, strings.Join(Families(), ", "))
}
