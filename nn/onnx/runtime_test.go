package onnx_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// python is the interpreter with onnx and onnxruntime; the test is skipped where there is none.
func python(t *testing.T) string {
	t.Helper()
	return testutil.Python(t, "UNROLL_PYTHON", "import onnx, onnxruntime, numpy")
}

// server is a process of runtime.py, which takes a job after the other: an interpreter takes a second to start.
type server struct {
	jobs       io.Writer
	answers    *bufio.Reader
	complaints *os.File // what it and ONNX Runtime write to standard error
}

// running is the process that there is. It ends with the tests, which close its input.
var running *server

// start makes a process.
func start(name string) (*server, error) {
	complaints, err := os.CreateTemp("", "runtime")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(complaints.Name())
	cmd := exec.Command(name, "testdata/runtime.py")
	cmd.Stderr = complaints
	jobs, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &server{jobs, bufio.NewReader(answers), complaints}, cmd.Start()
}

// ask gives the answer to a job, and what was complained of.
func (s *server) ask(job []byte) (answer []byte, complaints string, err error) {
	before, err := s.complaints.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", err
	}
	if _, err = s.jobs.Write(append(job, '\n')); err == nil {
		answer, err = s.answers.ReadBytes('\n')
	}
	said, failed := io.ReadAll(io.NewSectionReader(s.complaints, before, math.MaxInt32))
	return answer, string(said), cmp.Or(err, failed)
}

// jsonTensor is a tensor on its way to runtime.py or back.
type jsonTensor struct {
	Name  string    `json:"name"`
	Shape []int     `json:"shape"`
	Ints  bool      `json:"ints"`
	Data  []float64 `json:"data"`
}

// inRuntime runs a file in ONNX Runtime, once for each list of inputs.
func inRuntime(t *testing.T, interpreter, path string, ports []onnx.Port, runs [][]*tensor.Dense) [][]*tensor.Dense {
	t.Helper()
	job := struct {
		Model string         `json:"model"`
		Runs  [][]jsonTensor `json:"runs"`
	}{Model: path}
	for _, in := range runs {
		var list []jsonTensor
		for i, p := range ports {
			list = append(list, jsonTensor{p.Name, in[i].Shape(), p.Ints, graphtest.Float64s(in[i])})
		}
		job.Runs = append(job.Runs, list)
	}
	input, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if running == nil {
		if running, err = start(interpreter); err != nil {
			t.Fatal(err)
		}
	}
	answer, complaints, err := running.ask(input)
	found := slices.DeleteFunc(strings.Split(complaints, "\n"), func(line string) bool {
		return strings.Trim(line, "\x1b[0m") == "" || strings.Contains(line, "VerifyOutputSizes") // a shipped file that says shapes wrong
	})
	if err != nil || len(found) > 0 {
		running = nil
		t.Fatalf("%v\n%s", err, complaints)
	}
	var results [][]jsonTensor
	if err := json.Unmarshal(answer, &results); err != nil {
		t.Fatal(err)
	}
	values := make([][]*tensor.Dense, len(results))
	for i, list := range results {
		for _, v := range list {
			values[i] = append(values[i], graph.Floats64(v.Data, v.Shape...))
		}
	}
	return values
}

var update = flag.Bool("update", false, "record what ONNX Runtime gives for the exported models")

// A model of PyTorch's that was read, changed and written again gives in ONNX Runtime what it gives here.
func TestReadModelsAreWrittenAgain(t *testing.T) {
	interpreter := python(t)
	rec, _ := graphtest.Golden(t, "testdata/torch.safetensors")
	for _, name := range cases(t, "torch") {
		m := read(t, "torch", name)
		p, err := m.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < p.Len(); i++ {
			for k, v := range p.At(i).Value().Float32s() {
				p.At(i).Value().Float32s()[k] = v + 0.01*float32(k%7-3)
			}
		}
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := m.Write(path, p); err != nil {
			t.Fatal(err)
		}
		in := inputs(m, name, rec)
		want, err := graph.NewFunc(p, m.Build).Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		got := inRuntime(t, interpreter, path, m.Inputs(), [][]*tensor.Dense{in})[0]
		for i, port := range m.Outputs() {
			graphtest.Close(t, name+" "+port.Name, got[i], want[i], 1e-5)
		}
	}
}
