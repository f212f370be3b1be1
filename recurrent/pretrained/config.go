package pretrained

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
)

// config reads the fields of a config.json. The first field that is wrong sticks, as the first mistake in a graph does, and
// comes out of err.
type config struct {
	fields map[string]json.RawMessage
	err    error
}

// parseConfig reads a config.json. Models that also see pictures have that of the language model under text_config.
func parseConfig(data []byte) (*config, error) {
	c := &config{}
	if json.Unmarshal(data, &c.fields) != nil && json.Unmarshal(finite(data), &c.fields) != nil || c.fields == nil {
		return nil, errors.New("config.json is not an object of JSON")
	}
	if inner, ok := c.fields["text_config"]; ok {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(inner, &fields); err != nil {
			return nil, errors.New("config.json: text_config is not an object")
		}
		maps.Copy(c.fields, fields)
	}
	return c, nil
}

// finite makes JSON of what Python writes: it has infinities.
func finite(data []byte) []byte {
	return bytes.ReplaceAll(data, []byte("Infinity"), []byte("1e308"))
}

// has tells whether a field is there, and not null.
func (c *config) has(name string) bool {
	v, ok := c.fields[name]
	return ok && string(v) != "null"
}

// wrong keeps the first mistake.
func (c *config) wrong(name, want string) {
	if c.err == nil {
		found := "nothing"
		if v, ok := c.fields[name]; ok {
			found = string(v)
			if len(found) > 40 {
				found = found[:40] + "…"
			}
		}
		c.err = errors.Errorf("config.json: %s is %s; want %s", name, found, want)
	}
}

// decode reads a field that is there.
func (c *config) decode(name, want string, to any) bool {
	if json.Unmarshal(c.fields[name], to) != nil {
		c.wrong(name, want)
		return false
	}
	return true
}

// size is a number of things, at least 1, that must be there.
func (c *config) size(name string) int { return c.atLeast(name, 1) }

// sizeOr is size, or another number where the field is missing.
func (c *config) sizeOr(name string, otherwise int) int {
	if !c.has(name) {
		return otherwise
	}
	return c.size(name)
}

// countOr is sizeOr for numbers that may be 0.
func (c *config) countOr(name string, otherwise int) int {
	if !c.has(name) {
		return otherwise
	}
	return c.atLeast(name, 0)
}

func (c *config) atLeast(name string, least int) int {
	want := "a whole number above 0"
	if least == 0 {
		want = "a whole number, 0 or more"
	}
	v := math.NaN()
	if !c.decode(name, want, &v) {
		return 1
	}
	if v != math.Trunc(v) || v < float64(least) || v > math.MaxInt32 || v > dense.MaxElements {
		c.wrong(name, want)
		return 1
	}
	return int(v)
}

// number is a number, or another where the field is missing.
func (c *config) number(name string, otherwise float64) float64 {
	v := otherwise
	if c.has(name) && c.decode(name, "a number", &v) && v-v != 0 {
		c.wrong(name, "a finite number")
	}
	return v
}

// flag is a truth, or another where the field is missing.
func (c *config) flag(name string, otherwise bool) bool {
	v := otherwise
	if c.has(name) {
		c.decode(name, "true or false", &v)
	}
	return v
}

// text is a word, or another where the field is missing.
func (c *config) text(name, otherwise string) string {
	v := otherwise
	if c.has(name) {
		c.decode(name, "a text", &v)
	}
	return v
}

// numbers is a list of numbers, nil where the field is missing.
func (c *config) numbers(name string) (out []float64) {
	if c.has(name) {
		c.decode(name, "a list of numbers", &out)
	}
	return out
}

// texts is a list of words, nil where the field is missing.
func (c *config) texts(name string) (out []string) {
	if c.has(name) {
		c.decode(name, "a list of texts", &out)
	}
	return out
}

// object is what stands in braces, empty where the field is missing. Its mistakes are those of c.
func (c *config) object(name string) *config {
	out := &config{}
	if c.has(name) {
		c.decode(name, "an object", &out.fields)
	}
	return out
}

// one refuses a field that has another value than those which are computed here.
func (c *config) one(name, standard string, known ...string) string {
	v := c.text(name, standard)
	if v != standard && !slices.Contains(known, v) {
		c.wrong(name, strings.Join(append([]string{standard}, known...), " or "))
	}
	return v
}

// parts divides one size by another, which must go up in it.
func (c *config) parts(what string, whole, n int) int {
	if n < 1 || whole%n != 0 {
		if c.err == nil {
			c.err = errors.Errorf("config.json: %s is %d; want a multiple of %d", what, whole, n)
		}
		return 1
	}
	return whole / n
}
