package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// peer is a program in Python that measures another library.
type peer struct {
	name   string   // for -peers
	script string   // in benchmarks/peers
	module string   // what it needs
	flags  []string // that come first
}

var peers = []peer{
	{"torch", "torch_rnn.py", "torch", nil},
	{"compile", "torch_rnn.py", "torch", []string{"--compile"}},
	{"onnxruntime", "onnxruntime_rnn.py", "onnxruntime", nil},
	{"jax", "jax_rnn.py", "jax", nil},
}

func peerNames() (names []string) {
	for _, p := range peers {
		names = append(names, p.name)
	}
	return append(names, goPeers...)
}

// parsePeers reads names separated by commas; none is a choice too.
func parsePeers(s string) (names []string, err error) {
	for name := range strings.SplitSeq(s, ",") {
		if name == "" {
			continue
		}
		if !slices.Contains(peerNames(), name) {
			return nil, fmt.Errorf("want some of %s, found %q", strings.Join(peerNames(), ","), name)
		}
		names = append(names, name)
	}
	return names, nil
}

// pythonPeers are the programs that are asked for, run by one Python.
func pythonPeers(ctx context.Context, s spec, o options, m machine, dir string) (all []library) {
	for _, p := range peers {
		if !slices.Contains(o.peers, p.name) {
			continue
		}
		l := find(s, pythonEnvironment(m, o.malloc, os.LookupEnv))
		if l.label != "" && p.name != "torch" {
			l.label += " " + p.name
		}
		if l.path += " " + p.name; l.missing == "" {
			_, err := output(ctx, "", l.command[0], "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('"+p.module+"'))")
			if err != nil {
				l.missing = s.path + " has no module " + p.module
			}
		}
		l.command = append(append(l.command, "-B", filepath.Join(dir, p.script)), p.flags...) // -B: no files beside the script
		all = append(all, l)
	}
	return all
}

// pythonEnvironment is what makes PyTorch faster, unless the caller has decided otherwise: see torch_rnn.py.
func pythonEnvironment(m machine, malloc bool, lookup func(string) (string, bool)) (env []string) {
	set := func(key, value string) {
		if given, ok := lookup(key); ok {
			value = given
		}
		env = append(env, key+"="+value)
	}
	if m.has("avx512f") {
		set("OPENBLAS_CORETYPE", "SkylakeX")
	}
	if malloc {
		set("MALLOC_MMAP_THRESHOLD_", "1000000000")
		set("MALLOC_TRIM_THRESHOLD_", "2000000000")
	}
	return env
}
