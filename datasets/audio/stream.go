package audio

import (
	"bufio"
	"bytes"
	"io"
	"reflect"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// Stream reads the samples of a recording piece by piece, so that memory does not grow with its length. OpenStream, ReadStream
// and RawStream make one. Errors stick. It is not for several goroutines at once.
type Stream struct {
	name     string
	rate     int
	channels int
	steps    int // as the header says; -1 if it does not
	format   string

	read   func(to []float32) (int, error) // whole steps; io.EOF at the end
	closer io.Closer
	err    error
	at     int // samples read
}

// OpenStream opens a WAV or FLAC file: which, its first bytes say. Close it when done.
func OpenStream(path string) (*Stream, error) {
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, errors.Wrap(err, "audio")
	}
	s, err := ReadStream(f, path)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s.closer = f
	return s, nil
}

// ReadStream reads WAV or FLAC from r, which may be a pipe: which, its first bytes say. name is what errors call it.
func ReadStream(r io.Reader, name string) (*Stream, error) {
	if absent(r) {
		return nil, errors.Errorf("audio: no reader of %s was given", name)
	}
	buffered := bufio.NewReader(r) // of a few KB, since samples are read in larger pieces
	start, err := buffered.Peek(4)
	switch {
	case bytes.Equal(start, []byte("RIFF")):
		return newWAV(buffered, name)
	case bytes.Equal(start, []byte("fLaC")), bytes.HasPrefix(start, []byte("ID3")):
		return newFLAC(buffered, name)
	case len(start) == 0 && err == io.EOF:
		return nil, errors.Errorf("audio: %s is empty; want WAV or FLAC", name)
	case err != nil && err != io.EOF:
		return nil, errors.Wrapf(err, "audio: %s", name)
	}
	return nil, errors.Errorf("audio: %s begins with %q; want WAV, which begins with RIFF, or FLAC, with fLaC", name, start)
}

// RawStream reads samples without a header, of an encoding such as PCM16, interleaved.
func RawStream(r io.Reader, name, encoding string, rate, channels int) (*Stream, error) {
	if absent(r) {
		return nil, errors.Errorf("audio: no reader of %s was given", name)
	}
	e, err := encodingNamed(encoding)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(rate, channels); err != nil {
		return nil, err
	}
	s := &Stream{name: name, rate: rate, channels: channels, steps: -1, format: "raw " + e.name}
	s.read = (&decoder{r: r, e: e, channels: channels, left: -1, name: name}).read
	return s, nil
}

// Rate is the number of samples a second of each channel.
func (s *Stream) Rate() int { return s.rate }

// Channels is the number of channels, C.
func (s *Stream) Channels() int { return s.channels }

// Steps is the number of samples of each channel as the header says, or -1 if it does not, as with a pipe.
func (s *Stream) Steps() int {
	if s.read == nil {
		return -1
	}
	return s.steps
}

// Format tells what is read, such as "WAV s16" or "FLAC 24 bits".
func (s *Stream) Format() string { return s.format }

// Read reads up to len(to) samples, interleaved, in whole steps of all channels, and returns how many. io.EOF ends the stream.
// A sample that is NaN or infinite is an error.
func (s *Stream) Read(to []float32) (int, error) {
	if s.read == nil {
		return 0, errors.New("audio: nothing to read: want a stream that OpenStream, ReadStream or RawStream gave")
	}
	if s.err != nil {
		return 0, s.err
	}
	if len(to) < s.channels {
		return 0, errors.Errorf("audio: %s: Read into %d samples; want %d, one of each channel, or more", s.name, len(to), s.channels)
	}
	n, err := s.read(to[:len(to)/s.channels*s.channels])
	if bad := checkFinite(to[:n], s.at); bad != nil {
		err = errors.Wrap(bad, s.name)
		n = 0
	}
	s.at += n
	s.err = err
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// Close closes the file. A stream of a reader leaves it open.
func (s *Stream) Close() error {
	if s == nil || s.closer == nil {
		return nil
	}
	err := s.closer.Close()
	s.closer = nil
	return errors.Wrap(err, "audio")
}

// mostSamples bounds what is read into memory: 1 GB, more than four hours at 16 kHz.
const mostSamples = 1 << 28

// ReadAll reads the rest of a stream.
func (s *Stream) ReadAll() (*Sound, error) {
	out := &Sound{Rate: s.rate, Channels: s.channels}
	piece := max(pieceSize, s.channels)
	if s.steps > 0 { // which a header may promise without having them
		out.Samples = make([]float32, 0, min(s.steps, mostIdle/s.channels)*s.channels+piece)
	}
	for {
		at := len(out.Samples)
		out.Samples = slices.Grow(out.Samples, piece)
		n, err := s.Read(out.Samples[at:cap(out.Samples)])
		out.Samples = out.Samples[:at+n]
		switch {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		case len(out.Samples) > mostSamples:
			return nil, errors.Errorf("audio: %s has more than %d samples; read it as a stream", s.name, mostSamples)
		}
	}
}

// Open reads a WAV or FLAC file into memory.
func Open(path string) (*Sound, error) {
	s, err := OpenStream(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	return s.ReadAll()
}

// absent says whether an argument was not given: it is nil, or a nil pointer in an interface.
func absent(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

// decoder reads encoded samples.
type decoder struct {
	r        io.Reader
	e        encoding
	channels int
	left     int64 // bytes of the data; -1: up to the end
	name     string
	buf      []byte
}

// read decodes whole steps. Data that ends within a step, or before a length that the header gave, is an error.
func (d *decoder) read(to []float32) (int, error) {
	step := d.e.bytes * d.channels
	size := min(len(to)*d.e.bytes, max(1, 1<<15/step)*step)
	if d.left >= 0 {
		size = int(min(int64(size), d.left)/int64(step)) * step
		if size == 0 && d.left > 0 {
			return 0, errors.Errorf("audio: %s ends within a sample: %d bytes, of %d for %d channels", d.name, d.left, step, d.channels)
		}
	}
	if size == 0 {
		return 0, io.EOF
	}
	if len(d.buf) < size {
		d.buf = make([]byte, size)
	}
	// A pipe gives what there is by now: wait for a whole step, and no longer.
	n, err := io.ReadAtLeast(d.r, d.buf[:size], min(step, size))
	if rest := n % step; err == nil && rest > 0 {
		var k int
		k, err = io.ReadFull(d.r, d.buf[n:n+step-rest])
		if n += k; err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if d.left >= 0 {
		d.left -= int64(n)
	}
	samples := n / step * d.channels
	for i := range samples {
		to[i] = d.e.get(d.buf[i*d.e.bytes:])
	}
	switch {
	case err == io.EOF && d.left > 0 || err == io.ErrUnexpectedEOF && d.left > 0:
		return samples, errors.Errorf("audio: %s ends %d bytes before the length that its header gives", d.name, d.left)
	case err == io.ErrUnexpectedEOF:
		return samples, errors.Errorf("audio: %s ends within a sample: %d bytes, of %d for %d channels", d.name, n%step, step, d.channels)
	case err != nil && err != io.EOF:
		return samples, errors.Wrapf(err, "audio: %s", d.name)
	}
	return samples, err
}
