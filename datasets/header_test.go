package datasets_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// below are rows under a header: texts that differ, and labels that come again.
func labelledRows(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("very ", i) + "good film,p\n" + strings.Repeat("very ", i) + "bad film,n\n")
	}
	return b.String()
}

// manyLabels are rows with a hundred labels, most of which come again.
func manyLabels() string {
	var b strings.Builder
	for i := range 180 {
		fmt.Fprintf(&b, "\"text, %d\",n%d\n", i, i*i%97)
	}
	for i := range 20 {
		fmt.Fprintf(&b, "\"other text, %d\",m%d\n", i, i)
	}
	return b.String()
}

func TestHeadersAreDetected(t *testing.T) {
	for text, want := range map[string]bool{
		"date,value\n2020-01-01,3\n2020-01-02,4\n":           true,
		"date,value\n2020-01-01,\n2020-01-02,4\n":            true, // a value is missing
		"text,label\nI love it,positive\nNo,bad\n":           true,
		"Hello there,positive\nI hate it,bad\n":              false,
		"1,2\n3,4\n":                                         false,
		"1,x\n3,4\n":                                         false,
		"a,b\nc,d\n":                                         false, // nothing tells them apart
		"yes,no\nno,yes I do\nyes,a b\n":                     false, // "yes" is a value
		"text,label\n":                                       false,
		"a,a\n1,2\n":                                         false,
		"NA,a b\nx,y\n":                                      false, // a missing value
		",x\n1,2\n":                                          true,
		",some text,p\n0,other text,n\n1,text,p\n":           true, // an index, as pandas writes it
		",some text,p\n7,other text,n\n3,text,p\n":           false,
		",\na,b\n":                                           false,
		"Review Text,Sentiment Label\n" + labelledRows(9):    true,
		"review.text,label (gold)\n" + labelledRows(9):       true,
		"\"Is it good?\",\"what, then\"\n" + labelledRows(9): true,
		"Nice film,p\n" + labelledRows(9):                    false,
		"Nice film,r\n" + labelledRows(1):                    false, // too few to tell
		"name,language\n" + strings.Repeat("Smith,English\nNguyen,Vietnamese\n", 9): true,
		"\"x, y\",n100\n" + manyLabels():                                            false, // so many labels that one more says nothing
		"Brown,English\n" + strings.Repeat("Smith,English\nNguyen,Vietnamese\n", 9): false,
	} {
		columns, rows := rowsOf2(t, datasets.CSV{Header: datasets.HeaderDetect}, text)
		if got := columns[0] != "0"; got != want || len(rows) != strings.Count(text, "\n")-map[bool]int{true: 1}[want] {
			t.Errorf("%q: header %v, %d rows", text, got, len(rows))
		}
	}
}

// A name that is expected makes the first row a header, whatever is below.
func TestHeadersByName(t *testing.T) {
	for text, want := range map[string]bool{"a,b\nc,d\n": false, "word,b\nc,d\n": true, " Word ,b\n": true, "\"word,\",b\nc,d\n": false, "0,b\nc,d\n": false} {
		c := datasets.CSV{Header: datasets.HeaderDetect, Names: []string{"word", "0", ""}}
		r, err := c.Read(strings.NewReader(text), "x")
		if err != nil || r.HasHeader() != want {
			t.Errorf("%q: %v, %v", text, r.HasHeader(), err)
		}
	}
}

