package datasets_test

import (
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/unroll-go/unroll/datasets"
)

func rowsOf(t testing.TB, rows *datasets.Rows, err error) (columns []string, all [][]string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		all = append(all, rows.Fields())
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return rows.Columns(), all
}

func TestCSV(t *testing.T) {
	text := "\ufefftext,label\r\n\"a, \"\"b\"\"\nc\",1\r\n\r\nệ,2\n"
	columns, rows := rowsOf2(t, datasets.CSV{}, text)
	if !reflect.DeepEqual(columns, []string{"text", "label"}) || !reflect.DeepEqual(rows, [][]string{{"a, \"b\"\nc", "1"}, {"ệ", "2"}}) {
		t.Errorf("%q %q", columns, rows)
	}
	columns, rows = rowsOf2(t, datasets.CSV{Comma: ';', Header: datasets.HeaderNo}, "1;2\n3;4")
	if !reflect.DeepEqual(columns, []string{"0", "1"}) || !reflect.DeepEqual(rows, [][]string{{"1", "2"}, {"3", "4"}}) {
		t.Errorf("%q %q", columns, rows)
	}
	r, err := datasets.CSV{}.Read(strings.NewReader(text), "x")
	if err != nil {
		t.Fatal(err)
	}
	for label, line := range []int{2, 5} {
		if !r.Next() || r.Line() != line || r.Text("label") != fmt.Sprint(label+1) {
			t.Error(r.Line(), r.Fields())
		}
	}
	if r.At(1) != "2" || r.Number("label") != 2 {
		t.Error(r.Fields())
	}
}

func rowsOf2(t testing.TB, c datasets.CSV, text string) ([]string, [][]string) {
	t.Helper()
	r, err := c.Read(iotest.OneByteReader(strings.NewReader(text)), "x")
	return rowsOf(t, r, err)
}

