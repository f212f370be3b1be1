package command

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// sample is what a file is judged by: its name and its beginning.
type sample struct {
	path   string
	ending string // of the name, in small letters: ".csv"
	size   int64
	lines  []string // the first ones, each whole, without their ends
}

// ends tells whether the file's name ends in one of some endings.
func (s *sample) ends(endings ...string) bool { return slices.Contains(endings, s.ending) }

// likelihood is how much a file looks like the data of a task.
type likelihood int

const (
	impossible likelihood = iota
	possible              // nothing speaks against it, and nothing for it
	likely                // its name tells
	certain               // its lines tell: they would be strange as anything else
)

// sampled is how much of a file is looked at.
const sampled = 1 << 16

// hasData refuses what can be no data. It comes before the file is opened: opening a pipe waits for who writes to it.
func (s *sample) hasData() error {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil // whoever opens it says what is wrong
	}
	s.size = info.Size()
	switch {
	case info.IsDir():
		return errors.Errorf("%s is a folder; want a file", s.path)
	case !info.Mode().IsRegular():
		return errors.Errorf("%s is no regular file: say what it has with %s", s.path, dataFlags(tasks()))
	case s.size == 0:
		return errors.Errorf("%s is empty", s.path)
	case s.ending == ".safetensors":
		return usage("%s is a model: train on from it with --resume, or begin with its weights with --from", s.path)
	}
	return nil
}

// readSample reads the beginning of a file that may be data of any kind.
func readSample(path string) (*sample, error) {
	s := &sample{path: path, ending: strings.ToLower(filepath.Ext(path))}
	if err := s.hasData(); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(transform.NewReader(io.LimitReader(file, sampled), unicode.BOMOverride(unicode.UTF8.NewDecoder())))
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errors.Errorf("%s is no text, and no table in text: it has zero bytes", path)
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	if cut := strings.LastIndexByte(text, '\n'); cut >= 0 && s.size > sampled {
		text = text[:cut] // the last line is not whole
	}
	s.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return s, nil
}

// guess is the task whose data a file looks like, and by what. Of two that are as likely, it is the first.
func guess(list []task, path string) (t task, why string, err error) {
	s, err := readSample(path)
	if err != nil {
		return nil, "", err
	}
	best := impossible
	for _, each := range list {
		if l, reason := each.judge(s); l > best {
			t, best, why = each, l, reason
		}
	}
	if t == nil {
		return nil, "", usage("%s looks like no data to train on: say with %s what it is", path, dataFlags(list))
	}
	return t, why, nil
}

// takeFile has an argument of train stand for the flag that names such data: that of the model that training goes on from,
// or, without one, what the file looks like.
func takeFile(cmd *cobra.Command, list []task, args []string, known task) error {
	if len(args) == 0 {
		return nil
	}
	for _, t := range list {
		if f := cmd.Flags().Lookup(t.data()); f.Changed {
			return usage("%s and --%s %s; want one of them", args[0], f.Name, f.Value)
		}
	}
	if known != nil {
		return cmd.Flags().Set(known.data(), args[0])
	}
	t, why, err := guess(list, args[0])
	if err != nil {
		return err
	}
	tell(cmd.ErrOrStderr(), "Task", "%v, as %s (if it is something else, say so: %s)", t.kind(), why, dataFlags(list))
	return cmd.Flags().Set(t.data(), args[0])
}
