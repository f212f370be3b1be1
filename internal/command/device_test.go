package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// here is an engine that computes where the command runs, or refuses to.
type here struct {
	loss      *graph.Func
	optimizer optim.Optimizer
	limit     float64
	refusal   error
}

func (e *here) Begin(loss *graph.Func, o optim.Optimizer, limit float64, in ...*tensor.Dense) error {
	e.loss, e.optimizer, e.limit = loss, o, limit
	return e.refusal
}

func (e *here) Step(seed uint64, rate float64, in ...*tensor.Dense) ([]*tensor.Dense, float64, error) {
	e.loss.Seed(seed)
	out, err := e.loss.Grad(in...)
	if err != nil {
		return nil, 0, err
	}
	norm, err := optim.Update(e.optimizer, e.loss.Params(), rate, e.limit)
	return out, norm, err
}

func (e *here) Evaluate(f *graph.Func, in ...*tensor.Dense) ([]*tensor.Dense, error) {
	return f.Run(in...)
}

func (e *here) Store() error { return nil }

// onDevice runs the command of a device, whose engine may be nil.
func onDevice(t *testing.T, e *here, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return printing(t, func() int {
		return Device{Name: "unroll-here", Short: "Train", Flags: func(*pflag.FlagSet) {}, Open: func() (train.Engine, string, error) {
			if e == nil {
				return nil, "", errors.New("xla: no plugin")
			}
			return e, "this processor", nil
		}}.Main(args)
	})
}

// Models of every kind train on a device, forecasts with their averages too, and go on without one.
func TestDevice(t *testing.T) {
	dir := t.TempDir()
	reviews, series, pairs := filepath.Join(dir, "r.csv"), filepath.Join(dir, "s.csv"), filepath.Join(dir, "p.tsv")
	writeReviews(t, reviews)
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pairs, strings.Repeat("one two\tun deux\ntwo\tdeux\none\tun\ntwo one\tdeux un\n", 20))
	rows := "hour,sold\n"
	for i := range 120 {
		rows += fmt.Sprintf("%d,%d\n", i, i*i%7)
	}
	write(series, rows)
	for name, args := range map[string][]string{
		"text":   small(writeText(t, dir), filepath.Join(dir, "text.safetensors"), "--steps", "6"),
		"table":  quick(reviews, filepath.Join(dir, "table.safetensors"), "--epochs", "1"),
		"pairs":  {"train", "--pairs", pairs, "--out", filepath.Join(dir, "pairs.safetensors"), "--hidden", "6", "--embed", "6", "--epochs", "1"},
		"series": {"train", "--series", series, "--out", filepath.Join(dir, "series.safetensors"), "--hidden", "6", "--epochs", "1"},
	} {
		status, _, said := onDevice(t, &here{}, args...)
		if status != 0 || !strings.Contains(said, "Device  this processor") {
			t.Fatalf("%s: status %d\n%s", name, status, said)
		}
		must(t, "train", "--resume", filepath.Join(dir, name+".safetensors"), "--epochs", "2", "--steps", "0")
	}
}

// What a device does not do is refused before there are files.
func TestDeviceRefuses(t *testing.T) {
	text := writeText(t, t.TempDir())
	for want, with := range map[string]struct {
		e    *here
		more []string
	}{
		"no plugin": {nil, nil},
		"the engine cannot train this: operations that cannot be written: x": {&here{refusal: errors.New("operations that cannot be written: x")},
			[]string{"--log", "log.csv"}},
		"--shards does not go with unroll-here":         {&here{}, []string{"--shards", "2"}},
		"--precision bf16 does not go with unroll-here": {&here{}, []string{"--precision", "bf16"}},
		"--profile does not go with unroll-here":        {&here{}, []string{"--profile"}},
	} {
		dir := t.TempDir()
		t.Chdir(dir)
		status, _, said := onDevice(t, with.e, small(text, "m.safetensors", with.more...)...)
		if status == 0 || !strings.Contains(said, want) {
			t.Errorf("status %d; want %q:\n%s", status, want, said)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: %v is left, error %v", want, left, err)
		}
	}
}
