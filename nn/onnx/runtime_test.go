package onnx_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
	"gorgonia.org/tensor"
)

// interpreter is the one with onnx and onnxruntime: that which UNROLL_PYTHON names, or python3.
var interpreter = sync.OnceValues(func() (string, error) {
	name := cmp.Or(os.Getenv("UNROLL_PYTHON"), "python3")
	return name, exec.Command(name, "-c", "import onnx, onnxruntime, numpy").Run()
})

// python is the interpreter; the test is skipped where there is none.
func python(t *testing.T) string {
	t.Helper()
	name, err := interpreter()
	if err != nil {
		t.Skipf("%s cannot import onnx and onnxruntime; name another in UNROLL_PYTHON", name)
	}
	return name
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

var update = flag.Bool("update", false, "record the exported models and what ONNX Runtime gives for them")

// record keeps an exported file and ONNX Runtime's outputs in testdata/export.
func record(t *testing.T, e export, path string, m *onnx.Model, results [][]*tensor.Dense) {
	t.Helper()
	var values []graph.Named
	for i, list := range results {
		for k, v := range list {
			values = append(values, graph.Named{Name: fmt.Sprint(m.Outputs()[k].Name, sizes[i]), Value: graphtest.Float32(v)})
		}
	}
	if err := os.MkdirAll("testdata/export", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := graph.WriteSafetensors(exported(e, ".safetensors"), values, nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exported(e, ".onnx"), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func exported(e export, extension string) string {
	return filepath.Join("testdata", "export", strings.ReplaceAll(e.name, " ", "_")+extension)
}

// Where ONNX Runtime is missing: the files are still those that it ran, and its outputs still ours.
func TestExportsAreThoseThatONNXRuntimeRan(t *testing.T) {
	parse := func(path string) *onnxpb.ModelProto {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := &onnxpb.ModelProto{}
		if err := proto.Unmarshal(data, file); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, e := range exports {
		p := filled(t, e)
		b := onnx.NewBuilder(p)
		e.write(b)
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := b.Write(path); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(parse(path), parse(exported(e, ".onnx"))) {
			t.Errorf("%s is not the file that was recorded; run this test with -update where ONNX Runtime is", e.name)
		}
		m, err := onnx.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		rec, _ := graphtest.Golden(t, exported(e, ".safetensors"))
		for _, size := range sizes {
			got, err := graph.NewFunc(p, e.build).Run(e.in(size[0], size[1])...)
			if err != nil {
				t.Fatal(err)
			}
			for k, port := range m.Outputs() {
				name := fmt.Sprint(port.Name, size)
				graphtest.Close(t, e.name+" "+name, got[k], rec[name], 1e-5)
			}
		}
	}
}

// What we export gives the same in ONNX Runtime, for every number of steps and batch size.
func TestExportsRunInONNXRuntime(t *testing.T) {
	interpreter := python(t)
	for _, e := range exports {
		t.Run(e.name, func(t *testing.T) {
			p := filled(t, e)
			b := onnx.NewBuilder(p)
			e.write(b)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := b.Write(path); err != nil {
				t.Fatal(err)
			}
			m, err := onnx.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			var runs [][]*tensor.Dense
			for _, size := range sizes {
				runs = append(runs, e.in(size[0], size[1]))
			}
			worst := 0.0
			results := inRuntime(t, interpreter, path, m.Inputs(), runs)
			if *update {
				record(t, e, path, m, results)
			}
			for i, got := range results {
				want, err := graph.NewFunc(p, e.build).Run(runs[i]...)
				if err != nil {
					t.Fatal(err)
				}
				for k, port := range m.Outputs() {
					graphtest.Close(t, fmt.Sprint(port.Name, sizes[i]), got[k], want[k], 1e-5)
					for j, v := range graphtest.Float64s(want[k]) {
						worst = math.Max(worst, math.Abs(v-got[k].Float64s()[j]))
					}
				}
			}
			t.Logf("largest difference %.2g over sizes %v", worst, sizes)
		})
	}
}

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
