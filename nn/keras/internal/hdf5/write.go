package hdf5

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// writer lays a file out in one slice of bytes.
type writer struct {
	out   []byte
	leafK int // a symbol table node has 2·leafK entries, so that every group has one node
}

// group is a group that is being written.
type group struct {
	groups   map[string]*group
	datasets map[string]*Dataset
}

func newGroup() *group {
	return &group{groups: map[string]*group{}, datasets: map[string]*Dataset{}}
}

// Bytes encodes datasets, with the groups of their paths, as a file.
func Bytes(datasets []Dataset) ([]byte, error) {
	root := newGroup()
	w := &writer{leafK: 4}
	for i := range datasets {
		d := &datasets[i]
		n := 1
		for _, s := range d.Shape {
			n *= s
		}
		if n != len(d.Data) || d.Bits != 32 && d.Bits != 64 || len(d.Shape) > 32 {
			return nil, errors.Errorf("hdf5: %q: shape %v of %d-bit floats with %d elements", d.Path, d.Shape, d.Bits, len(d.Data))
		}
		parts := strings.Split(d.Path, "/")
		g := root
		for _, p := range parts[:len(parts)-1] {
			if g.groups[p] == nil {
				g.groups[p] = newGroup()
			}
			g = g.groups[p]
		}
		g.datasets[parts[len(parts)-1]] = d
		if slices.Contains(parts, "") || strings.Contains(d.Path, "\x00") || !utf8.ValidString(d.Path) || len(d.Path) > longestPath {
			return nil, errors.Errorf("hdf5: %.40q is no path", d.Path)
		}
	}
	found := 0
	var measure func(g *group) error
	measure = func(g *group) error {
		members := len(g.groups) + len(g.datasets)
		found += len(g.datasets)
		w.leafK = max(w.leafK, (members+1)/2)
		for name, below := range g.groups {
			if g.datasets[name] != nil {
				return errors.Errorf("hdf5: %q is a dataset and a group", name)
			}
			if err := measure(below); err != nil {
				return err
			}
		}
		return nil
	}
	if err := measure(root); err != nil {
		return nil, err
	}
	if found != len(datasets) || w.leafK > math.MaxUint16/2 {
		return nil, errors.Errorf("hdf5: %d of %d paths are different, in groups of up to %d", found, len(datasets), 2*w.leafK)
	}
	w.out = make([]byte, superblockSize)
	header, tree, heap := w.group(root)
	w.superblock(header, tree, heap)
	return w.out, nil
}

// space appends n zero bytes, from a multiple of 8 on, and returns their address.
func (w *writer) space(n int) int {
	w.out = append(w.out, make([]byte, (8-len(w.out)%8)%8)...)
	at := len(w.out)
	w.out = append(w.out, make([]byte, n)...)
	return at
}

func (w *writer) put16(at, v int) { binary.LittleEndian.PutUint16(w.out[at:], uint16(v)) }
func (w *writer) put32(at, v int) { binary.LittleEndian.PutUint32(w.out[at:], uint32(v)) }
func (w *writer) put64(at int, v uint64) {
	binary.LittleEndian.PutUint64(w.out[at:], v)
}

// superblock writes version 0 (section II.A).
func (w *writer) superblock(header, tree, heap int) {
	copy(w.out, signature)
	w.out[13], w.out[14] = 8, 8
	w.put16(16, w.leafK)
	w.put16(18, internalK)
	w.put64(32, undefined)
	w.put64(40, uint64(len(w.out)))
	w.put64(48, undefined)
	w.entry(56, 0, header, tree, heap)
}

// entry writes a symbol table entry (section III.C). tree is 0 for datasets.
func (w *writer) entry(at, name, header, tree, heap int) {
	w.put64(at, uint64(name))
	w.put64(at+8, uint64(header))
	if tree > 0 {
		w.put32(at+16, 1)
		w.put64(at+24, uint64(tree))
		w.put64(at+32, uint64(heap))
	}
}

