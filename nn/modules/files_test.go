package modules_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/modules"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/torch"
	"gorgonia.org/tensor"
)

// filesFolder names a folder of models that packages ship, with what the packages' own code computes:
// NAME/reference.safetensors beside each file holds in/... and out/....
const filesFolder = "UNROLL_MODEL_FILES"

// shipped are the files; testdata has their descriptions, and where names are a project's own a map of them.
var shipped = map[string]string{
	"cartwright": "LSTM_RNN_Cartwright_v_0.0.1_dict.pth", "resemblyzer": "pretrained.pt",
	"arabic-morph-segmenter": "arabic_morph_segmenter_bilstm_crf.pt", "nano-ocr": "nano_ocr_ftr.pth", "beatnet": "model_1_weights.pt",
	"silero-safetensors": "silero_vad_16k.safetensors", "e2k": "model-c2k-turbo.safetensors", "g2p-en": "checkpoint20.npz",
	"unirep-64": "model_weights.npz",
}

// weightsOf reads a file of any of the formats.
func weightsOf(t *testing.T, path string) []graph.Named {
	t.Helper()
	var list []graph.Named
	var err error
	switch filepath.Ext(path) {
	case ".npz":
		list, err = numpy.Read(path)
	case ".safetensors":
		list, _, err = graph.ReadSafetensors(path)
	default:
		var f *torch.File
		if f, err = torch.Read(path); err == nil {
			_, list = f.Weights()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// described opens a description of testdata with the weights of a file.
func described(t *testing.T, name string, tensors []graph.Named) (*modules.Network, *graph.Params) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadFile(filepath.Join("testdata", name+".names.json")); err == nil {
		m, err := modules.ParseNames(names)
		if err != nil {
			t.Fatal(err)
		}
		if tensors, err = m.Apply(tensors); err != nil {
			t.Fatal(err)
		}
	}
	n, err := modules.Open(data, tensors)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	return n, p
}

// opened opens one of the shipped files, with its reference values by their names.
func opened(t *testing.T, folder, name string) (*modules.Network, *graph.Params, map[string]*tensor.Dense) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(folder, name)); err != nil || folder == "" {
		t.Skipf("%s names no folder with %s and its reference values", filesFolder, name)
	}
	list, _, err := graph.ReadSafetensors(filepath.Join(folder, name, "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]*tensor.Dense{}
	for _, e := range list {
		values[e.Name] = e.Value
	}
	n, p := described(t, name, weightsOf(t, filepath.Join(folder, name, shipped[name])))
	return n, p, values
}

// apart is the largest difference, as a share of the largest value; ids are equal or not. Axes of length 1 do not count.
func apart(t *testing.T, got, want *tensor.Dense) float64 {
	t.Helper()
	squeezed := func(s tensor.Shape) (out []int) {
		for _, d := range s {
			if d != 1 {
				out = append(out, d)
			}
		}
		return out
	}
	a, b := squeezed(got.Shape()), squeezed(want.Shape())
	if !tensor.Shape(a).Eq(tensor.Shape(b)) || got.DataSize() != want.DataSize() {
		t.Fatalf("shape %v; want %v", got.Shape(), want.Shape())
	}
	value := func(d *tensor.Dense, i int) float64 {
		switch d.Dtype() {
		case tensor.Int:
			return float64(d.Ints()[i])
		case tensor.Float64:
			return d.Float64s()[i]
		}
		return float64(d.Float32s()[i])
	}
	difference, largest := 0.0, 0.0
	for i := range want.DataSize() {
		d := math.Abs(value(got, i) - value(want, i))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		difference, largest = max(difference, d), max(largest, math.Abs(value(want, i)))
	}
	if difference == 0 {
		return 0
	}
	return difference / largest
}

// near wants a result of a run near a reference.
func near(t *testing.T, what string, got, want *tensor.Dense) {
	t.Helper()
	e := apart(t, got, want)
	t.Logf("%s %v: %.2g of the largest", what, got.Shape(), e)
	if !(e < 1e-5) {
		t.Errorf("%s is %g of the largest value away", what, e)
	}
}

// Models that packages ship as weights alone give what the packages' own code computes.
func TestShippedFiles(t *testing.T) {
	folder := os.Getenv(filesFolder)
	for _, name := range []string{"cartwright", "resemblyzer", "arabic-morph-segmenter", "nano-ocr", "beatnet", "silero-safetensors", "unirep-64"} {
		t.Run(name, func(t *testing.T) {
			n, p, values := opened(t, folder, name)
			x := values["in/"+n.Inputs()[0].Name]
			if name == "unirep-64" {
				if err := x.Reshape(x.DataSize(), 1); err != nil {
					t.Fatal(err)
				}
			}
			out, err := n.Run(p, x)
			if err != nil {
				t.Fatal(err)
			}
			if unused := n.Unused(); len(unused) > 0 && name != "resemblyzer" {
				t.Errorf("unused: %v", unused)
			}
			renamed := strings.NewReplacer("lstm_cell.h_n", "h", "lstm_cell.c_n", "c", ".c_n", "")
			for i, o := range n.Outputs() {
				at := "out/" + renamed.Replace(o.Name)
				if rest, ok := strings.CutPrefix(o.Name, "mlstm_"); ok {
					at = "out/h" + rest
					if layer, ok := strings.CutSuffix(rest, ".c_n"); ok {
						at = "out/c" + layer
					}
				}
				if values[at] == nil {
					t.Fatalf("no reference %s", at)
				}
				near(t, o.Name, out[i], values[at])
			}
		})
	}
}

// Encoders with decoders make the ids that the packages' own code makes.
func TestShippedFilesGenerate(t *testing.T) {
	folder := os.Getenv(filesFolder)
	for _, name := range []string{"e2k", "g2p-en"} {
		t.Run(name, func(t *testing.T) {
			n, p, values := opened(t, folder, name)
			words := 0
			for key, x := range values {
				word, ok := strings.CutPrefix(key, "in/")
				if !ok {
					continue
				}
				words++
				out, err := n.Run(p, x)
				if err != nil {
					t.Fatal(err)
				}
				want := values["out/"+word].Ints()
				made := out[len(out)-1].Ints()
				if name == "e2k" { // whose ids begin with begin and end with end
					want = want[1:]
				} else {
					made = made[:len(made)-1]
					near(t, word, out[0], values["out/"+word+".logits"])
				}
				near(t, "ids of "+word, graph.Ints(made), graph.Ints(want))
			}
			if words < 4 {
				t.Errorf("%d words", words)
			}
		})
	}
}

// One file of each format is trained on, and batch and steps vary.
func TestShippedFilesTrain(t *testing.T) {
	folder := os.Getenv(filesFolder)
	for name, shapes := range map[string][][]int{ // of the first input
		"cartwright": {{1, 1}, {9, 4}}, "silero-safetensors": {{1, 576}, {11, 576}}, "unirep-64": {{1, 3}, {40, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			n, p, _ := opened(t, folder, name)
			var in *tensor.Dense
			for _, shape := range shapes {
				size := shape[0] * shape[1]
				ids, floats := make([]int, size), make([]float32, size)
				for i := range size {
					ids[i], floats[i] = 1+i%20, float32(i%13)/13-0.5
				}
				if in = graph.Floats(floats, shape...); n.Inputs()[0].Ints {
					in = graph.Ints(ids, shape...)
				}
				if out, err := n.Run(p, in); err != nil || len(out) != len(n.Outputs()) {
					t.Errorf("%v: %v", shape, err)
				}
			}
			falls(t, name, n, p, []*tensor.Dense{in})
		})
	}
}
