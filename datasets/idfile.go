package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// IDFile is a text's ids in a file, of which no more is read than is asked for; EncodeFile and OpenIDs give one.
// Goroutines may share it.
//
// The file has the ids, little-endian, each in 1, 2 or 4 bytes as the vocabulary needs, and an idTrailer at the end.
type IDFile struct {
	f        *os.File
	width    int
	from, to int // the part of the file's ids
}

// idTrailer tells what the ids of a file are, and of which text.
type idTrailer struct {
	Magic       [16]byte
	Width       uint32
	Tokens      uint32 // of the vocabulary
	Count       uint64
	TextSize    int64
	TextTime    int64 // nanoseconds, Unix
	Fingerprint [32]byte
}

var (
	idMagic       = [16]byte{'u', 'n', 'r', 'o', 'l', 'l', ' ', 'i', 'd', 's', ' ', '1', '\n'}
	idTrailerSize = binary.Size(idTrailer{})
)

// EncodeFile encodes a text file of any size into a file of ids beside it or elsewhere, and opens that; see
// EncodeStream for what memory it takes. If the file of ids is there already, made by the same tokenizer of a text
// with this size and modification time, it is opened as it is; ids of another text or tokenizer are replaced. Any
// other file that is not empty, such as the text itself, is not overwritten; it is an error. The text is normalised
// part by part; otherwise the ids are those of the whole text.
func EncodeFile(text, ids string, t Tokenizer) (*IDFile, error) {
	in, err := inputfile.OpenWhole(text)
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	defer in.Close()
	want, err := trailerFor(in, t)
	if err != nil {
		return nil, err
	}
	if f, err := reusable(in, ids, want); f != nil || err != nil {
		return f, err
	}
	err = atomicfile.Write(ids, func(w io.Writer) error {
		var buf []byte
		err := encodeParts(in, text, t, func(part []int) error {
			buf = buf[:0]
			for _, id := range part {
				if id < 0 || id >= int(want.Tokens) {
					return errors.Errorf("datasets: the tokenizer gave id %d; it has %d tokens, counted from 0", id, want.Tokens)
				}
				buf = appendID(buf, id, int(want.Width))
			}
			want.Count += uint64(len(part))
			_, err := w.Write(buf)
			return err
		})
		if err != nil {
			return err
		}
		return binary.Write(w, binary.LittleEndian, want)
	})
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", ids)
	}
	return OpenIDs(ids)
}

// reusable opens the file of ids if it is there and has what is wanted. It returns nil if the file may be written: it is
// not there, is empty, or was written by EncodeFile before. Anything else is somebody's data, and an error.
func reusable(text *os.File, ids string, want idTrailer) (*IDFile, error) {
	info, err := os.Stat(ids)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	source, err := text.Stat()
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	switch {
	case os.SameFile(info, source):
		return nil, errors.Errorf("datasets: %s is the text itself; want another file for its ids", ids)
	case !info.Mode().IsRegular():
		return nil, errors.Errorf("datasets: %s is no file for ids (%v)", ids, info.Mode().Type())
	case info.Size() == 0:
		return nil, nil
	}
	f, found, err := openIDs(ids)
	if found.Magic == idMagic && errors.Is(err, errNotIDs) { // damaged, but one of ours
		return nil, nil
	}
	if errors.Is(err, errNotIDs) {
		return nil, errors.Errorf("datasets: %s has other data than ids; it is not written over: remove it, or name another file", ids)
	}
	if err != nil {
		return nil, err
	}
	if want.Count = found.Count; found == want {
		return f, nil
	}
	return nil, f.Close()
}

