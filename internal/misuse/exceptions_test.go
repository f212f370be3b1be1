package misuse

import (
	"reflect"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// The exceptions are what the sweep does not do, since no library could answer it with an error. There are no others.
//
//   - Methods are not called on nil pointers, and no interface holds a nil pointer: as everywhere in Go, there is nothing to
//     work on. (Nil interfaces, functions, slices, maps, and nil pointers as arguments are all drawn.)
//   - Callbacks, readers and contexts of the caller's do not panic, and come to an end: what they do is the caller's.
//   - Sizes between what a machine has and MaxElements of internal/dense are an honest wish; see wrongInts.
//   - See neverNil.
var neverNil = map[reflect.Type]string{
	reflect.TypeFor[*graph.Graph](): "errors stick in the graph: without one there is no place for them",
	reflect.TypeFor[*testing.T]():   "a check without a test has nobody to tell",
	reflect.TypeFor[testing.TB]():   "as *testing.T",
}
