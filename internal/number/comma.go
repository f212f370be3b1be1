package number

import (
	"regexp"
	"strings"
)

var decimalComma = regexp.MustCompile(`^[+-]?(\d+),(\d+)([eE][+-]?\d+)?$`)

// DecimalComma tells whether a text looks like a number of which spreadsheets in much of the world write the decimal point as a comma.
// It is sure if the comma cannot stand between thousands, as it may in 1,234.
func DecimalComma(text string) (is, sure bool) {
	m := decimalComma.FindStringSubmatch(text)
	if m == nil {
		return false, false
	}
	thousands := len(m[1]) <= 3 && !strings.HasPrefix(m[1], "0") && len(m[2]) == 3 && m[3] == ""
	return true, !thousands
}

// HasDecimalComma is DecimalComma for those who read no such number: an error says what to do.
func HasDecimalComma(text string) bool {
	is, _ := DecimalComma(text)
	return is
}
