//go:build !(amd64 || arm64) || noasm

package kernel

import "testing"

// eachVectorSet runs f by the Go loops, the only implementation of this build.
func eachVectorSet(t *testing.T, f func(t *testing.T)) { t.Run("generic", f) }

// eachReducedSet is eachVectorSet for products with weights of fewer bits.
func eachReducedSet(t *testing.T, f func(t *testing.T)) { eachVectorSet(t, f) }
