// Package idxfile reads the format of MNIST's files.
package idxfile

import (
	"encoding/binary"
	"io"

	"github.com/pkg/errors"
)

// Read reads an array of bytes in the format of MNIST: two zeros, 8 (the type of the values, bytes), the number of
// axes, the length of each as 32 bits with the highest first, and the values. At most limit values are read; fewer or
// more of them than the lengths say is an error.
func Read(r io.Reader, limit int) (shape []int, values []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, nil, errors.Wrap(err, "datasets: IDX header")
	}
	if head[0] != 0 || head[1] != 0 || head[2] != 8 || head[3] < 1 || head[3] > 4 {
		return nil, nil, errors.Errorf("datasets: IDX header % x; want 00 00 08 and 1 to 4 axes", head)
	}
	size := 1
	for range head[3] {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil {
			return nil, nil, errors.Wrap(err, "datasets: IDX lengths")
		}
		if uint64(n) > uint64(limit) || uint64(size)*uint64(n) > uint64(limit) { // no overflow: both are below 2^32
			return nil, nil, errors.Errorf("datasets: IDX of shape %v and %d; want at most %d values", shape, n, limit)
		}
		shape = append(shape, int(n))
		size *= int(n)
	}
	values, err = io.ReadAll(io.LimitReader(r, int64(size)+1)) // grows with what is there, not with what the header says
	if err != nil {
		return nil, nil, errors.Wrap(err, "datasets: IDX values")
	}
	if len(values) != size {
		more := ""
		if len(values) > size {
			more = " or more"
		}
		return nil, nil, errors.Errorf("datasets: IDX has %d%s values; want %d by its shape %v", len(values), more, size, shape)
	}
	return shape, values, nil
}
