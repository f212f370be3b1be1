package nn

import (
	"path"
	"strings"

	"github.com/pkg/errors"
)

// MatchWeight tells whether a pattern names a weight: all of its name, as in "head.weight", or what stands before a dot in it,
// as in "head". In a pattern, * stands for any letters: "lstm.weight_hh_*" names the recurrent weights of all layers, and
// "lstm.*" all weights in the scope lstm. CheckPattern tells what is no pattern; such a one names nothing.
func MatchWeight(pattern, name string) bool {
	for {
		if ok, err := path.Match(pattern, name); ok && err == nil {
			return true
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[:dot]
	}
}

// CheckPattern is the error of what is no pattern for MatchWeight.
func CheckPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return errors.Errorf("%q; want the name of a weight, in which * stands for any letters", pattern)
	}
	return nil
}
