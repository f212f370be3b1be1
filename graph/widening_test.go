package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// narrowFile is a file with a matrix of bfloat16, [40, 100], and a vector of float16; and what they hold.
func narrowFile(t *testing.T) (path string, matrix, vector []float32) {
	t.Helper()
	const rows, cols = 40, 100
	var data []byte
	for i := range rows * cols {
		v := float32(i%23-11) / 8
		matrix = append(matrix, v)
		data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
	}
	for i := range cols {
		vector = append(vector, float32(i))
		h := uint16(0)
		if i > 0 {
			exponent := int(math.Log2(float64(i)))
			h = uint16(exponent+15)<<10 | uint16((i<<10>>exponent)&1023)
		}
		data = binary.LittleEndian.AppendUint16(data, h)
	}
	header := fmt.Sprintf(`{"w":{"dtype":"BF16","shape":[%d,%d],"data_offsets":[0,%d]},"b":{"dtype":"F16","shape":[%d],"data_offsets":[%d,%d]}}`,
		rows, cols, 2*rows*cols, cols, 2*rows*cols, len(data))
	path = filepath.Join(t.TempDir(), "m.safetensors")
	raw := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	if err := os.WriteFile(path, append(raw, data...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, matrix, vector
}

// mappedNarrow is a store of such a file. Where memory cannot be had page by page, there is nothing to test.
func mappedNarrow(t *testing.T, path string) *Params {
	t.Helper()
	p := NewParams(1)
	if _, err := p.Map(path, nil); err != nil {
		t.Fatal(err)
	}
	if p.Get("w").wide == nil {
		t.Skip("files are not mapped on this system")
	}
	return p
}

// narrowProduct is (x + b)·Wᵀ: a weight that is packed, and one that is read as it is.
func narrowProduct(p *Params) *Func {
	return NewFunc(p, func(g *Graph, in []Node) []Node {
		return []Node{g.MatMulT(g.Add(in[0], g.Param("b", nil, 100)), g.Param("w", nil, 40, 100))}
	})
}

// What only products read has its numbers no longer than it takes to pack them, and gives the bits of a store that has them
// always; what is read as it is keeps them.
func TestNarrowWeightsAreLentToPack(t *testing.T) {
	path, matrix, vector := narrowFile(t)
	p, loaded := mappedNarrow(t, path), NewParams(1)
	if _, err := loaded.Load(path); err != nil {
		t.Fatal(err)
	}
	x := Floats(matrix[:300], 3, 100)
	for _, format := range []WeightFormat{FullWeights, BFloat16Weights, Int8Weights} {
		f, same := narrowProduct(p), narrowProduct(loaded)
		for _, f := range []*Func{f, same} {
			if err := f.SetWeightFormat(format); err != nil {
				t.Fatal(err)
			}
		}
		got, err := f.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		want, err := same.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[0].Float32s(), want[0].Float32s()) {
			t.Errorf("%v: other numbers than from a store that has read the file", format)
		}
	}
	w, b := p.Get("w"), p.Get("b")
	if w.wide.kept || !b.wide.kept {
		t.Errorf("kept: the packed weight %v, the vector %v; want false, true", w.wide.kept, b.wide.kept)
	}
	if !slices.Equal(w.Value().Float32s(), matrix) || !slices.Equal(b.Value().Float32s(), vector) {
		t.Error("Value has other numbers than the file")
	}
	if !w.wide.kept {
		t.Error("what was handed out does not keep its numbers")
	}
}

// Whoever reads or writes a store finds the numbers of the file.
func TestNarrowWeightsAreThereWhenAskedFor(t *testing.T) {
	path, matrix, vector := narrowFile(t)
	numbers := func(what string, p *Params, name string, want []float32) {
		t.Helper()
		if !slices.Equal(p.Get(name).Value().Float32s(), want) {
			t.Errorf("%s: %s has other numbers than the file", what, name)
		}
	}
	p := mappedNarrow(t, path)
	saved := filepath.Join(t.TempDir(), "saved.safetensors")
	if err := p.Save(saved, nil); err != nil {
		t.Fatal(err)
	}
	again := NewParams(1)
	if _, err := again.Load(saved); err != nil {
		t.Fatal(err)
	}
	numbers("Save", again, "w", matrix)

	numbers("Replica", mappedNarrow(t, path).Replica(), "w", matrix)

	p = mappedNarrow(t, path)
	other := slices.Repeat([]float32{3}, 100)
	if err := p.Set("b", Floats(other)); err != nil {
		t.Fatal(err)
	}
	numbers("Set", p, "b", other)
	numbers("Set", p, "w", matrix)

	p = NewParams(1)
	_, err := p.Map(path, func(t Named) (Named, bool) {
		if t.Name == "b" { // others' numbers
			twice := slices.Clone(t.Value.Float32s())
			for i := range twice {
				twice[i] *= 2
			}
			return Named{"b2", Floats(twice)}, true
		}
		return Named{"w2", Floats(t.Value.Float32s(), 100, 40)}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range vector {
		vector[i] *= 2
	}
	numbers("a changed vector", p, "b2", vector)
	if p.Get("w2").wide == nil || p.Get("w2").wide.kept {
		t.Error("a matrix of another shape keeps its numbers")
	}
	numbers("a matrix of another shape", p, "w2", matrix)
}

// After Unmap, the file is not needed to make the numbers.
func TestUnmapOfNarrowWeights(t *testing.T) {
	path, matrix, _ := narrowFile(t)
	p := mappedNarrow(t, path)
	f := narrowProduct(p)
	if err := p.Unmap(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Run(Floats(make([]float32, 100), 1, 100)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Get("w").Value().Float32s(), matrix) {
		t.Error("other numbers than the file had")
	}
}

// Functions of several goroutines pack a weight, each in its own format, while others read it as it is.
func TestNarrowWeightsOfManyGoroutines(t *testing.T) {
	path, matrix, _ := narrowFile(t)
	p := mappedNarrow(t, path)
	x := Floats(matrix[:100], 1, 100)
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			if i%4 == 3 {
				if !slices.Equal(p.Get("w").Value().Float32s(), matrix) {
					t.Error("Value has other numbers than the file")
				}
				return
			}
			f := narrowProduct(p)
			if err := f.SetWeightFormat(WeightFormat(i % 3)); err != nil {
				t.Error(err)
			}
			if _, err := f.Run(x); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// The pages that lie in a part of memory as a whole.
func TestWholePages(t *testing.T) {
	page := os.Getpagesize()
	b := make([]byte, 4*page)
	if len(wholePages(b)) < 3*page { // it begins at any place of a page
		t.Fatalf("%d bytes of pages in %d", len(wholePages(b)), len(b))
	}
	b = wholePages(b)[:3*page]
	for _, c := range []struct{ from, to, want int }{
		{0, 3 * page, 3 * page}, {1, 3 * page, 2 * page}, {1, 3*page - 1, page}, {1, 2*page - 1, 0}, {0, page - 1, 0}, {page - 1, page + 1, 0},
		{5, 6, 0}, {0, page, page},
	} {
		got := wholePages(b[c.from:c.to])
		if len(got) != c.want || c.want > 0 && &got[0] != &b[(c.from+page-1)/page*page] {
			t.Errorf("bytes %d to %d: %d bytes of pages; want %d", c.from, c.to, len(got), c.want)
		}
	}
}
