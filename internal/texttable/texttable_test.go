package texttable

import "testing"

func TestAligned(t *testing.T) {
	for want, rows := range map[string][][]string{
		"":   nil,
		"\n": {{""}},
		"name    rate\na          1\nlonger   0.5\n": {{"name", "rate"}, {"a", "1"}, {"longer", "0.5"}},
		"é    1\n语  22\n":                            {{"é", "1"}, {"语", "22"}}, // one place wide, and two
		"a\nb  2  3\n":                               {{"a"}, {"b", "2", "3"}},
		"a  b\nc\n":                                  {{"a", "b"}, {"c", ""}},
	} {
		if got := Aligned(rows); got != want {
			t.Errorf("%v:\n%q, want\n%q", rows, got, want)
		}
	}
}

func TestHTML(t *testing.T) {
	got := HTML([][]string{{"", "a<b"}, {"x", "1"}})
	want := `<table>
<tr><th scope="col"></th><th scope="col">a&lt;b</th></tr>
<tr><th scope="row">x</th><td>1</td></tr>
</table>
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// A table that is too wide has its headings cut, all alike, and no further than it takes.
func TestFitted(t *testing.T) {
	rows := [][]string{{"", "Vietnamese", "语言学", "Ny"}, {"Vietnamese", "1", "2", "3"}}
	for columns, want := range map[int]string{
		80: "            Vietnamese  语言学  Ny\nVietnamese           1       2   3\n",
		29: "            Vietn  语言学  Ny\nVietnamese      1       2   3\n",
		10: "            Vi  语言  Ny\nVietnamese   1     2   3\n", // as narrow as it gets
	} {
		if got := Fitted(rows, columns); got != want {
			t.Errorf("%d columns:\n%s", columns, got)
		}
	}
	if rows[0][1] != "Vietnamese" {
		t.Error("the rows were changed")
	}
	if got := Fitted(nil, 3); got != "" {
		t.Errorf("no rows: %q", got)
	}
}
