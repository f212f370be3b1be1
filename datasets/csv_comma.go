package datasets

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
)

// CommaDetect as a CSV's Comma detects the separator in the first 64 kB. It is the one of comma, semicolon, tab and
// | that cuts the most rows into as many fields as the first row has, at least two. A row in which a blank follows
// the separator counts half, because commas in sentences are followed by blanks. Among equals, the first of that
// list is taken; if none fits, a comma.
const CommaDetect rune = -1

const (
	commaLooksAhead = 1 << 16
	commaRows       = 200 // that are looked at
)

// detectComma is the separator of a file that starts so; more says whether it goes on after that.
func detectComma(start []byte, more bool) rune {
	text, err := io.ReadAll(newSource(bytes.NewReader(start), true))
	if err != nil {
		return ','
	}
	best, most := ',', 0.0
	for _, comma := range []rune{',', ';', '\t', '|'} {
		if share := evenness(comma, text, more); share > most {
			best, most = comma, share
		}
	}
	return best
}

// evenness is the part of the rows that have as many fields as the first; 0 if that is one field.
func evenness(comma rune, text []byte, more bool) float64 {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = comma, -1, true
	width, rows, even := 0, 0, 0.0
	for rows < commaRows {
		fields, err := reader.Read()
		if err == io.EOF || rows > 0 && more && reader.InputOffset() >= int64(len(text)) { // the last row may not be whole
			break
		}
		if rows++; rows == 1 {
			width = len(fields)
		}
		if err != nil {
			break
		}
		switch blank := func(f string) bool { return strings.HasPrefix(f, " ") }; {
		case len(fields) != width:
		case slices.ContainsFunc(fields[1:], blank):
			even += 0.5
		default:
			even++
		}
	}
	if width < 2 {
		return 0
	}
	return even / float64(rows)
}
