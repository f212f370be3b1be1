package command

import (
	"encoding/csv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"
)

// The values of flags here have a String that is what Set takes, as those of pflag for lists have not: values are moved from
// one set of flags to another by it.

// auto is the value of a flag that leaves something to the file.
const auto = "auto"

// orElse is a flag of a text that is empty in the program where the flag has a word for it.
type orElse struct {
	value *string
	empty string
}

func (o orElse) String() string {
	if o.value == nil || *o.value == "" {
		return o.empty
	}
	return *o.value
}

// Set takes the word for nothing.
func (o orElse) Set(s string) error {
	if s == o.empty {
		s = ""
	}
	*o.value = s
	return nil
}

// Type is what the help calls the value.
func (o orElse) Type() string { return "string" }

// words is a flag of names with commas between them, as a line of CSV; nil unless given. First are names that are there
// whenever the flag is.
type words struct {
	list  *[]string
	first []string
}

func (w words) String() string {
	if w.list == nil || len(*w.list) <= len(w.first) {
		return ""
	}
	var b strings.Builder
	line := csv.NewWriter(&b)
	_ = line.Write((*w.list)[len(w.first):]) // a Builder takes all
	line.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// Set adds names; those of an empty text are none.
func (w words) Set(s string) error {
	if *w.list == nil {
		*w.list = append([]string{}, w.first...)
	}
	var names []string
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.StringSliceVar(&names, "names", nil, "") // which takes a line of CSV
	if err := f.Set("names", s); err != nil {
		return errors.Errorf("%q; want names with commas between them", s)
	}
	*w.list = append(*w.list, names...)
	return nil
}

// Type is what the help calls the value.
func (w words) Type() string { return "strings" }

var _, _, _ pflag.Value = orElse{}, words{}, numbers{}
