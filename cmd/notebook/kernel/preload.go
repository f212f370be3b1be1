//go:build kernel

package main

import (
	"sort"

	interp "github.com/cosmos72/gomacro/fast"
	"github.com/cosmos72/gomacro/imports"
)

// preload makes the interpreter know all types of all packages before the first import. An import goes through a package's types in no
// order, and a type that is met while another, which it belongs to, is being made may stay without some of its methods; what the
// import finds is whole then. It takes 50 ms.
func preload(ir *interp.Interp) {
	for _, path := range sortedKeys(imports.Packages) {
		types := imports.Packages[path].Types
		for _, name := range sortedKeys(types) {
			ir.Comp.Universe.FromReflectType(types[name])
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
