package datasets_test

import (
	"bytes"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/unroll-go/unroll/datasets"
)

// The bounds that the fuzz tests hold: what reading an input may allocate in all, garbage included. 1 MB is for buffers
// and tables of a fixed size.
const (
	fixedBytes   = 1 << 20
	bytesPerByte = 300
)

// bounded fails if f allocates more than the bounds for an input of that size.
func bounded(t *testing.T, size int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > fixedBytes+uint64(size)*bytesPerByte {
		t.Fatalf("%d bytes of input took %d of memory", size, used)
	}
}

// wantPlace fails unless an error names the file.
func wantPlace(t *testing.T, err error) {
	t.Helper()
	if err != nil && !strings.HasPrefix(err.Error(), "datasets: input") {
		t.Fatalf("%v", err)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\n\",c\n1,\"", "\ufeffx\n\xff", "a;b\r\n;;\n", ",,,\n", "\"\n", "a\n1\nb,c", "\r\r\n\"\r\"", "1,2\n\n3,4", ",a,\r\"\r\",\r,", "\xff\xfea\x00;\x00",
		"a;b\n1,5;1,234\n", "1,5;2;1.5\n", "a\tb\n-0,5e3\t1,234\n"} {
		for _, kind := range []uint8{0, 5, 10, 2<<4 | 10, 1<<4 | 5} {
			f.Add(s, kind)
		}
	}
	f.Fuzz(func(t *testing.T, s string, kind uint8) {
		bounded(t, len(s), func() {
			var rows *datasets.Rows
			var err error
			header, comma, decimal := int(kind%3), rune(0), []rune{0, ',', datasets.DecimalDetect, '.'}[kind>>4&3]
			if kind&8 != 0 {
				comma = datasets.CommaDetect
			}
			if kind&4 == 0 {
				rows, err = datasets.CSV{Header: header, Comma: comma, Decimal: decimal, MaxRecord: 1 << 10}.Read(strings.NewReader(s), "input")
			} else {
				rows, err = datasets.TSV{Header: header, Decimal: decimal, MaxRecord: 1 << 10}.Read(strings.NewReader(s), "input")
			}
			if err != nil {
				wantPlace(t, err)
				return
			}
			width, line := len(rows.Columns()), 0
			for rows.Next() {
				fields := rows.Fields()
				if len(fields) != width || rows.Line() <= line || !utf8.ValidString(strings.Join(fields, "")) {
					t.Fatalf("%q in line %d, after line %d of %d columns", fields, rows.Line(), line, width)
				}
				line = rows.Line()
			}
			wantPlace(t, rows.Err())
		})
	})
}

func FuzzJSONL(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n{\"a\":\"x\"}", "{}", "[", "{\"a\":{\"b\":[1,2]}}", "\n\n{\"a\":null}", "{\"a\":\"\\ud800\"}", "{\"a\":1e999}",
		"{\"a\":\"\xff\"}", "{\"a\":1}{", "null", "{\"a\":NaN}\r{\"a\":[-Infinity]}", strings.Repeat("[", 900)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bounded(t, len(s), func() {
			o := datasets.JSONL{MaxLine: 1 << 10}.Read(strings.NewReader(s), "input")
			for o.Next() {
				var v map[string]any
				if err := o.Decode(&v); err == nil {
					if text, ok := v["a"].(string); ok && o.Text("a") != text {
						t.Fatalf("%q, want %q", o.Text("a"), text)
					}
				}
				o.Text("a")
				o.Number("a")
			}
			wantPlace(t, o.Err())
		})
	})
}

func FuzzCoNLLU(f *testing.F) {
	for _, s := range []string{treebank, "# a\n\n", "1\ta\ta\tX\t_\t_\t0\tr\t_\t_\n\n", "1-9\ta\t_\t_\t_\t_\t_\t_\t_\t_\n", "0.1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tX\t_\t_\t99999999999999999999\tr\t_\t_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bounded(t, len(s), func() {
			b := datasets.CoNLLU{MaxSentence: 1 << 10}.Read(strings.NewReader(s), "input")
			for b.Next() {
				s := b.Sentence()
				for i, w := range s.Words {
					if w.Form == "" || w.Head < -1 || w.Head > len(s.Words) || w.Head == i+1 {
						t.Fatalf("%+v", s)
					}
				}
			}
			wantPlace(t, b.Err())
		})
	})
}

// FuzzTokenizerJSON checks that what loads can be used, and is the same after saving.
func FuzzTokenizerJSON(f *testing.F) {
	// Small seeds: a fuzzer that has to make large ones smaller does little else.
	for _, text := range []string{`{"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}`,
		`{"version":"1.0","added_tokens":[{"id":2,"content":"<s>","special":true}],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true,"use_regex":true},` +
			`"post_processor":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"t":0,"h":1,"<s>":2,"th":3},"merges":[["t","h"]]}}`} {
		f.Add([]byte(text))
	}
	for _, model := range []string{
		`{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}`, `{"vocab":{"a":0,"é ü":1},"merges":[["a","a"]]}`, `{"type":"BPE","vocab":{"a":99},"merges":[]}`,
		`{"vocab":{"a":0,"aa":1},"merges":[["a","a"],["a","a"]],"ignore_merges":true}`,
	} {
		f.Add([]byte(`{"added_tokens":[{"id":2,"content":" x"},{"id":3,"content":"x y","lstrip":true,"rstrip":true,"normalized":true,"special":true}],` +
			`"pre_tokenizer":{"type":"ByteLevel","use_regex":false},"decoder":{"type":"Sequence","decoders":[{"type":"ByteLevel"}]},"model":` + model + `}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		bounded(t, len(data), func() {
			b := new(datasets.BPE)
			if err := b.UnmarshalJSON(data); err != nil {
				if b.Len() != 0 {
					t.Fatal("half loaded")
				}
				return
			}
			saved, err := b.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			again := new(datasets.BPE)
			if err := again.UnmarshalJSON(saved); err != nil {
				t.Fatalf("%v in %s", err, saved)
			}
			second, err := again.MarshalJSON()
			if err != nil || !bytes.Equal(saved, second) {
				t.Fatalf("saved %s, then %s, %v", saved, second, err)
			}
			for _, text := range []string{"a", "the x y  then\n", " x x y", "Việt 👩‍🚀"} {
				ids, err := b.Encode(text)
				other, err2 := again.Encode(text)
				if !slices.Equal(ids, other) || (err == nil) != (err2 == nil) {
					t.Fatalf("%q: %v %v, after saving %v %v", text, ids, err, other, err2)
				}
				if _, err := b.Decode(ids); err != nil {
					t.Fatal(err)
				}
			}
			if !reflect.DeepEqual(b.Specials(), again.Specials()) {
				t.Fatal("other specials")
			}
		})
	})
}
