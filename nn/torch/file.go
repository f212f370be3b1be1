package torch

import (
	"encoding/binary"
	"math/big"
	"path"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/archive"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/number"
	"github.com/unroll-go/unroll/nn/torch/internal/pickle"
)

// source is what a file holds before its numbers are read.
type source struct {
	root  any
	limit int64                                    // of the numbers of all tensors, in bytes
	block func(s *storage) (raw []byte, err error) // the bytes of a storage, little-endian

	forget func(s *storage) // gives back the memory of a storage, which no other tensor will read
}

// open reads the pickle of a file of either form, and has use take what it wants while the file is open.
func open(path string, use func(*source) error) error {
	magic, err := beginning(path)
	if err != nil {
		return err
	}
	if strings.HasPrefix(magic, "PK") {
		return openZip(path, use)
	}
	data, err := inputfile.Read(path)
	if err != nil {
		return err
	}
	s, err := parseLegacy(data)
	if err != nil {
		return err
	}
	return use(s)
}

func beginning(path string) (string, error) {
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	magic := make([]byte, 4)
	n, err := f.Read(magic)
	if n == 0 {
		return "", errors.New("the file is empty")
	}
	return string(magic[:n]), err
}

// openZip reads the form of PyTorch since 1.6, and TorchScript: data.pkl, and a file in data/ for each storage, all in one
// folder of an archive. A TorchScript model within an archive of torch.package shares the storages of that, in .data/.
func openZip(file string, use func(*source) error) error {
	a, err := archive.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	folder, found := "", false
	for _, name := range a.Names() {
		if path.Base(name) == "data.pkl" && (!found || len(name) < len(folder)+len("data.pkl")) {
			folder, found = strings.TrimSuffix(name, "data.pkl"), true
		}
	}
	if !found {
		return errors.New("it is a zip archive without data.pkl, so that PyTorch did not write it")
	}
	program, err := a.Read(folder + "data.pkl")
	if err != nil {
		return err
	}
	big := false
	if a.Has(folder + "byteorder") {
		order, err := a.Read(folder + "byteorder")
		if err != nil {
			return err
		}
		if big = string(order) == "big"; !big && string(order) != "little" {
			return errors.Errorf("the order of bytes %.20q; want little or big", order)
		}
	}
	root, _, err := pickle.Read(program, hooks(nil))
	if err != nil {
		return err
	}
	storages := folder + "data/"
	if outer, _, within := strings.Cut(folder, "/.data/ts_code/"); within {
		storages = outer + "/.data/"
	}
	blocks := map[string][]byte{}
	return use(&source{root: root, limit: limit(a.Size()), block: func(s *storage) ([]byte, error) {
		raw, ok := blocks[s.key]
		if !ok {
			if raw, err = a.Read(storages + s.key); err != nil {
				return nil, err
			}
			if big {
				number.Swap(raw, s.kind.Width)
			}
			blocks[s.key] = raw
		}
		return s.cut(raw)
	}, forget: func(s *storage) { delete(blocks, s.key) }})
}

// limit is what the tensors of a file of some bytes may take, in bytes: as much as an archive may unpack to.
func limit(size int64) int64 { return archive.Free + archive.Ratio*size }

// cut is the part of a block that is the storage.
func (s *storage) cut(raw []byte) ([]byte, error) {
	from, n := s.offset*s.kind.Width, s.n*s.kind.Width
	if from > len(raw) || n > len(raw)-from {
		return nil, errors.Errorf("storage %s should have %d elements of %s, and has %d bytes", s.key, s.offset+s.n, s.class, len(raw))
	}
	return raw[from : from+n], nil
}

// hooks make tensors of what a pickle asks for. Every storage that it names is given to see, which may be nil.
func hooks(see func(*storage)) pickle.Hooks {
	return pickle.Hooks{Call: call, Build: build, Persistent: func(id any) (any, error) {
		t, ok := id.(pickle.Tuple)
		if ok && len(t) >= 2 && t[0] == any("module") { // (class, file of its source, source)
			return t[1], nil
		}
		if !ok || len(t) < 5 || t[0] != any("storage") {
			return nil, errors.New("a reference out of the pickle has another form than PyTorch's")
		}
		s, err := newStorage(t)
		if err == nil && see != nil {
			see(s)
		}
		return s, err
	}}
}

// magicNumber is the first pickle of the legacy form.
var magicNumber, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// parseLegacy reads the form of PyTorch before 1.6: pickles of a magic number, of the protocol, of the machine that wrote
// it, of the object, and of the storages' names; then for each storage the number of its elements, and those. A pickle
// that does not begin so has no storages.
func parseLegacy(data []byte) (*source, error) {
	storages := map[string]*storage{}
	at := 0
	next := func() (any, error) {
		v, n, err := pickle.Read(data[at:], hooks(func(s *storage) {
			if storages[s.key] == nil {
				storages[s.key] = s
			}
		}))
		at += n
		return v, err
	}
	out := &source{limit: limit(int64(len(data))), block: func(*storage) ([]byte, error) {
		return nil, errors.New("the file has no storages")
	}, forget: func(*storage) {}}
	root, err := next()
	if err != nil {
		return nil, err
	}
	if magic, ok := root.(*big.Int); !ok || magic.Cmp(magicNumber) != 0 {
		out.root = root
		return out, nil
	}
	var keys any
	for _, v := range []*any{new(any), new(any), &out.root, &keys} {
		if *v, err = next(); err != nil {
			return nil, err
		}
	}
	list, ok := keys.(*pickle.List)
	if !ok {
		return nil, errors.New("the names of the storages are no list")
	}
	blocks := map[string][]byte{}
	for _, item := range list.Items {
		key, _ := item.(string)
		s := storages[key]
		if s == nil || !s.known {
			return nil, errors.Errorf("the storage %.40q is unknown, or its numbers are of a kind that cannot be read", key)
		}
		if len(data)-at < 8 {
			return nil, errors.Errorf("the file ends before storage %s", key)
		}
		n := binary.LittleEndian.Uint64(data[at:])
		at += 8
		if n > uint64(len(data)-at)/uint64(s.kind.Width) {
			return nil, errors.Errorf("storage %s should have %d elements of %s, and %d bytes are left", key, n, s.class, len(data)-at)
		}
		end := at + int(n)*s.kind.Width
		blocks[key], at = data[at:end], end
	}
	out.block = func(s *storage) ([]byte, error) { return s.cut(blocks[s.key]) }
	return out, nil
}
