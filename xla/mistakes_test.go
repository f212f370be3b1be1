package xla

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/stablehlo"
)

func mistaken(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("want an error with %q, found %v", want, err)
	}
}

// What can go wrong where there is no plugin.
func TestMistakesWithoutPlugin(t *testing.T) {
	t.Setenv(PluginVariable, "")
	_, err := Open("")
	mistaken(t, err, "no plugin: want the path")
	_, err = Open(filepath.Join(t.TempDir(), "none.so"))
	mistaken(t, err, "none.so")
	text := filepath.Join(t.TempDir(), "text.so")
	check(t, os.WriteFile(text, []byte("no library"), 0o600))
	_, err = Open(text)
	mistaken(t, err, "text.so")
	self, err := os.Executable()
	check(t, err)
	program, err := os.ReadFile(self)
	check(t, err)
	cut := filepath.Join(t.TempDir(), "cut.so")
	check(t, os.WriteFile(cut, program[:len(program)/2], 0o600))
	_, err = Open(cut)
	mistaken(t, err, "cut.so")
	var c *Client
	_, err = c.Compile("x", nil)
	mistaken(t, err, "there is no client")
	_, err = c.Upload(graph.Floats([]float32{1}, 1))
	mistaken(t, err, "there is no client")
	_, err = NewSession(c, nil, nil, stablehlo.Training{})
	mistaken(t, err, "there is no client")
	_, err = (*Executable)(nil).Run()
	mistaken(t, err, "there is no executable")
	_, err = (*Buffer)(nil).Download()
	mistaken(t, err, "there is no buffer")
}

// Tables that are not those of an interface that is known here.
func TestInterfaces(t *testing.T) {
	whole := api{size: unsafe.Sizeof(api{})}
	for i := range whole.functions {
		whole.functions[i] = 1
	}
	check(t, whole.usable())
	mistaken(t, (*api)(nil).usable(), "no interface")
	old, other, less := whole, whole, whole
	old.size -= 8
	mistaken(t, old.usable(), "too old")
	other.version.major = 1
	mistaken(t, other.usable(), "version 1.0")
	less.functions[executableExecute] = 0
	mistaken(t, less.usable(), "lacks function 55")
}

// What a plugin or its device refuses.
func TestMistakes(t *testing.T) {
	c := client(t)
	_, err := c.Compile("module {", nil)
	mistaken(t, err, "xla: compile: PJRT")
	_, err = c.Compile("", nil)
	mistaken(t, err, "the text is empty")
	_, err = c.Upload(nil)
	mistaken(t, err, "want a tensor")
	_, err = c.Upload(graph.Ints([]int{1 << 40}))
	mistaken(t, err, "does not fit 32 bits")
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Log(in[0])} })
	s, err := NewSession(c, f, p, stablehlo.Training{})
	check(t, err)
	defer s.Close()
	_, err = s.Run(graph.Floats([]float32{-1}, 1))
	mistaken(t, err, "output 0 is not finite")
	_, err = s.Run(nil)
	mistaken(t, err, "an input is nil")
	_, err = s.Step(1, graph.Floats([]float32{1}, 1))
	mistaken(t, err, "has no optimiser")
}
