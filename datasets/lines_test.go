package datasets_test

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/unroll-go/unroll/datasets"
)

// lineReaders are all readers of lines and rows: a file in which every line is a record, and the records and the lines
// that they begin in.
var lineReaders = map[string]struct {
	file string // lines end with \n
	read func(r io.Reader) (records []string, lines []int, err error)
}{
	"PlainText": {"one\ntwo\n", func(r io.Reader) (records []string, lines []int, err error) {
		l := datasets.PlainText{}.Read(r, "x")
		for l.Next() {
			records, lines = append(records, l.Text()), append(lines, l.Line())
		}
		return records, lines, l.Err()
	}},
	"CSV": {"text,label\ngood,p\nbad,n\n", func(r io.Reader) ([]string, []int, error) {
		rows, err := datasets.CSV{Header: datasets.HeaderNo}.Read(r, "x")
		return rowRecords(rows, err)
	}},
	"CSV that finds its comma": {"text;label\ngood;p\nbad;n\n", func(r io.Reader) ([]string, []int, error) {
		rows, err := datasets.CSV{Header: datasets.HeaderNo, Comma: datasets.CommaDetect}.Read(r, "x")
		return rowRecords(rows, err)
	}},
	"TSV": {"text\tlabel\ngood\tp\nbad\tn\n", func(r io.Reader) ([]string, []int, error) {
		rows, err := datasets.TSV{Header: datasets.HeaderNo}.Read(r, "x")
		return rowRecords(rows, err)
	}},
	"JSONL": {"{\"t\":\"good\"}\n{\"t\":\"bad\"}\n", func(r io.Reader) (records []string, lines []int, err error) {
		o := datasets.JSONL{}.Read(r, "x")
		for o.Next() {
			records, lines = append(records, o.Text("t")), append(lines, o.Line())
		}
		return records, lines, o.Err()
	}},
	"CoNLLU": {"1\tDi\tdi\tX\t_\t_\t0\tr\t_\t_\n\n1\tGo\tgo\tX\t_\t_\t0\tr\t_\t_\n", func(r io.Reader) (records []string, lines []int, err error) {
		b := datasets.CoNLLU{}.Read(r, "x")
		for b.Next() {
			records, lines = append(records, b.Sentence().Forms()...), append(lines, b.Sentence().Line)
		}
		return records, lines, b.Err()
	}},
	"CoNLL": {"EU NNP B-ORG\nis VB O\n\nPeter NNP B-PER\n", func(r io.Reader) (records []string, lines []int, err error) {
		s := datasets.CoNLL{}.Read(r, "x")
		for s.Next() {
			records, lines = append(records, strings.Join(s.Column(-1), "|")), append(lines, s.Line())
		}
		return records, lines, s.Err()
	}},
}

func rowRecords(rows *datasets.Rows, err error) (records []string, lines []int, _ error) {
	for err == nil && rows.Next() {
		records, lines = append(records, strings.Join(rows.Fields(), "|")), append(lines, rows.Line())
	}
	if err == nil {
		err = rows.Err()
	}
	return records, lines, err
}

// Every reader gives the same for every way to end lines, to begin a file and to encode Unicode, however it is read.
func TestLineEnds(t *testing.T) {
	for name, c := range lineReaders {
		wantRecords, wantLines, err := c.read(strings.NewReader(c.file))
		if err != nil || len(wantRecords) < 2 {
			t.Fatal(name, wantRecords, err)
		}
		for _, end := range []string{"\n", "\r\n", "\r", "\r\r\n"} {
			for _, start := range []string{"", "\ufeff", "utf-16"} {
				for _, last := range []string{end, ""} {
					text := start + strings.TrimSuffix(strings.ReplaceAll(c.file, "\n", end), end) + last
					if start == "utf-16" {
						text = wide(strings.TrimPrefix(text, start))
					}
					for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
						records, lines, err := c.read(r)
						if err != nil || !reflect.DeepEqual(records, wantRecords) || !reflect.DeepEqual(lines, wantLines) {
							t.Errorf("%s of %q: %q in lines %v, %v; want %q in lines %v", name, text, records, lines, err, wantRecords, wantLines)
						}
					}
				}
			}
		}
	}
}

// wide is a text in UTF-16, with a byte order mark.
func wide(text string) string {
	out := "\xfe\xff"
	for _, u := range utf16.Encode([]rune(text)) {
		out += string([]byte{byte(u >> 8), byte(u)})
	}
	return out
}

