package xla

import (
	"math"
	"runtime"
	"unsafe"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Buffer is a tensor on a device. It takes the device's memory until it is closed.
type Buffer struct {
	client *Client
	object unsafe.Pointer
	shape  Shape
}

// Numbers of PJRT's element types.
const (
	int32s   = 4
	float32s = 11
	float64s = 12
)

// Upload copies a tensor of float32, float64 or int to the device. Ints become 32 bits wide; one that does not fit is an error.
func (c *Client) Upload(t *tensor.Dense) (*Buffer, error) {
	if err := c.made(); err != nil {
		return nil, err
	}
	if t == nil || t.IsView() && !t.DataOrder().IsContiguous() {
		return nil, errors.New("xla: want a tensor whose numbers adjoin")
	}
	args := &uploadArgs{head: headOf[uploadArgs](), client: c.client, device: c.device}
	var pin runtime.Pinner
	defer pin.Unpin()
	data, kind, err := bytesOf(t)
	if err != nil {
		return nil, err
	}
	if data != nil {
		pin.Pin(data)
	}
	args.data, args.kind = data, kind
	dims := make([]int64, t.Dims()+1)
	for i, d := range t.Shape() {
		dims[i] = int64(d)
	}
	pin.Pin(&dims[0])
	args.dims, args.rank = &dims[0], uintptr(t.Dims())
	if err := call(c.api, bufferFromHost, args); err != nil { // the data are copied during the call: semantics 0
		return nil, errors.Wrap(err, "xla: upload")
	}
	b := &Buffer{c, args.buffer, Shape{append([]int{}, t.Shape()...), t.Dtype()}}
	return b, errors.Wrap(c.api.release(args.done), "xla: upload")
}

// bytesOf is the memory of a tensor as a device takes it.
func bytesOf(t *tensor.Dense) (unsafe.Pointer, int32, error) {
	switch t.Dtype() {
	case tensor.Float32:
		return at(t.Float32s()), float32s, nil
	case tensor.Float64:
		return at(t.Float64s()), float64s, nil
	case tensor.Int:
		wide := t.Ints()
		narrow := make([]int32, len(wide))
		for i, v := range wide {
			if v < math.MinInt32 || v > math.MaxInt32 {
				return nil, 0, errors.Errorf("xla: number %d is %d, which does not fit 32 bits", i, v)
			}
			narrow[i] = int32(v)
		}
		return at(narrow), int32s, nil
	}
	return nil, 0, errors.Errorf("xla: want a tensor of float32, float64 or int, found %v", t.Dtype())
}

func at[T any](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// Download copies a buffer into a new tensor, whole numbers as ints.
func (b *Buffer) Download() (*tensor.Dense, error) {
	if b == nil || b.object == nil {
		return nil, errors.New("xla: there is no buffer: Client.Upload and Executable.Run make some")
	}
	n := 1
	for _, d := range b.shape.Dims {
		n *= d
	}
	switch b.shape.Dtype {
	case tensor.Float32:
		x := make([]float32, n)
		err := b.read(at(x), n*4)
		return dense(b.shape, x), err
	case tensor.Float64:
		x := make([]float64, n)
		err := b.read(at(x), n*8)
		return dense(b.shape, x), err
	}
	narrow, x := make([]int32, n), make([]int, n)
	if err := b.read(at(narrow), n*4); err != nil {
		return nil, err
	}
	for i, v := range narrow {
		x[i] = int(v)
	}
	return dense(b.shape, x), nil
}

func dense[T any](s Shape, x []T) *tensor.Dense {
	if len(s.Dims) == 0 {
		return tensor.New(tensor.FromScalar(x[0]))
	}
	return tensor.New(tensor.WithShape(s.Dims...), tensor.WithBacking(x))
}

func (b *Buffer) read(to unsafe.Pointer, size int) error {
	if size == 0 {
		return nil
	}
	var pin runtime.Pinner
	pin.Pin(to)
	defer pin.Unpin()
	args := &downloadArgs{head: headOf[downloadArgs](), buffer: b.object, data: to, size: uintptr(size)}
	if err := call(b.client.api, bufferToHost, args); err != nil {
		return errors.Wrap(err, "xla: download")
	}
	return errors.Wrap(b.client.api.release(args.event), "xla: download")
}

// Close frees the buffer's memory on the device.
func (b *Buffer) Close() error {
	if b == nil || b.object == nil {
		return nil
	}
	object := b.object
	b.object = nil
	return call(b.client.api, bufferDestroy, &handleArgs{head: headOf[handleArgs](), object: object})
}
