package datasets

import (
	"strconv"
	"strings"
)

// Whether a table's first row has the names of its columns.
const (
	HeaderYes    = iota
	HeaderNo     // columns are named "0", "1", ...
	HeaderDetect // by the first rows, see Rows
)

const (
	headerRows = 200 // below the first, that a header is detected by
	fewRows    = 5   // that are too few to tell by values that come again
)

// isHeader says whether the first of some rows is a header, as Rows tells.
func isHeader(rows []row, names, missing []string) bool {
	first, below := rows[0].fields, rows[1:]
	if hasName(first, names) {
		return true
	}
	if len(below) == 0 || !canBeHeader(first, missing) {
		return false
	}
	words, repeated, other, labels := true, false, false, false
	for i, f := range first {
		c := columnBelow(below, i, missing)
		if c.numbers && (f != "" || c.counts) {
			return true
		}
		if f == "" {
			continue
		}
		words = words && isWord(f)
		repeated = repeated || c.count[f] > 0
		other = other || c.other
		labels = labels || c.filled >= fewRows && 50*c.once() <= c.filled
	}
	return !repeated && (labels || words && other)
}

// hasName says whether a row has one of some names; numbers are none, for they number columns without a name.
func hasName(fields, names []string) bool {
	for _, name := range names {
		for _, f := range fields {
			if !isNumber(name) && strings.EqualFold(strings.TrimSpace(f), strings.TrimSpace(name)) && f != "" {
				return true
			}
		}
	}
	return false
}

// canBeHeader says whether some field is a name and all that are filled differ and are no numbers or missing values.
func canBeHeader(first, missing []string) bool {
	seen := map[string]bool{}
	for _, f := range first {
		if f == "" {
			continue
		}
		if isNumber(f) || isMissing(f, missing) || seen[f] {
			return false
		}
		seen[f] = true
	}
	return len(seen) > 0
}

// below is what is below a field of the first row.
type below struct {
	count   map[string]int // filled fields
	filled  int
	numbers bool // nothing but numbers and missing values, and a number at least
	counts  bool // they count the rows
	other   bool // some field is no word
}

// once is how many values occur once only.
func (b below) once() int {
	n := 0
	for _, count := range b.count {
		if count == 1 {
			n++
		}
	}
	return n
}

func columnBelow(rows []row, i int, missing []string) below {
	b := below{count: map[string]int{}, counts: true}
	numbers, gaps := 0, 0
	for k, r := range rows {
		if i >= len(r.fields) {
			continue
		}
		f := r.fields[i]
		b.other = b.other || !isWord(f)
		b.counts = b.counts && (f == strconv.Itoa(k) || f == strconv.Itoa(k+1))
		switch {
		case isMissing(f, missing):
			gaps++
		case isNumber(f):
			numbers++
		}
		if f != "" {
			b.filled++
			b.count[f]++
		}
	}
	b.numbers = numbers > 0 && numbers+gaps == len(rows)
	return b
}

func isWord(s string) bool {
	for i := range len(s) {
		if !joinsWords(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != ""
}