// Columns without a name are found by their number, unless another has that for its name.
func TestColumnsWithoutName(t *testing.T) {
	r, err := datasets.CSV{}.Read(strings.NewReader(",text,,1,\nx,y,z,u,v\n"), "x")
	if err != nil || !r.Next() {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.Columns(), []string{"", "text", "", "1", ""}) {
		t.Errorf("%q", r.Columns())
	}
	for column, want := range map[string]string{"0": "x", "text": "y", "2": "z", "1": "u", "4": "v"} {
		if got := r.Text(column); got != want {
			t.Errorf("column %s: %q, want %q", column, got, want)
		}
	}
	if r.Text(""); r.Err() == nil {
		t.Error("a column of no name")
	}
	r, err = datasets.CSV{}.Read(strings.NewReader(",0,1\n1,2,3\n"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := r.Numbers(); err != nil || !reflect.DeepEqual(v, []float64{1, 2, 3}) {
		t.Error(v, err)
	}
}

func TestCommasAreDetected(t *testing.T) {
	long := strings.Repeat("some words, and more;of them\n", 5000)
	for text, want := range map[string]rune{
		"a,b\nc,d\n": ',', "a;b\nc;d\n": ';', "a\tb\r\nc\td\r\n": '\t', "a|b\rc|d\r": '|',
		"text;label\ngood, really;p\nbad;n\n": ';',
		"text,label\n\"a;b\",p\n\"c;d\",n\n":  ',',
		"\"a, b\";c\n\"d\";e\n":               ';',
		"word\nother\n":                       ',',
		"good, really|p\nbad, I say|n\n":      '|',
		"a, b\nc, d\n":                        ',',
		"":                                    ',',
		"a;b\n1,5;2,5\n1;2\n":                 ';',
		"1,5;2,5;x\n2,5;3,5;y\n":              ';', // as many fields with commas between, but what are these?
		"x;1,y;2\nx;3,z;4\n":                  ',',
		"a;b\n" + long + "\"a\nb\";c\n":       ';', // cut in the middle of a row
		"\ufeffa;b\nc;d":                      ';',
	} {
		r, err := datasets.CSV{Comma: datasets.CommaDetect}.Read(strings.NewReader(text), "x")
		if text == "" {
			wantError(t, err, "x is empty")
			continue
		}
		if err != nil || r.Comma() != want {
			t.Errorf("%.40q: %q, %v; want %q", text, r.Comma(), err, want)
			continue
		}
		for r.Next() {
		}
		if r.Err() != nil {
			t.Errorf("%.40q: %v", text, r.Err())
		}
	}
}

// A first line sep=; is Excel's, and no row. It names the separator, even one that no rule would find; a comma that was
// asked for stays one.
func TestSeparatorLine(t *testing.T) {
	const detect = datasets.CommaDetect
	for _, c := range []struct {
		text  string
		comma rune
		found rune
		rows  string // the columns' names, then the rows
	}{
		{"sep=;\na;b\n1,2;3\n", detect, ';', "[a b][1,2 3]"},
		{"\ufeffsep=;\r\na;b\r\n1,2;3\r\n", detect, ';', "[a b][1,2 3]"},
		{"\"sep=;\"\na;b\n1;2\n", detect, ';', "[a b][1 2]"},
		{"SEP=x\naxb\n1x2\n", detect, 'x', "[a b][1 2]"},
		{"sep=,\na,b\n1,2\n", 0, ',', "[a b][1 2]"},
		{"sep=\t\na\tb\n1\t2\n", '\t', '\t', "[a b][1 2]"},
		{"sep=;\na;b\n1;2\n", 0, ',', "[sep=;][a;b][1;2]"},
		{"a;b\nsep=;\n1;2\n", ';', ';', "[a b][sep= ][1 2]"},
		{"sep=ab\nx;y\n1;2\n", ';', ';', "[sep=ab][x y][1 2]"},
		{"sep=\"\na,b\n", detect, ',', ""},
		{"sep=;", detect, ';', ""},
	} {
		r, err := datasets.CSV{Comma: c.comma, Header: datasets.HeaderYes}.Read(strings.NewReader(c.text), "x")
		if c.rows == "" {
			if err == nil {
				t.Errorf("%q: no error", c.text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		found := fmt.Sprint(r.Columns())
		for r.Next() {
			found += fmt.Sprint(r.Fields())
		}
		if r.Comma() != c.found {
			t.Errorf("%q: the separator is %q; want %q", c.text, r.Comma(), c.found)
		}
		if err := r.Err(); err == nil && found != c.rows || err != nil && !strings.Contains(err.Error(), "fields") {
			t.Errorf("%q: %s, %v; want %s", c.text, found, err, c.rows)
		}
	}
	r, err := datasets.CSV{Comma: detect}.Read(strings.NewReader("sep=;\na;b\n1;2\n"), "x")
	if err != nil || !r.Next() || r.Line() != 3 {
		t.Errorf("line %d, %v; want 3", r.Line(), err)
	}
}