// Every reader tells the line of what it cannot read, and its limit.
func TestLinesThatCannotBeRead(t *testing.T) {
	for name, c := range lineReaders {
		_, _, err := c.read(strings.NewReader(c.file + "\r\xff\n"))
		wantError(t, err, "datasets: x, line ")
		wantError(t, err, "UTF-8")
		if !strings.HasPrefix(name, "CSV") {
			_, _, err = c.read(strings.NewReader(c.file + strings.Repeat("a", 1<<20+1)))
			wantError(t, err, "1048576 bytes")
		}
		_, _, err = c.read(iotest.ErrReader(io.ErrClosedPipe))
		wantError(t, err, "datasets: x")
		wantError(t, err, io.ErrClosedPipe.Error())
	}
}

func TestPlainText(t *testing.T) {
	records, lines, err := lineReaders["PlainText"].read(strings.NewReader("a\n\n \rb\u0085c\u2028d\r\r\n\r\re"))
	if want := []string{"a", "", " ", "b\u0085c\u2028d", "", "", "e"}; err != nil || !reflect.DeepEqual(records, want) || lines[6] != 7 {
		t.Errorf("%q %v %v", records, lines, err)
	}
	l, err := datasets.PlainText{MaxLine: 3}.Open(writeFile(t, "x.txt", "abc\r\nabcd\n"))
	if err != nil || !l.Next() || l.Text() != "abc" || l.Next() {
		t.Error(err)
	}
	wantError(t, l.Err(), "x.txt, line 2: longer than 3 bytes")
	if l.Text() != "" || l.Close() != nil {
		t.Error(l.Text())
	}
}

// What is between quotation marks keeps its carriage returns, and they count as the file's lines.
func TestLineEndsInQuotes(t *testing.T) {
	for text, want := range map[string]struct {
		fields [][]string
		lines  []int
	}{
		"\"a\rb\",c\r\"d\r\re\",f\rg,h":             {[][]string{{"a\rb", "c"}, {"d\r\re", "f"}, {"g", "h"}}, []int{1, 3, 6}},
		"\"a\nb\",c\n\"d\"\"\r\n\"\"e\",f\ng,h\r":   {[][]string{{"a\nb", "c"}, {"d\"\n\"e", "f"}, {"g", "h"}}, []int{1, 3, 5}},
		"\"a\r\nb\",c\r\r\n\"\r\",\"f\r\"\r\r\ng,h": {[][]string{{"a\nb", "c"}, {"\r", "f\r"}, {"g", "h"}}, []int{1, 3, 6}},
	} {
		r, err := datasets.CSV{Header: datasets.HeaderNo}.Read(iotest.OneByteReader(strings.NewReader(text)), "x")
		if err != nil {
			t.Fatal(err)
		}
		var fields [][]string
		var lines []int
		for r.Next() {
			fields, lines = append(fields, r.Fields()), append(lines, r.Line())
		}
		if r.Err() != nil || !reflect.DeepEqual(fields, want.fields) || !reflect.DeepEqual(lines, want.lines) {
			t.Errorf("%q: %q in lines %v, %v; want %v", text, fields, lines, r.Err(), want)
		}
	}
	r, err := datasets.CSV{}.Read(strings.NewReader("a\r\"b\rc\"\rd\"\r"), "x")
	for err == nil && r.Next() {
	}
	wantError(t, r.Err(), "x, line 4: a field has a quotation mark inside")
}

// A reader that nobody opened says so, whatever is asked of it, and so does one of a file that is not there.
func TestReadersThatNobodyOpened(t *testing.T) {
	for _, zero := range []any{new(datasets.Lines), new(datasets.Rows), new(datasets.Objects), new(datasets.Treebank), new(datasets.Sentences)} {
		v := reflect.ValueOf(zero)
		for i := range v.NumMethod() {
			var args []reflect.Value
			for k := range v.Method(i).Type().NumIn() {
				if !v.Method(i).Type().IsVariadic() {
					args = append(args, reflect.Zero(v.Method(i).Type().In(k)))
				}
			}
			v.Method(i).Call(args) // must not panic
		}
		fresh := reflect.New(v.Type().Elem())
		if fresh.MethodByName("Next").Call(nil)[0].Bool() {
			t.Errorf("%T: Next of nothing", zero)
		}
		err, _ := fresh.MethodByName("Err").Call(nil)[0].Interface().(error)
		wantError(t, err, "datasets: nothing to read")
		if !reflect.Zero(v.Type()).MethodByName("Close").Call(nil)[0].IsNil() {
			t.Errorf("%T: nil does not close", zero)
		}
	}
}
