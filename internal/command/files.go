package command

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
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/recurrent/models"
)

// firstName is where train saves unless told otherwise; further runs take model-2.safetensors and so on.
const firstName = "model.safetensors"

// load reads a model of any kind. Every command that takes a model reads it here.
func load(path string) (models.Model, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if err := otherFormat(path); err != nil {
		return nil, err
	}
	m, err := models.Load(path)
	var adapter *models.AdapterError
	if errors.As(err, &adapter) {
		m, err = loadBeside(adapter.Base, path)
	}
	if errors.Is(err, os.ErrNotExist) && path == firstName {
		return nil, errors.Errorf("open %s: no such file; unroll train makes one, and --model names another", path)
	}
	if err != nil {
		return nil, err
	}
	return m, checkOrigin(path, m)
}

// modelFlags are those of a command that uses a trained model.
type modelFlags struct{ path, adapter, weights string }

func (m *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&m.path, modelFlag, firstName, "checkpoint of the model")
	cmd.Flags().StringVar(&m.adapter, "adapter", "", "adapter for the model: a file of unroll tune, or a folder of PEFT")
	weightsFlag(cmd, &m.weights)
}

func weightsFlag(cmd *cobra.Command, weights *string) {
	cmd.Flags().StringVar(weights, "weights", graph.FullWeights.String(),
		"how weights are read: float32, or with less memory to read and some error, bf16 or int8")
}

// load reads the model, and has it read its weights as the flag says.
func (m *modelFlags) load() (models.Model, error) {
	format, err := weightFormat(m.weights)
	if err != nil {
		return nil, err
	}
	model, err := m.read()
	if err != nil {
		return nil, err
	}
	return model, model.SetWeightFormat(format)
}

// read reads the model with its adapter.
func (m *modelFlags) read() (models.Model, error) {
	if err := noAdapter(m.path); err != nil {
		return nil, err
	}
	if m.adapter == "" {
		return load(m.path)
	}
	return loadBeside(m.path, m.adapter)
}

// weightFormat reads the flag.
func weightFormat(name string) (graph.WeightFormat, error) {
	format, err := graph.ParseWeightFormat(name)
	if err != nil {
		return format, usage("--weights %q; want float32, bf16 or int8", name)
	}
	return format, nil
}

// checkOrigin refuses a record of a model's data that makes no sense: it is a part of the file, and input like any other.
func checkOrigin(path string, m models.Model) error {
	err := taskOf(tasks(), m.Kind()).check(m.Config())
	var setting badSetting
	if errors.As(err, &setting) {
		return errors.Errorf("%s: its configuration has %s %s", path, models.FileField(setting.field), setting.problem)
	}
	return errors.Wrap(err, path)
}

// regular refuses what is no regular file. Anyone may have written the record of a model that names a file, and a device
// or a pipe may have no end.
func regular(path string) error {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil // whoever opens it says what is wrong
	case info.IsDir():
		if err := noAdapter(path); err != nil {
			return err
		}
		return errors.Errorf("%s is a folder; want a file", path)
	case !info.Mode().IsRegular():
		return errors.Errorf("%s is no regular file", path)
	}
	return nil
}

// noAdapter says what to do with a folder of PEFT that was taken for a model.
func noAdapter(path string) error {
	if _, err := os.Stat(filepath.Join(path, peft.ConfigFile)); err != nil {
		return nil
	}
	return usage("%s is an adapter: name it with --adapter, and the model that it changes with --model", path)
}

// wrongKind is the error of a command that wants another kind of model.
func wrongKind(path string, m models.Model, want models.Kind) error {
	return errors.Errorf("%s is a %v; want a %v", path, m.Kind(), want)
}

// foreignEnding names the files of others that have a path's ending.
func foreignEnding(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".onnx":
		return "ONNX files"
	case ".keras":
		return "Keras models"
	case ".h5":
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
	return saveAs(cmd, "--out", path, force, write)
}

