package datasets

import (
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// MissingMarks are what stands for a missing value unless a reader says otherwise, beside an empty field: what
// pandas, R, spreadsheets and JSON write. Upper and lower case make no difference.
func MissingMarks() []string { return []string{"NA", "N/A", "#N/A", "<NA>", "NaN", "null", "None"} }

// isMissing says whether a field is empty or one of some marks; nil is MissingMarks.
func isMissing(text string, marks []string) bool {
	if marks == nil {
		marks = MissingMarks()
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return true
	}
	for _, m := range marks {
		if strings.EqualFold(text, strings.TrimSpace(m)) {
			return true
		}
	}
	return false
}

// parseNumber reads a number in decimals, or NaN for a missing one. An infinite one is an error: no network can learn
// from it.
func parseNumber(text string, marks []string) (float64, error) {
	if isMissing(text, marks) {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && math.IsInf(v, 0):
		return math.NaN(), errors.Errorf("%.40q is infinite, or too large; want a finite number, or the mark in Missing", text)
	case number.HasDecimalComma(strings.TrimSpace(text)):
		return math.NaN(), number.CommaError(text)
	case err != nil || math.IsNaN(v) || strings.ContainsAny(text, "_xX"): // Go's own ways of writing
		return math.NaN(), errors.Errorf("%.40q is not a number; if it stands for a missing one, name it in Missing", text)
	}
	return v, nil
}

func isNumber(text string) bool {
	text = strings.TrimSpace(text)
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && !strings.ContainsAny(text, "_xX") || number.HasDecimalComma(text)
}
