package number

import (
	"regexp"
	"strings"

	"github.com/pkg/errors"
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

// CommaError is the error of a text with a comma where a number with a point is wanted.
func CommaError(text string) error {
	return errors.Errorf("%.40q is not a number; if its comma is a decimal one, the reader's Decimal says so; "+
		"nothing may stand between thousands", text)
}

// HasDecimalComma is DecimalComma for those who read no such number: CommaError says what to do.
func HasDecimalComma(text string) bool {
	is, _ := DecimalComma(text)
	return is
}
