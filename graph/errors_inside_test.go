package graph

import "testing"

// Messages name the line of the caller's code: what belongs to the library, or calls for it, is passed over.
func TestInLibrary(t *testing.T) {
	for function, want := range map[string]bool{
		"github.com/unroll-go/unroll/nn.Dense.Apply":                     true,
		"github.com/unroll-go/unroll/recurrent.Unroll":                   true,
		"github.com/unroll-go/unroll/a/package/yet/to/come.(*Layer).Run": true,
		"runtime.gopanic":                  true,
		"slices.IndexFunc[...]":            true,
		"sync.(*Once).Do":                  true,
		"main.network":                     false,
		"main.main.func1":                  false,
		"example.com/me/model.Net.Build":   false,
		"model.Build":                      false,
		"github.com/unroll-go/other.Build": false,
	} {
		if got := inLibrary(function); got != want {
			t.Errorf("%s: %v", function, got)
		}
	}
}
