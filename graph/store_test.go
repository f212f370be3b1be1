package graph_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// draw makes one parameter with an initialiser.
func draw(t *testing.T, init graph.Init, seed uint64, shape ...int) []float64 {
	t.Helper()
	p := graph.NewParams64(seed)
	g := graph.New(p)
	g.Param("w", init, shape...)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return p.Get("w").Value().Float64s()
}

func TestInitialisers(t *testing.T) {
	const n = 200 // [200, 100]: fan-in 100, fan-out 200
	for name, c := range map[string]struct {
		init      graph.Init
		mean, std float64
		limit     float64 // of a uniform distribution
	}{
		"uniform":        {graph.Uniform(1, 3), 2, 2 / math.Sqrt(12), 0},
		"normal":         {graph.Normal(-1, 0.5), -1, 0.5, 0},
		"glorot uniform": {graph.GlorotUniform(), 0, math.Sqrt(2.0 / 300), math.Sqrt(6.0 / 300)},
		"glorot normal":  {graph.GlorotNormal(), 0, math.Sqrt(2.0 / 300), 0},
		"he uniform":     {graph.HeUniform(), 0, math.Sqrt(2.0 / 100), math.Sqrt(6.0 / 100)},
		"he normal":      {graph.HeNormal(), 0, math.Sqrt(2.0 / 100), 0},
		"constant":       {graph.Constant(4), 4, 0, 0},
	} {
		w := draw(t, c.init, 3, n, n/2)
		mean, square := 0.0, 0.0
		for _, v := range w {
			mean += v / float64(len(w))
			square += v * v / float64(len(w))
			if c.limit > 0 && math.Abs(v) > c.limit {
				t.Errorf("%s: %v is past the limit %v", name, v, c.limit)
			}
		}
		std := math.Sqrt(math.Max(square-mean*mean, 0))
		if math.Abs(mean-c.mean) > 0.02 || math.Abs(std-c.std) > 0.02*math.Max(c.std, 0.3) {
			t.Errorf("%s: mean %.4f, deviation %.4f; want %.4f, %.4f", name, mean, std, c.mean, c.std)
		}
	}
}

func TestOrthogonal(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {5, 5}, {3, 7}, {7, 3}, {100, 100}, {33, 65}, {1, 9}} {
		rows, cols := shape[0], shape[1]
		w := draw(t, graph.Orthogonal(2), 5, rows, cols)
		short := min(rows, cols)
		for i := range short {
			for j := 0; j <= i; j++ {
				dot := 0.0
				for k := 0; k < max(rows, cols); k++ {
					if rows <= cols {
						dot += w[i*cols+k] * w[j*cols+k]
					} else {
						dot += w[k*cols+i] * w[k*cols+j]
					}
				}
				want := 0.0
				if i == j {
					want = 4
				}
				if math.Abs(dot-want) > 1e-12 {
					t.Fatalf("%v: vectors %d and %d have product %v, want %v", shape, i, j, dot, want)
				}
			}
		}
	}
}

func TestBlocksAndIdentity(t *testing.T) {
	w := draw(t, graph.Blocks(graph.Constant(1), graph.Identity(3), graph.Constant(0)), 1, 6, 2)
	want := []float64{1, 1, 1, 1, 3, 0, 0, 3, 0, 0, 0, 0}
	graphtest.Close(t, "blocks", graph.Floats64(w), graph.Floats64(want), 0)
}

