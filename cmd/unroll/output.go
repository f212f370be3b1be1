package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// firstName is where train saves unless told otherwise; further runs take model-2.safetensors and so on.
const firstName = "model.safetensors"

// chooseOut settles where to save, and takes the name, so that no other run does. Release gives it back if nothing was
// saved. Nothing is overwritten unasked, and what cannot be written is found now, not after an hour of training.
func chooseOut(fl *trainFlags) (release func(), err error) {
	if fl.resume != "" && (fl.out == "" || sameFile(fl.out, fl.resume)) {
		fl.out = fl.resume
		return func() {}, errors.Wrap(atomicfile.Probe(fl.out), "--resume")
	}
	if fl.out != "" {
		if kind := foreignEnding(fl.out); kind != "" {
			return nil, usage("--out %s: training saves safetensors files; unroll export makes %s of them", fl.out, kind)
		}
		return newFile("--out", fl.out, fl.force, "choose another name, continue it with --resume, or overwrite it with --force")
	}
	if err := atomicfile.Probe(firstName); err != nil {
		return nil, err
	}
	for i := 1; ; i++ {
		fl.out = firstName
		if i > 1 {
			fl.out = fmt.Sprintf("model-%d.safetensors", i)
		}
		if release, err = atomicfile.Claim(fl.out); !errors.Is(err, os.ErrExist) {
			return release, err
		}
	}
}

// foreignEnding names the files of others that have a path's ending.
func foreignEnding(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".onnx":
		return "ONNX files"
	case ".h5", ".keras":
		return "Keras weights"
	case ".pt", ".pth":
		return "files for PyTorch"
	}
	return ""
}

// newFile takes the name of a file that a command is to write, which must be free, or --force be given.
func newFile(flag, path string, force bool, wayOut string) (release func(), err error) {
	if err := atomicfile.Probe(path); err != nil {
		return nil, errors.Wrap(err, flag)
	}
	release, err = atomicfile.Claim(path)
	if !errors.Is(err, os.ErrExist) {
		return release, errors.Wrap(err, flag)
	}
	if force {
		return func() {}, nil
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil, errors.Errorf("%s %s exists and is empty: another run may be about to write it; %s", flag, path, wayOut)
	}
	return nil, errors.Errorf("%s %s exists; %s", flag, path, wayOut)
}

// saveTo writes a file of a command other than train, where nothing is yet unless force is set.
func saveTo(cmd *cobra.Command, path string, force bool, write func(path string) error) error {
	inputs := cmd.Flags().Args()
	if f := cmd.Flags().Lookup(modelFlag); f != nil {
		inputs = append(inputs, f.Value.String())
	}
	if err := keepInputs(path, inputs...); err != nil {
		return err
	}
	release, err := newFile("--out", path, force, "choose another name, or overwrite it with --force")
	if err != nil {
		return err
	}
	defer release()
	if err := write(path); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "Saved %s\n", path)
	return err
}

// keepInputs refuses to write over a file that the command reads. Not even --force does: it is for what commands wrote.
func keepInputs(out string, inputs ...string) error {
	for _, path := range inputs {
		if sameFile(out, path) {
			return errors.Errorf("--out %s would overwrite %s, which this command reads; choose another name", out, path)
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// numbered are the names that train chooses.
var numbered = regexp.MustCompile(`^model(-\d+)?\.safetensors$`)

// newestModel is the file in a folder that train saved last under a name of its own choice, and how many there are.
func newestModel(dir string) (name string, count int) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", 0
	}
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return len(a.Name()) - len(b.Name()) }) // model-10 after model-9
	var newest time.Time
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil || !numbered.MatchString(e.Name()) || info.Size() == 0 { // an empty one is that of a run which has not saved yet
			continue
		}
		count++
		if !info.ModTime().Before(newest) {
			name, newest = e.Name(), info.ModTime()
		}
	}
	return name, count
}

// modelFlag is the flag that names the model in every command that reads one.
const modelFlag = "model"

// describeModelFlag says in a command's help which model it reads unless told.
func describeModelFlag(cmd *cobra.Command) {
	if f := cmd.Flags().Lookup(modelFlag); f != nil {
		f.DefValue = ""
		f.Usage += "; by default the newest of model.safetensors, model-2.safetensors and so on"
	}
}

// chooseModel has a command without --model read the newest of the models that train named itself, and say so.
func chooseModel(cmd *cobra.Command) error {
	f := cmd.Flags().Lookup(modelFlag)
	if f == nil || f.Changed {
		return nil
	}
	name, count := newestModel(".")
	if name == "" {
		return nil // whoever opens it says that it is missing
	}
	if err := f.Value.Set(name); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Model   %s%s\n", name, among(count))
	return nil
}

func among(count int) string {
	if count == 1 {
		return ""
	}
	return fmt.Sprintf(", the newest of %d (another: --model FILE)", count)
}
