package command

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// The containers of Amazon SageMaker run an image as `IMAGE train` and `IMAGE serve`, with everything else in files below /opt/ml:
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html

// containerRoot is where SageMaker puts the files.
const containerRoot = "/opt/ml"

// container is such a folder.
type container struct{ root string }

func (c container) path(parts ...string) string {
	return filepath.Join(append([]string{c.root}, parts...)...)
}

// arguments are the command line that `train` or `serve`, alone, stand for in a container; ok tells whether they do.
func (c container) arguments(args []string) (line []string, ok bool, err error) {
	if len(args) != 1 {
		return nil, false, nil
	}
	switch {
	case args[0] == "train" && exists(c.path("input", "config", "hyperparameters.json")):
		line, err = c.train()
		return line, true, err
	case args[0] == "serve" && exists(c.path("model")):
		line, err = c.serve()
		return line, true, err
	}
	return nil, false, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// train: each hyperparameter is a flag of `unroll train`; the file of the channel train or training is what is trained on, those of
// validation and test go to --valid and --test. A checkpoint of a training that was interrupted is resumed.
func (c container) train() ([]string, error) {
	checkpoint := c.checkpoint()
	if exists(checkpoint) {
		return []string{"train", "--resume", checkpoint}, nil
	}
	data, err := os.ReadFile(c.path("input", "config", "hyperparameters.json"))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var settings map[string]any
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, errors.Wrap(err, "hyperparameters.json")
	}
	line := []string{"train", "--out", checkpoint}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		flag := strings.ReplaceAll(strings.TrimLeft(name, "-"), "_", "-")
		if flag == "task" || strings.HasPrefix(flag, "sagemaker-") { // see called; settings of the service's own
			continue
		}
		value, ok := settings[name].(string)
		if !ok {
			return nil, errors.Errorf("hyperparameters.json: %q is no text; all values are to be texts", name)
		}
		line = append(line, "--"+flag+"="+strings.Trim(value, `"`))
	}
	for _, channel := range []struct{ name, flag string }{{"train", ""}, {"training", ""}, {"validation", "--valid"}, {"test", "--test"}} {
		file, err := c.only(channel.name)
		if err != nil {
			return nil, err
		}
		switch {
		case file == "":
		case channel.flag == "":
			line = append(line, c.called(settings, file)...)
		default:
			line = append(line, channel.flag+"="+file)
		}
	}
	return line, nil
}

// called is the file to train on: what it looks like, unless a hyperparameter names what it is (task: table, text, pairs, ...).
func (c container) called(settings map[string]any, file string) []string {
	if task, ok := settings["task"].(string); ok {
		return []string{"--" + strings.Trim(task, `"`) + "=" + file}
	}
	return []string{file}
}

// checkpoint is where a training is saved: where the service keeps it over an interruption, if it keeps anything.
func (c container) checkpoint() string {
	if exists(c.path("checkpoints")) {
		return c.path("checkpoints", "model.safetensors")
	}
	return c.path("model", "model.safetensors")
}

// only is the one file of a channel; empty if there is no such channel.
func (c container) only(channel string) (string, error) {
	folder := c.path("input", "data", channel)
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", errors.WithStack(err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, e.Name())
		}
	}
	if len(files) != 1 {
		return "", errors.Errorf("the channel %s has %d files; want one", channel, len(files))
	}
	return filepath.Join(folder, files[0]), nil
}

// serve: all models of the folder, at port 8080 of all addresses.
func (c container) serve() ([]string, error) {
	line := []string{"serve", "--listen=:8080", "--log=json"}
	files, err := filepath.Glob(c.path("model", "*"))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	models := 0
	for _, f := range files {
		switch filepath.Ext(f) {
		case ".safetensors", ".onnx", ".keras", ".h5":
			line, models = append(line, "--model="+f), models+1
		}
	}
	if models == 0 {
		return nil, errors.Errorf("%s has no model (.safetensors, .onnx, .keras, .h5)", c.path("model"))
	}
	return line, nil
}

// finish copies what was trained to where the service takes it from, and tells it why a training failed.
func (c container) finish(command string, failure error) {
	if command != "train" {
		return
	}
	if failure == nil && c.checkpoint() != c.path("model", "model.safetensors") {
		failure = c.copyModel()
	}
	if failure == nil {
		return
	}
	_ = os.MkdirAll(c.path("output"), 0o755) // if it cannot be written, the log has the reason
	_ = atomicfile.Write(c.path("output", "failure"), func(w io.Writer) error {
		_, err := fmt.Fprintln(w, failure)
		return err
	})
}

func (c container) copyModel() error {
	from, err := os.Open(c.checkpoint())
	if err != nil {
		return errors.WithStack(err)
	}
	defer from.Close()
	if err := os.MkdirAll(c.path("model"), 0o755); err != nil {
		return errors.WithStack(err)
	}
	return atomicfile.Write(c.path("model", "model.safetensors"), func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}
