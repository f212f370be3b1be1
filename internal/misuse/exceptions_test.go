package misuse

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// The exceptions are what the sweep does not do, since no library could answer it with an error. There are no others.
//
//   - Methods are not called on nil pointers, and no interface holds a nil pointer: as everywhere in Go, there is nothing to
//     work on. (Nil interfaces, functions, slices, maps, and nil pointers as arguments are all drawn.)
//   - Callbacks, readers, sources of batches and contexts of the caller's do not panic, and come to an end: what they do is
//     the caller's.
//   - Sizes between what a machine has and MaxElements of internal/dense are an honest wish; see wrongInts.
//   - Indexing a plain array out of its bounds panics, as everywhere in Go; see indexing.
//   - Nodes that a call passes over may be of another graph; see passedOver.
//   - Checks of cells compute hundreds of networks, which takes more memory in all than one call of others; see bytesOf.
//   - See neverNil and neverZero.
var neverNil = map[reflect.Type]string{
	reflect.TypeFor[*graph.Graph](): "errors stick in the graph: without one there is no place for them",
	reflect.TypeFor[*testing.T]():   "a check without a test has nobody to tell",
	reflect.TypeFor[testing.TB]():   "as *testing.T",

	reflect.TypeFor[context.Context](): "package context says so: do not pass a nil Context, even if a function permits it",
}

// neverZero are types with only hidden fields, of which no pointer to the zero value is drawn.
var neverZero = map[reflect.Type]string{
	reflect.TypeFor[*rand.Rand](): "its documentation says that New makes one",
}

// passedOver tells of nodes that a call does not look at, so that it takes those of another graph, too.
func passedOver(name string, a reflect.Value) bool {
	switch name {
	case "recurrent.Pooling.Apply": // PoolLast reads the shape of the outputs alone, the others no last state
		return true
	case "recurrent.Step": // wants a state of the cell's length
		return false
	}
	// A state may go on after a cell's own entries; recurrent.Cell says so, for the cells of a Stack.
	return a.Type() == reflect.TypeFor[recurrent.State]() && (strings.HasSuffix(name, ".Step") || strings.HasSuffix(name, ".Scan"))
}

// indexing are methods that index a slice which the caller can see, and have no error to return.
var indexing = map[string]string{
	"catalog.Images.Pixel": "an element of Pixels, once for every pixel",
}

// bytesOf is what a call may take in all, garbage included.
func bytesOf(name string) uint64 {
	if name == "celltest.Check" {
		return 4 << 30
	}
	return 1 << 30
}
