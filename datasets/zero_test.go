package datasets_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// zeroes are pointers to zero values of the package's types, functions its functions. Types that have nothing but
// fields are left out; readers of tables have tests of their own.
var (
	zeroes = []any{
		new(datasets.Batches), new(datasets.Batching), new(datasets.BPE), new(datasets.BPETrainer), new(datasets.IDFile), new(datasets.Prefetch),
		new(datasets.Scaler), new(datasets.Series), new(datasets.Vocabulary), new(datasets.VocabularyBuilder), new(datasets.Windows),
		new(datasets.Tagged), new(datasets.TaggedFile), new(datasets.WordVectors),
		new(datasets.Panel), new(datasets.PanelSeries), new(datasets.PanelStream), new(datasets.Times), new(datasets.Frequency),
	}
	functions = map[string]any{
		"LabelledBatches": datasets.LabelledBatches, "FeatureBatches": datasets.FeatureBatches, "TaggedBatches": datasets.TaggedBatches,
		"PairBatches": datasets.PairBatches, "LoadBPE": datasets.LoadBPE, "ReadFile": datasets.ReadFile, "Read": datasets.Read,
		"Normalize": datasets.Normalize, "EncodeFile": datasets.EncodeFile, "OpenIDs": datasets.OpenIDs, "NewPrefetch": datasets.NewPrefetch,
		"FitScaler": datasets.FitScaler, "EncodeStream": datasets.EncodeStream, "Characters": datasets.Characters, "Words": datasets.Words,
		"CutWords": datasets.CutWords, "JoinWords": datasets.JoinWords,
		"Labels": datasets.Labels, "Split": datasets.Split, "NewWindows": datasets.NewWindows, "NewFileWindows": datasets.NewFileWindows,
		"ReadWordVectors": datasets.ReadWordVectors,
		"ParseFrequency":  datasets.ParseFrequency, "ReadPanel": datasets.ReadPanel, "PanelStreamOf": datasets.PanelStreamOf, "TimesOf": datasets.TimesOf,
	}
	readers = []string{"CSV", "TSV", "Rows", "JSONL", "Objects", "CoNLLU", "Treebank", "TreebankSentence", "CoNLL", "Sentences", "PlainText", "Lines"}
)

// calls are arguments that somebody may give by mistake: zero values, and values that are too small or too large.
func calls(f reflect.Type, each func(args []reflect.Value)) {
	for _, n := range []int64{0, -1, 7, 1<<63 - 1} {
		var args []reflect.Value
		for i := range f.NumIn() {
			v := reflect.New(f.In(i)).Elem()
			if v.Kind() == reflect.Int {
				v.SetInt(n)
			}
			args = append(args, v)
		}
		if f.IsVariadic() {
			args = args[:len(args)-1]
		}
		each(args)
	}
}

// Nothing panics on a value that nobody made, nor on arguments that were not given.
func TestNothingPanicsWithoutValues(t *testing.T) {
	try := func(name string, f reflect.Value) {
		calls(f.Type(), func(args []reflect.Value) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s(%v) panicked: %v", name, args, r)
				}
			}()
			for _, r := range f.Call(args) {
				if p, ok := r.Interface().(*datasets.Prefetch); ok {
					p.Close()
				}
			}
		})
	}
	for name, f := range functions {
		try(name, reflect.ValueOf(f))
	}
	listed := map[string]bool{}
	for _, z := range zeroes {
		kind := reflect.TypeOf(z)
		listed[kind.Elem().Name()] = true
		for i := range kind.NumMethod() {
			fresh := reflect.New(kind.Elem())
			try(kind.Elem().Name()+"."+kind.Method(i).Name, fresh.Method(i))
		}
	}
	for _, name := range readers {
		listed[name] = true
	}
	exported(t, func(receiver, name string) {
		if receiver != "" && !listed[receiver] {
			t.Errorf("the type %s has the method %s, and is not tried", receiver, name)
		}
		if receiver == "" && functions[name] == nil {
			t.Errorf("the function %s is not tried", name)
		}
	})
}

// exported gives the exported functions of the package, and the exported methods of its exported types.
func exported(t *testing.T, give func(receiver, name string)) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || f.Recv == nil && f.Type.Params.NumFields() == 0 {
				continue // without arguments there is nothing to forget
			}
			receiver := ""
			if f.Recv != nil {
				kind := f.Recv.List[0].Type
				if p, ok := kind.(*ast.StarExpr); ok {
					kind = p.X
				}
				if receiver = kind.(*ast.Ident).Name; !ast.IsExported(receiver) {
					continue
				}
			}
			give(receiver, f.Name.Name)
		}
	}
}

// Who forgets the tokenizer, the source or the file is told so.
func TestWhatIsMissingIsNamed(t *testing.T) {
	text := writeFile(t, "text.txt", "abc")
	var vocabulary *datasets.Vocabulary
	for _, tokenizer := range []datasets.Tokenizer{nil, vocabulary} {
		_, err := datasets.EncodeFile(text, text+".ids", tokenizer)
		wantError(t, err, "no tokenizer was given")
		err = datasets.EncodeStream(strings.NewReader("abc"), tokenizer, func([]int) error { return nil })
		wantError(t, err, "no tokenizer was given")
	}
	_, err := datasets.NewFileWindows(nil, 1, 1)
	wantError(t, err, "no file of ids")
	wantError(t, new(datasets.IDFile).Read(make([]int, 1), 0), "never opened")
	_, err = datasets.CSV{Comma: datasets.CommaDetect}.Read(nil, "rows")
	wantError(t, err, "no reader of rows was given")
	_, err = datasets.TSV{}.Read(nil, "rows")
	wantError(t, err, "no reader of rows was given")
	sentences := datasets.CoNLL{}.Read(nil, "bank")
	if sentences.Next() {
		t.Error("a sentence of no reader")
	}
	wantError(t, sentences.Err(), "no reader of bank was given")
	p := datasets.NewPrefetch(context.Background(), nil, 1)
	if _, ok := p.Next(); ok {
		t.Error("a batch of no source")
	}
	wantError(t, p.Err(), "without a source")
	wantError(t, p.Seek(0), "without a source")
}