// group writes the members of a group, then its names, symbols, tree and header.
func (w *writer) group(g *group) (header, tree, heap int) {
	var names []string
	for name := range g.groups {
		names = append(names, name)
	}
	for name := range g.datasets {
		names = append(names, name)
	}
	sort.Strings(names) // a tree is searched by strcmp
	type member struct{ name, header, tree, heap int }
	text := make([]byte, 8) // the empty name comes first
	var members []member
	for _, name := range names {
		m := member{name: len(text)}
		text = append(append(text, name...), 0)
		text = append(text, make([]byte, (8-len(text)%8)%8)...)
		if below := g.groups[name]; below != nil {
			m.header, m.tree, m.heap = w.group(below)
		} else {
			m.header = w.dataset(g.datasets[name])
		}
		members = append(members, m)
	}
	at := w.space(len(text))
	copy(w.out[at:], text)
	heap = w.space(32)
	copy(w.out[heap:], "HEAP")
	w.put64(heap+8, uint64(len(text)))
	w.put64(heap+16, 1) // no free block
	w.put64(heap+24, uint64(at))

	tree = w.space(24 + 8*(2*internalK+1) + 8*2*internalK)
	copy(w.out[tree:], "TREE")
	w.put64(tree+8, undefined)
	w.put64(tree+16, undefined)
	if len(members) > 0 {
		node := w.space(8 + 2*w.leafK*entrySize)
		copy(w.out[node:], "SNOD\x01")
		w.put16(node+6, len(members))
		for i, m := range members {
			w.entry(node+8+i*entrySize, m.name, m.header, m.tree, m.heap)
		}
		w.put16(tree+6, 1)
		w.put64(tree+32, uint64(node)) // between the keys: the empty name and the last
		w.put64(tree+40, uint64(members[len(members)-1].name))
	}
	table := make([]byte, 16)
	binary.LittleEndian.PutUint64(table, uint64(tree))
	binary.LittleEndian.PutUint64(table[8:], uint64(heap))
	return w.header(message{kind: msgSymbolTable, data: table}), tree, heap
}

// dataset writes the data and then its header.
func (w *writer) dataset(d *Dataset) int {
	at := w.space(len(d.Data) * d.Bits / 8)
	for i, v := range d.Data {
		if d.Bits == 64 {
			w.put64(at+8*i, math.Float64bits(v))
		} else {
			binary.LittleEndian.PutUint32(w.out[at+4*i:], math.Float32bits(float32(v)))
		}
	}
	space := make([]byte, 8+8*len(d.Shape))
	space[0], space[1] = 1, byte(len(d.Shape))
	for i, s := range d.Shape {
		binary.LittleEndian.PutUint64(space[8+8*i:], uint64(s))
	}
	kind := float32Type
	if d.Bits == 64 {
		kind = float64Type
	}
	layout := make([]byte, 18)
	layout[0], layout[1] = 3, 1
	binary.LittleEndian.PutUint64(layout[2:], uint64(at))
	binary.LittleEndian.PutUint64(layout[10:], uint64(len(d.Data)*d.Bits/8))
	fill := []byte{2, 2, 2, 1, 0, 0, 0, 0} // allocated late, written if set, the default
	return w.header(message{kind: msgDataspace, data: space}, message{kind: msgDatatype, data: kind},
		message{kind: msgFill, data: fill}, message{kind: msgLayout, data: layout})
}

// header writes an object header of version 1.
func (w *writer) header(list ...message) int {
	size := 0
	for _, m := range list {
		size += 8 + (len(m.data)+7)/8*8
	}
	at := w.space(16 + size)
	w.out[at] = 1
	w.put16(at+2, len(list))
	w.put32(at+4, 1) // references
	w.put32(at+8, size)
	to := at + 16
	for _, m := range list {
		padded := (len(m.data) + 7) / 8 * 8
		w.put16(to, int(m.kind))
		w.put16(to+2, padded)
		copy(w.out[to+8:], m.data)
		to += 8 + padded
	}
	return at
}
