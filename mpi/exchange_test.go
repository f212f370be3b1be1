package mpi

import (
	"slices"
	"testing"
	"unsafe"
)

// What is longer than the counts of MPI goes in several messages, of which none is left out.
func TestLongMessages(t *testing.T) {
	defer func(n int) { most = n }(most)
	bytes := make([]byte, 100)
	for _, n := range []int{0, 1, 9, 10, 11, 20, 100} {
		for _, most = range []int{3, 10, 1000} {
			p := pending{world: &World{lib: &library{}}}
			var at, lengths []int
			err := p.post(1, bytes[:n], func(from unsafe.Pointer, count int32, m *message) int32 {
				at = append(at, int(uintptr(from)-uintptr(unsafe.Pointer(&bytes[0]))))
				lengths = append(lengths, int(count))
				return 0
			})
			p.pin.Unpin()
			if err != nil || sum(lengths) != n || len(p.list) != len(lengths) || slices.Max(lengths) > most {
				t.Errorf("%d bytes, %d at most: messages of %v, %v", n, most, lengths, err)
			}
			for i := 1; i < len(at); i++ {
				if at[i] != at[i-1]+lengths[i-1] {
					t.Errorf("%d bytes, %d at most: messages begin at %v, and have %v", n, most, at, lengths)
				}
			}
		}
	}
}
