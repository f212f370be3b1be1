package misuse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/models"
)

const text = "the cat sat on the mat\nthe dog sat on the log\n\nA cat, a dog.\n"

// fixturesOf are the files that the functions of a package read, or at least may meet.
var fixturesOf = map[string][]string{
	"graph":     {"weights.safetensors"},
	"graphtest": {"weights.safetensors"},
	"train":     {"checkpoint.safetensors"},
	"onnx":      {"model.onnx"},
	"keras":     {"lstm.weights.h5"},
	"numpy":     {"arrays.npz"},
	"torch":     {"state.pt"},
	"models":    tinyFiles(),
	"datasets":  {"book.txt", "book.ids", "vocabulary.json", "bpe.json", "rows.csv", "rows.tsv", "lines.jsonl", "bank.conllu", "bank.conll"},
}

// writeFixtures makes a right file of every kind.
func writeFixtures(t *testing.T, folder string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	write := func(name, data string) { check(os.WriteFile(in(name), []byte(data), 0o644)) }
	write("book.txt", text)
	write("rows.csv", "a,b,c\n1,2,x\n3,,\"y\nz\"\n")
	write("rows.tsv", "a\tb\tc\n1\t2\tx\n")
	write("lines.jsonl", "{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": null, \"b\": [1]}\n")
	write("bank.conllu", "# text = The cat\n1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_\n2\tcat\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n\n")
	write("bank.conll", "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n")
	v, err := datasets.Characters(text)
	check(err)
	data, err := v.MarshalJSON()
	check(err)
	write("vocabulary.json", string(data))
	b, err := datasets.BPETrainer{Size: 260}.Train(text)
	check(err)
	check(b.Save(in("bpe.json")))
	ids, err := datasets.EncodeFile(in("book.txt"), in("book.ids"), v)
	check(err)
	check(ids.Close())
	check(newStore().Save(in("weights.safetensors"), map[string]string{"a": "b"}))
	keras, err := os.ReadFile(filepath.FromSlash("../../nn/keras/testdata/lstm.weights.h5"))
	check(err)
	write("lstm.weights.h5", string(keras))
	arrays := []graph.Named{{Name: "w", Value: graph.Floats([]float32{1, 2}, 2)}}
	check(numpy.Write(in("arrays.npz"), arrays))
	check(torch.Write(in("state.pt"), arrays))

	o := onnx.NewBuilder(newStore())
	for _, v := range o.Apply(tinyNetwork, o.Tokens("ids")) {
		o.Output("y", v)
	}
	check(o.Write(in("model.onnx")))

	w := newWorld(t, rand.New(rand.NewPCG(0, 0)), nil, 0, "train", folder, folder)
	l := makers[reflect.TypeFor[*train.Loop]()](w, "").(*train.Loop)
	l.Saving.Path = in("checkpoint.safetensors")
	_, err = l.Run(context.Background())
	check(err)

	for k, name := range tinyFiles() {
		check(tinyModel(models.Kind(k), folder).Save(in(name)))
	}
}

// tinyNetwork looks ids up, walks them and makes logits, with weights of newStore.
func tinyNetwork(g *graph.Graph, in []graph.Node) []graph.Node {
	x := nn.Embedding{Tokens: 5, Size: 3}.Apply(g.Scope("embedding"), in[0])
	h, _ := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: 3}, x, recurrent.Options{})
	return []graph.Node{nn.Dense{Units: 4}.Apply(g.Scope("dense"), h)}
}

// fixture gives a copy of a right file, which the call may overwrite.
func (w *world) fixture(name string) string {
	data, err := os.ReadFile(filepath.Join(w.fixtures, name))
	if err != nil {
		panic(err)
	}
	return w.file(name, data)
}

func (w *world) file(name string, data []byte) string {
	w.files++
	path := filepath.Join(w.home(), fmt.Sprint(w.files, name))
	if err := os.WriteFile(path, data, 0o644); err != nil {
		panic(err)
	}
	return path
}

