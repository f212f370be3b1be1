package metric

import (
	"slices"
	"strings"
)

// Kinds of Edit, the letters of NIST's sclite.
const (
	EditNone    = "="
	EditReplace = "S" // substitution
	EditInsert  = "I" // of what the reference lacks
	EditDelete  = "D" // of what the hypothesis lacks
)

// Edit is what became of a token of the reference, or a token that the hypothesis has in addition.
type Edit struct {
	Kind       string
	Reference  string // "" if inserted
	Hypothesis string // "" if deleted
}

// Edits is a shortest way from a reference to a hypothesis: as many edits that are not EditNone as EditDistance says. Among equally
// short ways, the one that replaces rather than inserts and deletes, from the end on.
func Edits(hypothesis, reference []string) []Edit {
	n, m := len(reference), len(hypothesis)
	distance := make([][]int, n+1) // of the first i tokens of the reference to the first j of the hypothesis
	for i := range distance {
		distance[i] = make([]int, m+1)
		for j := range distance[i] {
			switch {
			case i == 0:
				distance[i][j] = j
			case j == 0:
				distance[i][j] = i
			default:
				distance[i][j] = min(distance[i-1][j-1]+differs(reference[i-1], hypothesis[j-1]), distance[i-1][j]+1, distance[i][j-1]+1)
			}
		}
	}
	var out []Edit
	for i, j := n, m; i > 0 || j > 0; {
		switch here := distance[i][j]; {
		case i > 0 && j > 0 && here == distance[i-1][j-1]+differs(reference[i-1], hypothesis[j-1]):
			i, j = i-1, j-1
			e := Edit{EditReplace, reference[i], hypothesis[j]}
			if e.Reference == e.Hypothesis {
				e.Kind = EditNone
			}
			out = append(out, e)
		case i > 0 && here == distance[i-1][j]+1:
			i--
			out = append(out, Edit{EditDelete, reference[i], ""})
		default:
			j--
			out = append(out, Edit{EditInsert, "", hypothesis[j]})
		}
	}
	slices.Reverse(out)
	return out
}

func differs(a, b string) int {
	if a == b {
		return 0
	}
	return 1
}

// FormatEdits shows a reference above the hypothesis, with stars where either has nothing, and the kinds of the mistakes below:
//
//	reference   the *** cat sat
//	hypothesis  the hat now sat
//	                I   S
func FormatEdits(edits []Edit) string {
	rows := [3][]string{{"reference "}, {"hypothesis"}, {"          "}}
	for _, e := range edits {
		kind := e.Kind
		if kind == EditNone {
			kind = ""
		}
		width := max(len(characters(e.Reference)), len(characters(e.Hypothesis)), len(characters(kind)), 1)
		for i, cell := range []string{e.Reference, e.Hypothesis, kind} {
			filler := " "
			if i == 0 && e.Kind == EditInsert || i == 1 && e.Kind == EditDelete {
				filler = "*"
			}
			if i == 2 || cell != "" || filler == "*" {
				cell += strings.Repeat(filler, width-len(characters(cell)))
			}
			rows[i] = append(rows[i], cell)
		}
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.TrimRight(row[0]+"  "+strings.Join(row[1:], " "), " ") + "\n")
	}
	return b.String()
}
