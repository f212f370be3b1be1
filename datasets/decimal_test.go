package datasets_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// Decimal commas are read where the reader is told so, or where a column shows them; everything else stays as it is.
func TestDecimalCommas(t *testing.T) {
	const detect = datasets.DecimalDetect
	for _, c := range []struct {
		text    string
		decimal rune
		want    string // the fields
		commas  []string
	}{
		{"a;b\n1,5;2\n-0,25;3\n", detect, "[1.5 2][-0.25 3]", []string{"a"}},
		{"a;b\n1,5;2.5\n2;3\n", detect, "[1.5 2.5][2 3]", []string{"a"}}, // each column tells
		{"a;b\n1,234;x\n2,345;y\n", detect, "[1,234 x][2,345 y]", nil},   // may be thousands
		{"a;b\n1,234;x\n2,345;y\n", ',', "[1.234 x][2.345 y]", []string{"a"}},
		{"a;b\n1,234;2,345\n1;0,5\n", detect, "[1.234 2.345][1 0.5]", []string{"a", "b"}},
		{"a;b\n21,5;x\n2,345;y\n", detect, "[21.5 x][2.345 y]", []string{"a"}},
		{"a;b\n1234,567;0,125\n", detect, "[1234.567 0.125]", []string{"a", "b"}},
		{"a;b\n1,5e3; 2,5 \n", detect, "[1.5e3 2.5]", []string{"a", "b"}},
		{"a;b\n1,5;2\n", 0, "[1,5 2]", nil},
		{"a;b\n1,5;2\n", '.', "[1,5 2]", nil},
		{"a;b\n\"costs 1,5\";1,2,3\n", ',', "[costs 1,5 1,2,3]", nil},
		{"a,b\n\"1,5\",2\n", detect, "[1.5 2]", []string{"a"}},
		// with commas between the fields, each column tells for itself: pairs, such as those of b, say nothing of thousands
		{"a,b,c\n\"1,234\",\"1,2\",\"0,5\"\n987,\"3,4\",\"1,234\"\n", detect, "[1,234 1.2 0.5][987 3.4 1.234]", []string{"b", "c"}},
		{"1,5;2,5;1\n3,5;4,5;2\n", detect, "[1.5 2.5 1][3.5 4.5 2]", []string{"0", "1"}}, // no header
	} {
		comma := ';'
		if !strings.Contains(c.text, ";") {
			comma = ','
		}
		rows, err := datasets.CSV{Comma: comma, Decimal: c.decimal, Header: datasets.HeaderDetect}.Read(strings.NewReader(c.text), "t.csv")
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		got := ""
		for rows.Next() {
			got += fmt.Sprint(rows.Fields())
		}
		if rows.Err() != nil || got != c.want || !reflect.DeepEqual(rows.DecimalCommas(), c.commas) {
			t.Errorf("%q, decimal %q: %s, commas in %q, %v; want %s, %q", c.text, c.decimal, got, rows.DecimalCommas(), rows.Err(), c.want, c.commas)
		}
	}
}

func TestDecimalCommasAsNumbers(t *testing.T) {
	rows, err := datasets.TSV{Decimal: ','}.Read(strings.NewReader("x\ty\n1,5\t\n-2,25\t7\n"), "t.tsv")
	if err != nil {
		t.Fatal(err)
	}
	values, err := rows.Numbers("x")
	if err != nil || !reflect.DeepEqual(values, []float64{1.5, -2.25}) {
		t.Errorf("%v %v", values, err)
	}
	rows, err = datasets.CSV{Comma: ';', Decimal: datasets.DecimalDetect}.Read(
		strings.NewReader("date;sold\n2024-01-01;1,5\n2024-01-02;2\n2024-01-03;2,25\n"), "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := datasets.ReadPanel(rows, "t.csv", datasets.PanelColumns{})
	if err != nil || !reflect.DeepEqual(p.Series[0].Values, []float64{1.5, 2, 2.25}) {
		t.Errorf("%v %v", p, err)
	}
}

// A column that mixes both is refused by its lines, and what may be one or the other says what to do.
func TestDecimalsRefuse(t *testing.T) {
	for want, c := range map[string]struct {
		text    string
		decimal rune
	}{
		`t.csv, line 4: column "x" mixes decimals: "1,5" in line 2 has a comma, "2.5" in line 4 a point`: {"x;y\n1,5;1\n7;1\n2.5;1\n", datasets.DecimalDetect},
		`line 3: column "x" mixes decimals: "2,5" in line 3 has a comma, "1.5" in line 2 a point`:        {"x;y\n1.5;1\n2,5;1\n", ','},
		`line 2: column "x": "1,234" is not a number; if its comma is a decimal one, the reader's Dec`:   {"x;y\n1,234;1\n", datasets.DecimalDetect},
		`line 2: column "x": "1.234,5" is not a number`:                                                  {"x;y\n1.234,5;1\n", ','},
		`t.csv: decimal ';'; want '.', ',' or DecimalDetect`:                                             {"x;y\n1;1\n", ';'},
	} {
		rows, err := datasets.CSV{Comma: ';', Decimal: c.decimal}.Read(strings.NewReader(c.text), "t.csv")
		if err == nil {
			_, err = rows.Numbers("x")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if _, err := (datasets.TSV{Decimal: 'x'}).Read(strings.NewReader("a\n"), "t.tsv"); err == nil {
		t.Error("a TSV takes any decimal")
	}
}