// home is the folder of this call; it is made when first needed.
func (w *world) home() string {
	if err := os.MkdirAll(w.folder, 0o755); err != nil {
		panic(err)
	}
	return w.folder
}

// newPath is one where nothing is yet.
func (w *world) newPath() string {
	w.files++
	return filepath.Join(w.home(), fmt.Sprint("new", w.files))
}

// path draws the name of a file: one to read, one to write, one that is damaged, one that cannot be.
func (w *world) path() string {
	list := fixturesOf[w.pkg]
	if len(list) == 0 {
		list = fixturesOf["datasets"]
	}
	name := pick(w, list)
	if !w.wrong() {
		if w.IntN(3) == 0 {
			ends := map[string][]string{"chart": {".png", ".svg"}, "onnx": {".onnx"}, "keras": {".weights.h5"}}[w.pkg]
			return w.newPath() + pick(w, append(ends, ""))
		}
		return w.fixture(name)
	}
	switch w.IntN(8) {
	case 0:
		return w.home()
	case 1:
		return filepath.Join(w.fixture(name), "below-a-file")
	case 2:
		return filepath.Join(w.home(), "none", "none", name)
	case 3:
		return w.readOnly(name)
	case 4, 5:
		return w.file(name, w.damaged(name))
	case 6:
		return filepath.Join(w.home(), "a\x00b")
	default:
		return filepath.Join(w.home(), strings.Repeat("x", 5000))
	}
}

// readOnly is a path in a folder that nothing can be written to (but by root).
func (w *world) readOnly(name string) string {
	folder := w.newPath()
	if err := os.Mkdir(folder, 0o555); err != nil {
		panic(err)
	}
	return filepath.Join(folder, name)
}

// damaged is the content of a right file, cut off or with some bytes changed.
func (w *world) damaged(name string) []byte {
	data, err := os.ReadFile(filepath.Join(w.fixtures, name))
	if err != nil {
		panic(err)
	}
	if w.IntN(2) == 0 {
		return data[:w.IntN(len(data))]
	}
	data = slices.Clone(data)
	for range 1 + w.IntN(8) {
		data[w.IntN(len(data))] = byte(w.IntN(256))
	}
	return data
}

func (w *world) reader() io.Reader {
	list := fixturesOf["datasets"]
	right, err := os.ReadFile(filepath.Join(w.fixtures, pick(w, list)))
	if err != nil {
		panic(err)
	}
	if !w.wrong() {
		return bytes.NewReader(right)
	}
	switch w.IntN(6) {
	case 1:
		return iotest.ErrReader(errDrawn)
	case 2:
		return iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(right)))
	case 3:
		return iotest.TimeoutReader(bytes.NewReader(right))
	case 4:
		return bytes.NewReader(w.damaged(pick(w, list)))
	case 5:
		return strings.NewReader("\xff\xfe\x00")
	default:
		return w.closedFile()
	}
}

func (w *world) writer() io.Writer {
	if !w.wrong() {
		return &bytes.Buffer{}
	}
	if w.IntN(2) == 0 {
		return failing{}
	}
	return w.closedFile()
}

func (w *world) closedFile() *os.File {
	f, err := os.Open(w.fixture("book.txt"))
	if err != nil {
		panic(err)
	}
	f.Close()
	return f
}

type failing struct{}

func (failing) Write(p []byte) (int, error) { return len(p) / 2, errors.New("the disk is full") }

