package number

import "regexp"

var decimalComma = regexp.MustCompile(`^[+-]?\d+,\d+$`)

// HasDecimalComma tells whether a text looks like a number of which spreadsheets in much of the world write the decimal point as a comma.
// It may as well stand between thousands, so nobody reads it as a number: an error says what to do.
func HasDecimalComma(text string) bool { return decimalComma.MatchString(text) }
