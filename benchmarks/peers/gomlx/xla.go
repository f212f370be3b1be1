//go:build cgo

package main

import (
	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/xla"
)

// With a C compiler, GoMLX can call XLA through a plugin. Its path is given, so that nothing is downloaded.
func init() {
	viaXLA = func(plugin string) (backends.Backend, error) { return xla.New(plugin) }
}
