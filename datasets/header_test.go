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