func TestTSVHasNoQuotes(t *testing.T) {
	path := writeFile(t, "x.tsv", "\"Hi\" he said\tChào\r\n\n'\t\"\n")
	r, err := datasets.TSV{Header: datasets.HeaderNo}.Open(path)
	if _, rows := rowsOf(t, r, err); !reflect.DeepEqual(rows, [][]string{{"\"Hi\" he said", "Chào"}, {"'", "\""}}) {
		t.Errorf("%q", rows)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadersTellWhere(t *testing.T) {
	csv := func(text string, c datasets.CSV) error {
		r, err := c.Read(strings.NewReader(text), "x.csv")
		for err == nil && r.Next() {
			r.Number("n")
		}
		if err == nil {
			err = r.Err()
		}
		return err
	}
	tsv := func(text string) error {
		r, err := datasets.TSV{MaxRecord: 50}.Read(strings.NewReader(text), "x.tsv")
		for err == nil && r.Next() {
		}
		if err == nil {
			err = r.Err()
		}
		return err
	}
	jsonl := func(text string) error {
		o := datasets.JSONL{MaxLine: 50}.Read(strings.NewReader(text), "x.jsonl")
		for o.Next() {
			o.Text("t")
			o.Number("n")
		}
		return o.Err()
	}
	conllu := func(text string) error {
		b := datasets.CoNLLU{MaxSentence: 120}.Read(strings.NewReader(text), "x.conllu")
		for b.Next() {
		}
		return b.Err()
	}
	word := func(id, head string) string { return id + "\ta\ta\tX\t_\t_\t" + head + "\tdep\t_\t_\n" }
	for _, c := range []struct {
		err  error
		want string
	}{
		{csv("n\n1\n2,3\n", datasets.CSV{}), "datasets: x.csv, line 3: 2 fields; want 1 as in the first row; a field with ',' in it must stand in quotation marks"},
		{csv("n\n1\na \"b\" c\n", datasets.CSV{}), "line 3: a field has a quotation mark inside: write it twice"},
		{csv("n\n1\n\"2\n", datasets.CSV{}), "line 3: a field in quotation marks, of the row that begins in line 3, does not end"},
		{csv("n\n1\nzwei\n", datasets.CSV{}), `x.csv, line 3: column "n": "zwei" is not a number`},
		{csv("m\n1\n", datasets.CSV{}), `x.csv, line 2: no column "n"; there are ["m"]`},
		{csv("n\n1\n\xff\n", datasets.CSV{}), "datasets: x.csv, line 3: field 0 is not UTF-8"},
		{csv("n,n\n", datasets.CSV{}), "columns 0 and 1 are both named"},
		{csv("", datasets.CSV{}), "x.csv is empty"},
		{csv("n", datasets.CSV{Comma: '"'}), "invalid field or comment delimiter"},
		{csv("n", datasets.CSV{Header: 7}), "header 7"},
		{csv("n\n1\n\""+strings.Repeat("a", 9000), datasets.CSV{MaxRecord: 100}), "x.csv, after line 2: a row of more than 100 bytes"},
		{csv("n\n1\n2\n3,4\n", datasets.CSV{Header: datasets.HeaderDetect}), "line 4: 2 fields; want 1"},
		{tsv("n\tm\n1\n"), "x.tsv, line 2: 1 fields; want 2 as in the first row"},
		{tsv("n\n" + strings.Repeat("a", 60)), "x.tsv, line 2: longer than 50 bytes"},
		{tsv("n\n\xff\n"), "x.tsv, line 2: not UTF-8: byte 0xff at offset 0 of the line"},
		{jsonl("{\"t\":\"a\",\"n\":1}\n\n{\"t\":1,\"n\":\"x\"}"), `x.jsonl, line 3: field "n": "x" is not a number`},
		{jsonl(`{"t":["a"],"n":1}`), `line 1: field "t" is ["a"]; want a text or a number`},
		{jsonl(`{"n":1}`), `line 1: no field "t"`},
		{jsonl(`[1]`), `"[1]" is not an object`},
		{jsonl(`null`), `"null" is not an object`},
		{jsonl("{\"t\":1,\"n\":1}\n{"), "line 2: unexpected end"},
		{conllu("# c\n\n"), "the sentence of line 1 has no words"},
		{conllu("1\ta\n"), "x.conllu, line 1: 2 columns; want 10"},
		{conllu(word("2", "0")), `word "2"; want 1`},
		{conllu(word("1", "x")), `head "x" of word 1`},
		{conllu(word("1", "1")), `head "1" of word 1`},
		{conllu(word("1", "7")), "word 1 has head 7 of 1 words"},
		{conllu(word("1-3", "_") + word("1", "0")), "token 1-3 of 1 words"},
		{conllu(word("1-2", "_") + word("1-2", "_")), `token "1-2"`},
		{conllu(word("2.1", "_")), `empty node "2.1" after word 0`},
		{conllu(word("1", "0") + "# late\n"), "line 2: a comment among the words"},
		{conllu("1\t\ta\tX\t_\t_\t0\tdep\t_\t_\n"), "an empty form"},
		{conllu(strings.Repeat("# comment\n", 30)), "a sentence of more than 120 bytes, from line 1 on"},
	} {
		wantError(t, c.err, c.want)
	}
	for _, open := range []func() error{
		func() error { _, err := datasets.CSV{}.Open("absent"); return err },
		func() error { _, err := datasets.TSV{}.Open("absent"); return err },
		func() error { _, err := datasets.JSONL{}.Open("absent"); return err },
		func() error { _, err := datasets.CoNLLU{}.Open("absent"); return err },
		func() error { _, err := datasets.CSV{}.Open(os.DevNull); return err },
	} {
		if err := open(); err == nil || !strings.HasPrefix(err.Error(), "datasets: ") {
			t.Error(err)
		}
	}
}

// Real files: pairs of sentences, and tweets with quotation marks in them.
func TestSharedTables(t *testing.T) {
	pairs, tweets := sharedPath(t, "en-vi/vie.txt"), sharedPath(t, "tweets-sentiment/tweets_GroundTruth.txt")
	r, err := datasets.TSV{Header: datasets.HeaderDetect}.Open(pairs)
	columns, rows := rowsOf(t, r, err)
	if len(columns) != 2 || len(rows) != 3397 || !reflect.DeepEqual(rows[0], []string{"Run!", "Chạy!"}) {
		t.Error(columns, len(rows), rows[0])
	}
	r, err = datasets.TSV{Header: datasets.HeaderDetect}.Open(tweets)
	if err != nil {
		t.Fatal(err)
	}
	positive, negative, neutral := 0, 0, 0
	for r.Next() {
		switch v := r.Number("1"); {
		case v >= 0.5:
			positive++
		case v <= -0.5:
			negative++
		default:
			neutral++
		}
	}
	if r.Err() != nil || positive != 2345 || negative != 1087 || neutral != 768 {
		t.Error(positive, negative, neutral, r.Err())
	}
}

func TestReadersTakeAnyLimit(t *testing.T) {
	c, err := datasets.CSV{MaxRecord: math.MaxInt, Header: datasets.HeaderNo}.Read(strings.NewReader("a\n"), "x")
	if err != nil || !c.Next() {
		t.Error(err)
	}
	if b := (datasets.JSONL{MaxLine: math.MaxInt}).Read(strings.NewReader("{}"), "x"); !b.Next() {
		t.Error(b.Err())
	}
}

func TestNumbers(t *testing.T) {
	r, err := datasets.CSV{}.Read(strings.NewReader("day,a,b\nx,1,NA\ny,,2.5e1\n"), "x")
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Numbers("b", "a")
	if err != nil || len(v) != 4 || !math.IsNaN(v[0]) || v[1] != 1 || v[2] != 25 || !math.IsNaN(v[3]) {
		t.Error(v, err)
	}
	r, _ = datasets.CSV{}.Read(strings.NewReader("day,a\nx,1\n"), "x")
	_, err = r.Numbers()
	wantError(t, err, `line 2: column "day": "x" is not a number`)
}

func TestJSONL(t *testing.T) {
	o := datasets.JSONL{}.Read(strings.NewReader("{\"text\":\"a\\u1ec7\\n\",\"label\":3,\"ok\":true,\"x\":null}\r\n \t\n{\"text\":\"\",\"label\":-1.5e0}"), "x")
	wantError(t, o.Decode(new(int)), "before Next")
	if !o.Next() || o.Text("text") != "aệ\n" || o.Text("label") != "3" || o.Number("label") != 3 || o.Text("ok") != "true" || !math.IsNaN(o.Number("x")) {
		t.Error(o.Err())
	}
	var v struct{ Label int }
	if err := o.Decode(&v); err != nil || v.Label != 3 {
		t.Error(v, err)
	}
	if !o.Next() || o.Line() != 3 || o.Number("label") != -1.5 || o.Text("text") != "" {
		t.Error(o.Err())
	}
	wantError(t, o.Decode(&v), "x, line 3")
	if o.Next() || o.Err() != nil || o.Close() != nil {
		t.Error(o.Err())
	}
}

const treebank = "# sent_id = s1\n# text = Don't go.\n" +
	"1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=Yes\n" +
	"1\tDo\tdo\tAUX\tVBP\tMood=Imp|VerbForm=Fin\t3\taux\t_\t_\n" +
	"2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_\n" +
	"3\tgo\tgo\tVERB\tVB\t_\t0\troot\t0:root\t_\n" +
	"3.1\tgone\tgo\tVERB\t_\t_\t_\t_\t3:conj\t_\n" +
	"4\t_\t_\tPUNCT\t_\t_\t_\t_\t_\t_\n" +
	"\n\n1\tĐi\tđi\tVERB\t_\t_\t0\troot\t_\t_"

func TestCoNLLU(t *testing.T) {
	b := datasets.CoNLLU{}.Read(strings.NewReader(treebank), "x")
	if !b.Next() {
		t.Fatal(b.Err())
	}
	s := b.Sentence()
	want := datasets.TreebankSentence{
		Line: 1, Comments: []string{"sent_id = s1", "text = Don't go."},
		Tokens: []datasets.TreebankToken{{First: 1, Last: 2, Form: "Don't", Misc: "SpaceAfter=Yes"}},
		Words: []datasets.TreebankWord{
			{Form: "Do", Lemma: "do", UPOS: "AUX", XPOS: "VBP", Features: "Mood=Imp|VerbForm=Fin", Head: 3, Relation: "aux"},
			{Form: "n't", Lemma: "not", UPOS: "PART", XPOS: "RB", Head: 3, Relation: "advmod"},
			{Form: "go", Lemma: "go", UPOS: "VERB", XPOS: "VB", Head: 0, Relation: "root", Deps: "0:root"},
			{Form: "_", Lemma: "_", UPOS: "PUNCT", Head: -1},
		},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v", s)
	}
	if text, ok := s.Comment("text"); !ok || text != "Don't go." {
		t.Error(text)
	}
	if _, ok := s.Comment("absent"); ok {
		t.Error("a comment that is not there")
	}
	if !b.Next() || b.Sentence().Line != 11 || !reflect.DeepEqual(b.Sentence().Forms(), []string{"Đi"}) || !reflect.DeepEqual(b.Sentence().Tags(), []string{"VERB"}) {
		t.Errorf("%+v %v", b.Sentence(), b.Err())
	}
	if b.Next() || b.Err() != nil {
		t.Error(b.Err())
	}
}

// Readers keep one record, not what they have read of the file.
func TestReadersNeedLittleMemory(t *testing.T) {
	const total, look = 12 << 20, 200000 // bytes, and the record at which memory is looked at: most of the file is read
	endless := func(line string) io.Reader { return io.LimitReader(&repeater{text: line}, total) }
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	rows, err := datasets.CSV{Header: datasets.HeaderNo}.Read(endless("some text of a row,\"with a \"\"quote\"\"\",3\n"), "x")
	if err != nil {
		t.Fatal(err)
	}
	objects := datasets.JSONL{}.Read(endless("{\"text\":\"some text of a line and more\"}\n"), "x")
	bank := datasets.CoNLLU{}.Read(endless("1\tsome\tsome\tX\t_\t_\t0\tdep\t_\t_\n\n"), "x")
	for name, next := range map[string]func() bool{"csv": rows.Next, "jsonl": objects.Next, "conllu": bank.Next} {
		before, n := heap(), 0
		for next() {
			if n++; n == look {
				if now := heap(); now > before+1<<20 {
					t.Errorf("%s: %d bytes in memory after %d records", name, now-before, n)
				}
			}
		}
		if n < look {
			t.Errorf("%s: %d records", name, n)
		}
	}
}

// repeater is a text without an end.
type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		k := copy(p[n:], r.text[r.at:])
		n, r.at = n+k, (r.at+k)%len(r.text)
	}
	return len(p), nil
}

