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
