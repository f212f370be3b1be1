package datasets

import (
	"math"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Times reads times one after the other, in the forms that ReadPanel knows, all as the first is written.
type Times struct {
	Layout  string // of package time, or of strftime with %; found by the first time if empty
	Counted bool   // numbers count steps: none is a year or seconds since 1970

	form *timeFormat
}

// TimesOf finds the form in which all texts are written. Where a day and a month could be either, one text alone does not tell
// which, but many do.
func TimesOf(texts []string) (*Times, error) {
	f, err := findTimeFormat(texts)
	if err != nil {
		return nil, errors.WithMessage(err, "datasets")
	}
	return &Times{form: &f}, nil
}

// Parse reads a time. A number that counts is so many seconds after 1970.
func (t *Times) Parse(text string) (time.Time, error) {
	if t == nil {
		return time.Time{}, errors.New("datasets: there are no Times")
	}
	if t.form == nil {
		f, err := t.find(text)
		if err != nil {
			return time.Time{}, err
		}
		t.form = &f
	}
	at, err := t.form.parse(text)
	if err != nil {
		return at, errors.Errorf("the time %.40q is not as %s", text, t.form.name)
	}
	return at, nil
}

// find is the form of the first time.
func (t *Times) find(text string) (timeFormat, error) {
	switch {
	case t.Layout != "":
		return givenTimeFormat(t.Layout), nil
	case t.Counted:
		return wholeNumbers(), nil
	}
	return findTimeFormat([]string{text})
}

// Seconds reads a time as seconds since 1970. A number, of whatever size, is itself.
func (t *Times) Seconds(text string) (float64, error) {
	if v, err := parseNumber(strings.TrimSpace(text), nil); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		return v, nil
	}
	at, err := t.Parse(text)
	return float64(at.Unix()) + float64(at.Nanosecond())/1e9, err
}
