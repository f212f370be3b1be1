package graph

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// Map is Load for large models that are run rather than trained: numbers of the store's type are not copied but stay in the
// file, whose pages the system reads when they are first needed, and can forget again. Floats of 16 bits stay in the file, too, if
// the store is of float32: they are widened when they are needed, for good if something reads them as they are, and only to be
// packed if products alone read them. Others are changed as they are read. All parameters must be new. What has no elements is
// passed over, and so are whole numbers. change, if it is not nil, gives each tensor the name and the shape that it has in the
// store, or a value in memory of its own, or returns false for one that is to be left out. It must not write into the tensor.
//
// Until the store and all that was made of it are gone, the file must not be cut or written over in its place, which would end
// the program, unless Unmap was called; to replace it by another of the same name is harmless. Writing into the parameters changes
// them alone, not the file. Where files cannot be mapped, Map reads them.
func (p *Params) Map(path string, change func(t Named) (Named, bool)) (map[string]string, error) {
	if err := p.made(); err != nil {
		return nil, err
	}
	var files []*mapping
	wide := widenings{}
	read := func(path string) ([]Named, map[string]string, error) {
		f, tensors, metadata, err := mapSafetensors(path, p.dtype, wide)
		files = append(files, f)
		return tensors, metadata, errors.Wrapf(err, "%s is not a usable safetensors file", path)
	}
	var tensors []Named
	var metadata map[string]string
	var err error
	if strings.HasSuffix(path, indexEnding) {
		tensors, metadata, err = readIndexed(path, read)
	} else {
		tensors, metadata, err = read(path)
	}
	if err == nil {
		err = p.adopt(tensors, change, files, wide)
	}
	return metadata, errors.Wrapf(err, "graph: map %s", path)
}

// Unmap copies what Map left in files into memory, where the system can no longer forget it. Then the files may be cut or written
// over. One that is cut meanwhile is an error, after which the store is of no use. Nothing may use the store at the same time.
func (p *Params) Unmap() error {
	if err := p.made(); err != nil {
		return err
	}
	p.numbers.Lock()
	defer p.numbers.Unlock()
	for _, m := range p.numbers.files {
		if err := m.own(); err != nil {
			return errors.Wrap(err, "graph: Unmap")
		}
	}
	return nil
}

// adopt adds tensors, which become the store's own, and keeps the files in which they lie open.
func (p *Params) adopt(tensors []Named, change func(t Named) (Named, bool), files []*mapping, wide widenings) error {
	p.numbers.Lock()
	defer p.numbers.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	var kept []*Param
	seen := map[string]bool{}
	for _, t := range tensors {
		if dense.Empty(t.Value) || t.Value.Dtype() == tensor.Int {
			continue
		}
		w := wide[t.Value]
		if change != nil {
			now, keep := t, false
			w.Lend(func() { now, keep = change(t) })
			if !keep {
				continue
			}
			t = now
		}
		if p.byName[t.Name] != nil || seen[t.Name] {
			return errors.Errorf("parameter %s exists already", t.Name)
		}
		seen[t.Name] = true
		if err := p.fits(t.Name, t.Value); err != nil {
			return err
		}
		if !w.fills(t.Value) {
			w = nil
		}
		kept = append(kept, &Param{name: t.Name, value: t.Value, lent: &atomic.Bool{}, wide: w})
	}
	for _, q := range kept {
		p.list = append(p.list, q)
		p.byName[q.name] = q
	}
	p.numbers.files = append(p.numbers.files, files...)
	p.numbers.packs.Changed()
	return nil
}

// mapping is a file whose bytes lie in memory.
type mapping struct {
	bytes []byte
	owned bool   // they are the process's own, and the file is no longer needed
	room  []byte // for numbers that are wider than in the file
	free  []byte // the part of it that is not given away
}

// own copies what lies in the file into memory, at the same place.
func (m *mapping) own() (err error) {
	if m == nil || m.owned {
		return nil
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = errors.Errorf("the file became shorter while it was read (%v)", p)
		}
	}()
	if err := ownPages(m.bytes); err != nil {
		return err
	}
	m.owned = true
	return nil
}

// mapSafetensors maps a file and lists its tensors, of which those of one type lie in the mapping. Some that are narrower there get
// their numbers by what is added to wide.
func mapSafetensors(path string, dtype tensor.Dtype, wide widenings) (*mapping, []Named, map[string]string, error) {
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, nil, err
	}
	if !info.Mode().IsRegular() || info.Size() < 8 || int64(int(info.Size())) != info.Size() {
		tensors, metadata, err := readSafetensors(f)
		return nil, tensors, metadata, err
	}
	m := &mapping{}
	if m.bytes, err = mapFile(f, int(info.Size())); err != nil {
		tensors, metadata, err := readSafetensors(f)
		return nil, tensors, metadata, err
	}
	runtime.SetFinalizer(m, func(m *mapping) {
		unmap(m.bytes)
		unmap(m.room)
	})
	length := binary.LittleEndian.Uint64(m.bytes)
	if length > maxHeader || length > uint64(len(m.bytes)-8) {
		tensors, metadata, err := parseSafetensors(bytes.NewReader(m.bytes), info.Size()) // says what is wrong
		return nil, tensors, metadata, err
	}
	entries, metadata, err := parseHeader(m.bytes[8 : 8+length])
	if err != nil {
		return nil, nil, nil, err
	}
	data := m.bytes[8+length:]
	if err := checkEntries(entries, int64(len(data))); err != nil {
		return nil, nil, nil, err
	}
	m.reserve(entries, dtype)
	tensors := make([]Named, len(entries))
	for i, e := range entries {
		raw := data[e.Offsets[0]:e.Offsets[1]]
		value := e.within(raw, dtype)
		if w := m.widening(&e, raw, dtype); w != nil {
			value, wide[w.value] = w.value, w
		}
		if value == nil { // read past the mapping, whose pages would stay in memory beside what is made of them
			if value, err = e.read(io.NewSectionReader(f, int64(8+length)+e.Offsets[0], int64(len(raw)))); err != nil {
				return nil, nil, nil, errors.Wrapf(err, "tensor %s", e.name)
			}
		}
		tensors[i] = Named{e.name, value}
	}
	return m, tensors, metadata, nil
}

// within is a tensor whose elements are bytes of the file as they lie there; nil if they are not as this machine has them.
func (e *namedEntry) within(raw []byte, dtype tensor.Dtype) *tensor.Dense {
	kind, _ := number.Of(e.Dtype)
	width := uintptr(kind.Width)
	if e.n == 0 || kind.Dtype() != dtype || width != dtype.Size() || !littleEndian || uintptr(unsafe.Pointer(&raw[0]))%width != 0 {
		return nil
	}
	shape := e.Shape
	if len(shape) == 0 {
		return nil // a scalar is copied
	}
	if dtype == tensor.Float64 {
		return Floats64(unsafe.Slice((*float64)(unsafe.Pointer(&raw[0])), e.n), shape...)
	}
	return Floats(unsafe.Slice((*float32)(unsafe.Pointer(&raw[0])), e.n), shape...)
}

// littleEndian tells whether the machine has the bytes of a number in the order of files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
