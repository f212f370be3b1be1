package datasets

// SetPartSize makes the parts of long texts shorter until restore is called.
func SetPartSize(bytes int) (restore func()) {
	old := partSize
	partSize = bytes
	return func() { partSize = old }
}

// NextPiece is nextPiece.
func NextPiece(s string) int { return nextPiece(s) }

// MergeBothWays encodes a word by searching for the next merge and by the heap.
func MergeBothWays(b *BPE, word string) (searched, heaped []int32) {
	ids := func() []int32 {
		var ids []int32
		for i := range len(word) {
			ids = append(ids, b.byteIDs[word[i]])
		}
		return ids
	}
	return b.merges.BySearch(ids(), &b.getScratch().ranks), b.merges.ByHeap(ids())
}
