package torch_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/torch"
)

// Every tensor of the files that testdata/record.py made with PyTorch is read as PyTorch reads it, and there are no others.
func TestRecorded(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.safetensors")
	if err != nil || len(paths) < 21 {
		t.Fatal(paths, err)
	}
	for _, golden := range paths {
		name := strings.TrimSuffix(filepath.Base(golden), ".safetensors")
		t.Run(name, func(t *testing.T) {
			want, _ := graphtest.Golden(t, golden)
			f, err := torch.Read(filepath.Join("testdata", name+".pt"))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range f.Tensors {
				w, ok := want[v.Name]
				if !ok {
					t.Errorf("%s is not in the file", v.Name)
					continue
				}
				if !slices.Equal(v.Value.Shape(), w.Shape()) || v.Value.Dtype() != w.Dtype() {
					t.Errorf("%s: %v %v; want %v %v", v.Name, v.Value.Shape(), v.Value.Dtype(), w.Shape(), w.Dtype())
				} else if w.Shape().TotalSize() > 0 {
					graphtest.Close(t, v.Name, v.Value, w, 0)
				}
				delete(want, v.Name)
			}
			for name := range want {
				t.Errorf("%s is missing", name)
			}
		})
	}
}

// A checkpoint is tensors, plain values and the names of its state dicts, in every form the same.
func TestCheckpoint(t *testing.T) {
	for _, form := range []string{"zip", "legacy", "protocol3", "protocol4", "protocol5"} {
		f, err := torch.Read("testdata/checkpoint_" + form + ".pt")
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"epoch": "3", "loss": "0.25", "best": `NaN`, "name": "tagger é", "big": "1208925819614629174706176", "labels": `["A","B"]`,
			"table": `{"2":[null,true],"a":1}`, "device": "cpu", "dtype": "torch.float16", "size": "[2,3]", "set": "[1]", "score": "0.5", "count": "7",
			"args": `{"__class__":"argparse.Namespace","hidden":[3,4],"lr":0.1}`, "raw": `"AP8="`, "counter": `{"a":2,"b":1}`, "default": `{"x":[1]}`,
		} {
			if got := f.Values[name]; got != want {
				t.Errorf("%s: %s is %s; want %s", form, name, got, want)
			}
		}
		if !strings.Contains(f.Values["optimizer_state.param_groups"], `"lr":0.001`) {
			t.Error(f.Values)
		}
		state, weights := f.Weights()
		if !slices.Equal(f.States, []string{"model_state", "arrays"}) || state != "" || len(weights) != len(f.Tensors) {
			t.Errorf("%s: state dicts %q, weights of %q", form, f.States, state)
		}
		weights, err = f.State("model_state")
		if err != nil || len(weights) != 17 || weights[0].Name != "scale" {
			t.Errorf("%s: %d tensors, %v", form, len(weights), err)
		}
		p := graph.NewParams(1)
		if err := p.SetAll(weights); err == nil || !strings.Contains(err.Error(), "mask") && !strings.Contains(err.Error(), "num_batches") {
			t.Error(err)
		}
	}
}

func TestWeights(t *testing.T) {
	for file, want := range map[string]int{"state_zip": 17, "module_legacy": 6, "script": 17} {
		f, err := torch.Read("testdata/" + file + ".pt")
		if err != nil {
			t.Fatal(err)
		}
		if state, weights := f.Weights(); state != "" || len(weights) != want || len(f.States) != 1 {
			t.Errorf("%s: %q of %q, %d tensors; want %d", file, state, f.States, len(weights), want)
		}
	}
	f, err := torch.Read("testdata/state_zip.pt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.State("nowhere"); err == nil || !strings.Contains(err.Error(), `no tensors under "nowhere"`) {
		t.Error(err)
	}
}
