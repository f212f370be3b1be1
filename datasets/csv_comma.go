package datasets

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/unroll-go/unroll/internal/number"
)

// CommaDetect as a CSV's Comma detects the separator in the first 64 kB. It is the one of comma, semicolon, tab and
// | that cuts the most rows into as many fields as the first row has, at least two. A row in which a blank follows
// the separator counts half, because commas in sentences are followed by blanks. Among equals, the first of that
// list is taken, but one that makes numbers of which the decimal point is a comma before a comma; if none fits, a
// comma. A first line such as sep=; decides alone, whatever character it names.
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
	if comma, ok := namedComma(text); ok {
		return comma
	}
	best, most := ',', 0.0
	for _, comma := range []rune{',', ';', '\t', '|'} {
		share, decimals := evenness(comma, text, more)
		if share > most || share == most && best == ',' && decimals {
			best, most = comma, share
		}
	}
	return best
}

// evenness is the part of the rows that have as many fields as the first; 0 if that is one field. Decimals tells whether some field is
// a number with a decimal comma.
func evenness(comma rune, text []byte, more bool) (share float64, decimals bool) {
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
		decimals = decimals || slices.ContainsFunc(fields, number.HasDecimalComma)
		switch blank := func(f string) bool { return strings.HasPrefix(f, " ") }; {
		case len(fields) != width:
		case slices.ContainsFunc(fields[1:], blank):
			even += 0.5
		default:
			even++
		}
	}
	if width < 2 {
		return 0, false
	}
	return even / float64(rows), decimals
}

// separatorMark begins the line by which Excel is told what is between the fields.
const separatorMark = "sep="

// namedComma is the separator that the first line of a text names, if it does.
func namedComma(text []byte) (rune, bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if n := len(line); n > 1 && line[0] == '"' && line[n-1] == '"' {
		line = line[1 : n-1]
	}
	if len(line) <= len(separatorMark) || !strings.EqualFold(string(line[:len(separatorMark)]), separatorMark) {
		return 0, false
	}
	comma, size := utf8.DecodeRune(line[len(separatorMark):])
	ok := len(separatorMark)+size == len(line) && comma != utf8.RuneError && comma != 0 && comma != '"' && comma != '\r'
	return comma, ok
}

// namesComma tells whether a row is the line that names the separator.
func namesComma(fields []string, comma rune) bool {
	line := strings.Join(fields, string(comma))
	return len(fields) <= 2 && strings.EqualFold(line, separatorMark+string(comma))
}