// saveAs is saveTo for a file that another flag names.
func saveAs(cmd *cobra.Command, flag, path string, force bool, write func(path string) error) error {
	return saveAll(cmd, flag, []string{path}, force, func() error { return write(path) })
}

// saveAll is saveAs for all files that write writes.
func saveAll(cmd *cobra.Command, flag string, paths []string, force bool, write func() error) error {
	inputs := cmd.Flags().Args()
	if f := cmd.Flags().Lookup(modelFlag); f != nil {
		inputs = append(inputs, f.Value.String())
	}
	if f := cmd.Flags().Lookup("file"); f != nil {
		inputs = append(inputs, f.Value.String())
	}
	return saveBeside(cmd, flag, paths, inputs, force, write)
}

// saveBeside is saveAll for a command that reads the files of inputs.
func saveBeside(cmd *cobra.Command, flag string, paths, inputs []string, force bool, write func() error) error {
	var releases []func()
	defer func() {
		for _, release := range releases {
			release()
		}
	}()
	for _, path := range paths {
		if err := keepInputs(flag, path, inputs...); err != nil {
			return err
		}
		release, err := newFile(flag, path, force, "choose another name, or overwrite it with --force")
		if err != nil {
			return err
		}
		releases = append(releases, release)
	}
	if err := write(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "Saved %s\n", strings.Join(paths, " and "))
	return err
}

// keepInputs refuses to write over a file that the command reads. Not even --force does: it is for what commands wrote.
func keepInputs(flag, out string, inputs ...string) error {
	for _, path := range inputs {
		if sameFile(out, path) {
			return errors.Errorf("%s %s would overwrite %s, which this command reads; choose another name", flag, out, path)
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
	if f := cmd.Flags().Lookup(modelFlag); f != nil && f.DefValue != "" {
		f.DefValue = ""
		f.Usage += "; by default the newest of model.safetensors, model-2.safetensors and so on"
	}
}

// chooseModel has a command without --model read the newest of the models that train named itself, and say so.
func chooseModel(cmd *cobra.Command) error {
	f := cmd.Flags().Lookup(modelFlag)
	if f == nil || f.Changed || f.Value.String() == "" { // import may do without one
		return nil
	}
	if a := cmd.Flags().Lookup("adapter"); a != nil && a.Value.String() != "" {
		if base := baseOf(a.Value.String()); base != "" { // it knows its model
			return f.Value.Set(base)
		}
	}
	name, count := newestModel(".")
	if name == "" {
		return nil // whoever opens it says that it is missing
	}
	if err := f.Value.Set(name); err != nil {
		return err
	}
	tell(cmd.ErrOrStderr(), "Model", "%s%s", name, among(count))
	return nil
}

func among(count int) string {
	if count == 1 {
		return ""
	}
	return fmt.Sprintf(", the newest of %d (another: --model FILE)", count)
}

// untold is the error of a model that a Go program trained: only the command writes down which table or text it was.
func untold(what string) error {
	return errors.Errorf("the model does not tell which %s it was trained on, since another program trained it; "+
		"judge it by one with unroll eval --%s", what, what)
}

// ownData are the data that a model was trained on, in the words of messages.
type ownData struct {
	flag    string // names others
	called  string // "the model's own table (another one: --table)"
	file    string
	changed string // what to do if it has changed
}

// same refuses data that are not told of, or have changed since the model was trained.
func (d ownData) same(own models.Origin, hash func(models.Origin) (string, error)) error {
	if own.Hash == "" {
		return untold(d.flag)
	}
	now, err := hash(own)
	if err != nil {
		return errors.Wrap(err, d.called)
	}
	if now != own.Hash {
		return errors.Errorf("%s has changed since the model was trained: %s", d.file, d.changed)
	}
	return nil
}

// knownEnding refuses a name that does not say which framework a file is for.
func knownEnding(flag, path string) error {
	for _, ending := range models.Formats() {
		if strings.HasSuffix(path, ending) {
			return nil
		}
	}
	return usage("%s %q; want a name that ends in %s", flag, path, oneOf(models.Formats()))
}