// A parameter's start depends on seed and name, not on what else there is; float32 is float64 rounded.
func TestSeededStarts(t *testing.T) {
	build := func(p *graph.Params, names ...string) map[string][]float64 {
		out := map[string][]float64{}
		g := graph.New(p)
		for _, n := range names {
			g.Param(n, graph.Normal(0, 1), 3)
			out[n] = graphtest.Float64s(p.Get(n).Value())
		}
		return out
	}
	a, b := build(graph.NewParams64(1), "x", "y"), build(graph.NewParams64(1), "z", "y", "x")
	c, d := build(graph.NewParams64(2), "x"), build(graph.NewParams(1), "x")
	if a["x"][0] != b["x"][0] || a["y"][2] != b["y"][2] || a["x"][0] == a["y"][0] || a["x"][0] == c["x"][0] {
		t.Error(a, b, c)
	}
	if float64(float32(a["x"][1])) != d["x"][1] {
		t.Error(a, d)
	}
}

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.safetensors")
	p := graph.NewParams(1)
	g := graph.New(p)
	g.Param("b", graph.Normal(0, 1), 3, 2)
	g.Param("a", graph.Normal(0, 1))
	p.Get("b").Value().Float32s()[0] = float32(math.Inf(-1))
	p.Get("b").Value().Float32s()[1] = math.Float32frombits(1) // denormal
	p.Get("b").Value().Float32s()[2] = float32(math.Copysign(0, -1))
	meta := map[string]string{"k": "v", "unicode": "Kiều \x00 \" \n"}
	if err := p.Save(path, meta); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint64(first); n%8 != 0 || first[8] != '{' {
		t.Errorf("header length %d, first byte %q", n, first[8])
	}
	q := graph.NewParams(9)
	got, err := q.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range meta {
		if got[k] != v {
			t.Errorf("metadata %s: %q, want %q", k, got[k], v)
		}
	}
	if q.Len() != 2 || q.At(0).Name() != "b" || len(q.At(1).Shape()) != 0 {
		t.Error(q)
	}
	for i := 0; i < p.Len(); i++ {
		for j, v := range p.At(i).Value().Float32s() {
			if math.Float32bits(v) != math.Float32bits(q.At(i).Value().Float32s()[j]) {
				t.Errorf("%s[%d] changed", p.At(i).Name(), j)
			}
		}
	}
	again := filepath.Join(dir, "again.safetensors")
	if err := q.Save(again, meta); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(again); !bytes.Equal(first, second) {
		t.Error("saving what was loaded gives other bytes")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Error("temporary files were left behind")
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	list := []graph.Named{{Name: "a", Value: graph.Floats([]float32{1, 2, 3})}, {Name: "b", Value: graph.Ints([]int{4})}}
	if err := graph.WriteSafetensors(good, list, nil); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(good)
	header := func(json string, data int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(json)))
		return append(append(b, json...), make([]byte, data)...)
	}
	for want, data := range map[string][]byte{
		"the file is empty":                                         {},
		"the header should have":                                    raw[:20],
		"the file holds 16 bytes of data":                           raw[:len(raw)-4],
		"the tensors end at byte 20, the data at byte 21":           append(bytes.Clone(raw), 0),
		"the header is not JSON":                                    header("nonsense", 0),
		"element type F8_E4M3; want F64, F32, F16":                  header(`{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`, 2),
		`two tensors are called "a"`:                                header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
		"the header is not UTF-8":                                   header("{\"a\xff\":{}}", 0),
		"the header goes on after its object":                       header("{} {}", 0),
		"the header is not JSON: ":                                  header(`[]`, 0),
		"tensor b starts at byte 0, want 8":                         header(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8),
		"bytes 8 to 4, but":                                         header(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}`, 8),
		"tensor a starts at byte -4":                                header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 0),
		"shape [0 -1] has a dimension below 0":                      header(`{"a":{"dtype":"F32","shape":[0,-1],"data_offsets":[0,0]}}`, 0),
		"needs 0 bytes, found 4":                                    header(`{"a":{"dtype":"F32","shape":[0,1],"data_offsets":[0,4]}}`, 4),
		"tensor a starts at byte 4, want 0":                         header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
		"needs 8 bytes, found 4":                                    header(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
		"shape [-1] has a dimension below 0":                        header(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4),
		"want two data offsets":                                     header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4),
		"bytes 0 to 400":                                            header(`{"a":{"dtype":"F32","shape":[100],"data_offsets":[0,400]}}`, 4),
		"__metadata__":                                              header(`{"__metadata__":{"a":1}}`, 0),
		"the header should have 4294967295":                         append(binary.LittleEndian.AppendUint64(nil, math.MaxUint32), "{}"...),
		fmt.Sprintf("has more than %d elements", dense.MaxElements): header(fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d,4],"data_offsets":[0,8]}}`, dense.MaxElements), 8),
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := graph.ReadSafetensors(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, _, err := graph.ReadSafetensors(filepath.Join(dir, "absent")); err == nil {
		t.Error("an absent file was read")
	}
	if err := graph.WriteSafetensors(filepath.Join(dir, "no", "folder"), list, nil); err == nil {
		t.Error("a file was written to an absent folder")
	}
	if err := graph.WriteSafetensors(good, append(list, list[0]), nil); err == nil || !strings.Contains(err.Error(), `two tensors are called "a"`) {
		t.Error(err)
	}
	if after, _ := os.ReadFile(good); !bytes.Equal(raw, after) {
		t.Error("a failed write changed the file")
	}
}

// Nothing of a file goes into the store when a part of it does not fit.
func TestLoadIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	list := []graph.Named{{Name: "a", Value: graph.Floats([]float32{1, 2})}, {Name: "b", Value: graph.Floats([]float32{3})}}
	if err := graph.WriteSafetensors(path, list, nil); err != nil {
		t.Fatal(err)
	}
	p := graph.NewParams(1)
	for name, v := range map[string]*tensor.Dense{"a": graph.Floats([]float32{7, 7}), "b": graph.Floats([]float32{7, 7})} {
		if _, err := p.Add(name, v); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Load(path); err == nil || !strings.Contains(err.Error(), "parameter b: want shape [2], found [1]") {
		t.Error(err)
	}
	if v := p.Get("a").Value().Float32s()[0]; v != 7 {
		t.Error("half of the file was loaded: a is", v)
	}
	q := graph.NewParams64(1)
	if _, err := q.Load(path); err == nil || q.Len() != 0 || !strings.Contains(err.Error(), "the store holds float64, found float32") {
		t.Error(err)
	}
	for want, err := range map[string]error{
		"no parameter is called x":           p.Set("x", list[0].Value),
		"the store holds float32, found int": p.Set("a", graph.Ints([]int{1, 2})),
		"a exists already":                   second(p.Add("a", list[0].Value)),
		"needs a name":                       second(p.Add("", list[0].Value)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func second(_ *graph.Param, err error) error { return err }
