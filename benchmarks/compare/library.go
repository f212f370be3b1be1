package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// library is a program that does the work with one library.
type library struct {
	label   string   // for the tables' heads; empty to take the name that it reports
	path    string   // stands for the label until it has reported
	command []string // without the work's name and the flags for seconds and threads
	env     []string // KEY=value, for threads see environment
	missing string   // why it cannot run; empty if it can
}

const module = "github.com/unroll-go/unroll"

// prepare builds what is to be built. Only our own program must be there.
func prepare(ctx context.Context, o options, m machine, dir string) ([]library, error) {
	root, err := clone(ctx)
	if err != nil {
		return nil, err
	}
	ours := filepath.Join(dir, "ours")
	revision, err := output(ctx, root, "git", "describe", "--always", "--dirty", "--abbrev=10")
	if err != nil {
		revision = "of-an-unknown-commit"
	}
	if _, err := output(ctx, root, "go", "build", "-ldflags", "-X main.revision="+revision, "-o", ours, "./benchmarks/ours"); err != nil {
		return nil, fmt.Errorf("compare: building ours: %w", err)
	}
	all := []library{{label: "Unroll", path: ours, command: []string{ours}}}
	for _, p := range o.programs {
		all = append(all, find(p, nil))
	}
	if len(o.pythons) == 0 {
		o.pythons = []spec{{"", "python3"}}
	}
	for _, p := range o.pythons {
		all = append(all, pythonPeers(ctx, p, o, m, filepath.Join(root, "benchmarks", "peers"))...)
	}
	for _, name := range goPeers {
		if slices.Contains(o.peers, name) {
			all = append(all, buildPeer(ctx, filepath.Join(root, "benchmarks", "peers", name), filepath.Join(dir, name)))
		}
	}
	return all, nil
}

// clone is the folder of this repository.
func clone(ctx context.Context) (string, error) {
	root, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return "", fmt.Errorf("compare: run this in a clone of %s: %w", module, err)
	}
	return root, nil
}

// goPeers are programs in Go, in modules of their own in benchmarks/peers.
var goPeers = []string{"gorgonia", "spago", "gomlx"}

// buildPeer builds one.
func buildPeer(ctx context.Context, source, path string) library {
	l := library{path: filepath.Base(path), command: []string{path}}
	if _, err := output(ctx, source, "go", "build", "-o", path, "."); err != nil {
		l.missing = "cannot be built: " + err.Error()
	}
	return l
}

// find looks a named program up.
func find(s spec, env []string) library {
	l := library{label: s.label, path: s.path, command: []string{s.path}, env: env}
	path, err := exec.LookPath(s.path)
	if err != nil {
		l.missing = err.Error()
		return l
	}
	if path, err = filepath.Abs(path); err == nil {
		l.command[0] = path
	}
	return l
}

// threadVariables tell Go, OpenMP and the libraries for matrices how many threads to run.
var threadVariables = []string{"GOMAXPROCS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}

// environment of a process of the library.
func (l library) environment(threads int) []string {
	env := append(os.Environ(), l.env...)
	for _, v := range threadVariables {
		env = append(env, fmt.Sprintf("%s=%d", v, threads))
	}
	return env
}

// output runs a command and returns what it prints, or what it complains of.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLine(complaint.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// lastLine is where programs say what was wrong in the end.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