func datasetMakers() {
	maker(func(w *world, name string) *datasets.Vocabulary {
		v, err := pick(w, []func(string) (*datasets.Vocabulary, error){datasets.Characters,
			func(s string) (*datasets.Vocabulary, error) { return datasets.Words(s, 5) },
			func(s string) (*datasets.Vocabulary, error) { return datasets.Labels(strings.Fields(s)[:2]) }})(text)
		if err != nil {
			panic(err)
		}
		return v
	})
	maker(func(w *world, name string) *datasets.BPE {
		b, err := datasets.LoadBPE(filepath.Join(w.fixtures, "bpe.json"))
		if err != nil {
			panic(err)
		}
		return b
	})
	maker(func(w *world, name string) datasets.Tokenizer {
		if w.wrong() {
			return pick(w, []datasets.Tokenizer{ownTokenizer{-1}, ownTokenizer{maxInt}})
		}
		t := pick(w, []reflect.Type{reflect.TypeFor[*datasets.Vocabulary](), reflect.TypeFor[*datasets.BPE]()})
		if v := w.draw(t, ""); !v.IsNil() {
			return v.Interface().(datasets.Tokenizer)
		}
		return nil
	})
	maker(func(w *world, name string) *datasets.IDFile {
		f, err := datasets.OpenIDs(w.fixture("book.ids"))
		if err != nil {
			panic(err)
		}
		w.closers = append(w.closers, func() { f.Close() })
		if w.wrong() {
			f.Close()
		}
		return f
	})
	maker(func(w *world, name string) *datasets.Rows {
		r, err := datasets.CSV{}.Read(w.reader(), "rows")
		if err != nil { // the reader is at fault
			return nil
		}
		if w.IntN(3) > 0 {
			r.Next()
		}
		return r
	})
	maker(func(w *world, name string) *datasets.Objects {
		o := datasets.JSONL{}.Read(w.reader(), "lines")
		if w.IntN(3) > 0 {
			o.Next()
		}
		return o
	})
	maker(func(w *world, name string) *datasets.Treebank {
		return datasets.CoNLLU{}.Read(w.reader(), "bank")
	})
	maker(func(w *world, name string) *datasets.Sentences {
		s := datasets.CoNLL{}.Read(w.reader(), "bank")
		if w.IntN(3) > 0 {
			s.Next()
		}
		return s
	})
	maker(func(w *world, name string) *datasets.Lines {
		l := datasets.PlainText{}.Read(w.reader(), "lines")
		if w.IntN(3) > 0 {
			l.Next()
		}
		return l
	})
	maker(func(w *world, name string) datasets.BatchSource {
		if w.wrong() {
			return &batchSource{}
		}
		b, err := datasets.LabelledBatches([][]int{{1, 2}, {2}, {1, 1, 1}}, []int{0, 1, 0}, datasets.Batching{Size: 2})
		if err != nil {
			panic(err)
		}
		return b
	})
	maker(func(w *world, _ string) []byte {
		if w.wrong() {
			return pick(w, [][]byte{{0}, []byte("null"), []byte("[]"), []byte("{}"), []byte("\xff")})
		}
		file := pick(w, append([]string{"vocabulary.json", "bpe.json"}, fixturesOf[w.pkg]...))
		if w.wrong() {
			return w.damaged(file)
		}
		data, err := os.ReadFile(filepath.Join(w.fixtures, file))
		if err != nil {
			panic(err)
		}
		return data
	})
}

// ownTokenizer is one of a caller's own that gives ids which are none.
type ownTokenizer struct{ id int }

func (t ownTokenizer) Encode(text string) ([]int, error) { return []int{t.id}, nil }
func (t ownTokenizer) Decode(ids []int) (string, error)  { return "", errDrawn }
func (t ownTokenizer) Len() int                          { return t.id }
func (t ownTokenizer) Token(id int) (string, error)      { return "", errDrawn }
func (t ownTokenizer) ID(token string) (int, bool)       { return t.id, true }
func (t ownTokenizer) MarshalJSON() ([]byte, error)      { return nil, errDrawn }

// batchSource is a datasets.BatchSource of a caller's own, whose batches are empty or nil.
type batchSource struct{ given int }

func (s *batchSource) Len() int       { return 2 }
func (s *batchSource) SetEpoch(int)   {}
func (s *batchSource) Seek(int) error { return nil }
func (s *batchSource) Err() error     { return nil }
func (s *batchSource) Next() (*datasets.Batch, bool) {
	s.given++
	switch s.given {
	case 1:
		return &datasets.Batch{}, true
	case 2:
		return nil, true
	}
	return nil, false
}