// trailerFor describes the ids that a tokenizer gives a text.
func trailerFor(text *os.File, t Tokenizer) (idTrailer, error) {
	if absent(t) {
		return idTrailer{}, errNoTokenizer
	}
	info, err := text.Stat()
	if err != nil {
		return idTrailer{}, errors.Wrap(err, "datasets")
	}
	h := idTrailer{Magic: idMagic, Width: 4, Tokens: uint32(t.Len()), TextSize: info.Size(), TextTime: info.ModTime().UnixNano()}
	if t.Len() < 1 || int64(t.Len()) > 1<<31 {
		return h, errors.Errorf("datasets: a tokenizer of %d tokens", t.Len())
	}
	switch {
	case t.Len() <= 1<<8:
		h.Width = 1
	case t.Len() <= 1<<16:
		h.Width = 2
	}
	hash := sha256.New()
	if m, ok := t.(json.Marshaler); ok {
		saved, err := m.MarshalJSON()
		if err != nil {
			return h, err
		}
		hash.Write(saved)
	} else {
		for id := range t.Len() {
			token, err := t.Token(id)
			if err != nil {
				return h, err
			}
			hash.Write(binary.AppendUvarint(nil, uint64(len(token))))
			hash.Write([]byte(token))
		}
	}
	hash.Sum(h.Fingerprint[:0])
	return h, nil
}

func appendID(buf []byte, id, width int) []byte {
	switch width {
	case 1:
		return append(buf, byte(id))
	case 2:
		return binary.LittleEndian.AppendUint16(buf, uint16(id))
	}
	return binary.LittleEndian.AppendUint32(buf, uint32(id))
}

// OpenIDs opens a file that EncodeFile made.
func OpenIDs(path string) (*IDFile, error) {
	f, _, err := openIDs(path)
	return f, err
}

// errNotIDs is what a file without a whole trailer, or with other ids than the trailer says, gives.
var errNotIDs = errors.New("no whole file of ids")

func openIDs(path string) (*IDFile, idTrailer, error) {
	var h idTrailer
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return nil, h, errors.Wrap(err, "datasets")
	}
	info, err := f.Stat()
	if err == nil {
		at := info.Size() - int64(idTrailerSize)
		raw := make([]byte, idTrailerSize)
		if at < 0 {
			err = errNotIDs
		} else if _, err = f.ReadAt(raw, at); err == nil {
			err = binary.Read(bytes.NewReader(raw), binary.LittleEndian, &h)
		}
		if err == nil {
			whole := h.Magic == idMagic && (h.Width == 1 || h.Width == 2 || h.Width == 4) &&
				h.Count <= uint64(at)/uint64(h.Width) && h.Count*uint64(h.Width) == uint64(at)
			if !whole {
				err = errNotIDs
			}
		}
	}
	if err != nil {
		f.Close()
		return nil, h, errors.Wrapf(err, "datasets: %s", path)
	}
	return &IDFile{f: f, width: int(h.Width), to: int(h.Count)}, h, nil
}

// Len is the number of ids.
func (f *IDFile) Len() int { return f.to - f.from }

// Read fills ids with those at position from and after.
func (f *IDFile) Read(ids []int, from int) error {
	return f.read(ids, from, make([]byte, len(ids)*f.width))
}

// read is Read with memory to work in, of len(ids) times the width.
func (f *IDFile) read(ids []int, from int, raw []byte) error {
	if f.f == nil {
		return errNoIDs
	}
	if from < 0 || from > f.Len()-len(ids) {
		return errors.Errorf("datasets: ids %d to %d; the file has %d", from, from+len(ids), f.Len())
	}
	if _, err := f.f.ReadAt(raw, int64(f.from+from)*int64(f.width)); err != nil {
		return errors.Wrapf(err, "datasets: read %s", f.f.Name())
	}
	for i := range ids {
		switch f.width {
		case 1:
			ids[i] = int(raw[i])
		case 2:
			ids[i] = int(binary.LittleEndian.Uint16(raw[2*i:]))
		default:
			ids[i] = int(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
	return nil
}

var errNoIDs = errors.New("datasets: an IDFile that was never opened; EncodeFile and OpenIDs give one")

// Split cuts the ids into a first part of the given fraction (rounded down), to train on, and the rest. Both read the
// same file; closing one closes all.
func (f *IDFile) Split(fraction float64) (train, validation *IDFile, err error) {
	n, err := splitAt(f.Len(), fraction)
	if err != nil {
		return nil, nil, err
	}
	first, rest := *f, *f
	first.to, rest.from = f.from+n, f.from+n
	return &first, &rest, nil
}

// Close closes the file.
func (f *IDFile) Close() error {
	if f.f == nil {
		return errNoIDs
	}
	return errors.Wrap(f.f.Close(), "datasets")
}
