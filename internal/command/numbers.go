package command

import (
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// numbers is a flag of whole numbers with commas between them, whose String is what Set takes, as pflag's own is not; empty
// for none.
type numbers struct{ list *[]int }

func (n numbers) String() string {
	if n.list == nil {
		return ""
	}
	words := make([]string, len(*n.list))
	for i, v := range *n.list {
		words[i] = strconv.Itoa(v)
	}
	return strings.Join(words, ",")
}

// Set replaces the numbers.
func (n numbers) Set(s string) error {
	*n.list = nil
	if s == "" {
		return nil
	}
	var list []int
	for word := range strings.SplitSeq(s, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return errors.Errorf("%q is no whole number; want some with commas between them, such as 2000,10000", word)
		}
		list = append(list, v)
	}
	*n.list = list
	return nil
}

// Type is what the help calls the value.
func (n numbers) Type() string { return "ints" }
