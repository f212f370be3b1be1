package graph

import (
	"bytes"
	"testing"

	"github.com/unroll-go/unroll/internal/dense"
)

// Reading never panics, and what it accepts it writes back to the same tensors. It all happens in memory: files would
// be synced, and make each execution a thousand times longer.
func FuzzReadSafetensors(f *testing.F) {
	write := func(tensors []Named, metadata map[string]string) ([]byte, error) {
		header, err := safetensorsHeader(tensors, metadata)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = writeSafetensors(&b, header, tensors)
		return b.Bytes(), err
	}
	seed, err := write([]Named{{"a", Floats([]float32{1, 2}, 2, 1)}, {"b", Ints([]int{3})}}, map[string]string{"x": "y"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:30])
	f.Add(append([]byte{53, 0, 0, 0, 0, 0, 0, 0}, `{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}ab`...))
	f.Add([]byte("text,label\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, metadata, err := parseSafetensors(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, v := range list {
			if err := dense.Check(v.Value); err != nil && !dense.Empty(v.Value) {
				t.Fatal(err)
			}
		}
		once, err := write(list, metadata)
		if err != nil {
			t.Fatal(err)
		}
		list, metadata, err = parseSafetensors(bytes.NewReader(once), int64(len(once)))
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := write(list, metadata); err != nil || !bytes.Equal(once, twice) {
			t.Fatal("what was written is read as something else", err)
		}
	})
}