func ExampleCSV() {
	rows, _ := datasets.CSV{Header: datasets.HeaderDetect}.Read(strings.NewReader("review,stars\nGood coffee,5\nCold,1\n"), "reviews.csv")
	for rows.Next() {
		fmt.Println(rows.Line(), rows.Text("review"), rows.Number("stars"))
	}
	fmt.Println(rows.Err())
	// Output:
	// 2 Good coffee 5
	// 3 Cold 1
	// <nil>
}

func ExampleJSONL() {
	objects := datasets.JSONL{}.Read(strings.NewReader(`{"text": "Hello", "label": "greeting"}`), "lines.jsonl")
	for objects.Next() {
		fmt.Println(objects.Text("text"), objects.Text("label"))
	}
	// Output: Hello greeting
}

// Tagging: vocabularies of the words and of the tags, and a batch of both.
func ExampleCoNLLU() {
	bank := datasets.CoNLLU{}.Read(strings.NewReader("1\tDogs\tdog\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tbark\tbark\tVERB\t_\t_\t0\troot\t_\t_\n"), "bank.conllu")
	words, tags := datasets.VocabularyBuilder{Kind: datasets.Label}, datasets.VocabularyBuilder{Kind: datasets.Label}
	var sentences []datasets.TreebankSentence
	for bank.Next() {
		s := bank.Sentence()
		_ = words.AddTokens(s.Forms()...)
		_ = tags.AddTokens(s.Tags()...)
		sentences = append(sentences, s)
	}
	vocab, _ := words.Vocabulary()
	vocab, _ = vocab.WithSpecials() // words not seen here become <unk>
	classes, _ := tags.Vocabulary()
	var x, y [][]int
	for _, s := range sentences {
		in, _ := vocab.EncodeTokens(s.Forms())
		out, _ := classes.EncodeTokens(s.Tags())
		x, y = append(x, in), append(y, out)
	}
	batches, _ := datasets.TaggedBatches(x, y, datasets.Batching{Size: 8, TargetPadding: -1})
	b, _ := batches.Next()
	fmt.Println(b.Inputs, b.Targets)
	// Output: [4 5] [0 1]
}
