// Package pickle reads Python's pickles, protocols 0 to 5, as data. A pickle is a program for a small machine that may
// import and call anything. This machine imports nothing and calls nothing: classes and functions stay names, objects
// keep what they would have been made of, and what a call would give is decided by the caller of Read.
package pickle

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// What Python has and Go has not. None is nil; bool, int64, *big.Int, float64, string and []byte are themselves.
type (
	// Tuple is a tuple.
	Tuple []any
	// List is a list, or a set, whose items stand in the order of the pickle.
	List struct{ Items []any }
	// Dict is a dict of any class. A key that comes twice has its last value.
	Dict struct {
		Pairs []Pair
		State any // what BUILD would have set on it, such as the _metadata of a state dict
	}
	// Pair is an entry of a Dict.
	Pair struct{ Key, Value any }
	// Global is a class or a function, which nobody has looked up.
	Global struct{ Module, Name string }
	// Object is an instance of a class, which nobody has made.
	Object struct {
		Class Global
		Args  Tuple
		State any
		List  []any  // items of a class that is a list as well
		Dict  []Pair // and of one that is a dict
	}
)

func (g Global) String() string { return g.Module + "." + g.Name }

// Name is a dict's key as a part of a name, and whether it is a string.
func (p Pair) Name() (name string, text bool) {
	switch k := p.Key.(type) {
	case string:
		return k, true
	case int64:
		return strconv.FormatInt(k, 10), false
	case *big.Int:
		return k.String(), false
	case bool:
		return strconv.FormatBool(k), false
	case float64:
		return strconv.FormatFloat(k, 'g', -1, 64), false
	case nil:
		return "None", false
	case Global:
		return k.String(), false
	case Tuple:
		var parts []string
		for _, item := range k {
			part := "..."
			if _, nested := item.(Tuple); !nested {
				part, _ = Pair{Key: item}.Name()
			}
			parts = append(parts, part)
		}
		return "(" + strings.Join(parts, ", ") + ")", false
	}
	return "", false
}

// Get is the value of a string key, and nil if there is none.
func (d *Dict) Get(key string) any {
	for _, p := range slices.Backward(d.Pairs) {
		if k, ok := p.Key.(string); ok && k == key {
			return p.Value
		}
	}
	return nil
}
