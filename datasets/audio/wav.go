package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// WAVE_FORMAT_*, as a header names the encoding.
const (
	formatPCM        = 1
	formatFloat      = 3
	formatALaw       = 6
	formatMuLaw      = 7
	formatExtensible = 0xfffe // the encoding stands in the extension
)

// unknownSizes are what programs that write to a pipe give as a length: ffmpeg, sox and espeak-ng, others. The data goes to the end
// then.
var unknownSizes = []uint32{math.MaxUint32, 0x7ffff000, 0}

// wavGUID is how the identifier of an encoding goes on in WAVE_FORMAT_EXTENSIBLE, after the two bytes of its number.
const wavGUID = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// mostChunk bounds the chunk that describes the format: 40 bytes are usual.
const mostChunk = 1 << 12

// newWAV reads the chunks of a RIFF file up to the samples. Chunks that mean nothing here are passed over.
func newWAV(r io.Reader, name string) (*Stream, error) {
	fail := func(format string, args ...any) error {
		return errors.Errorf("audio: %s: WAV: %s", name, fmt.Sprintf(format, args...))
	}
	head := make([]byte, 12)
	if n, err := io.ReadFull(r, head); err != nil {
		return nil, fail("the header ends after %d bytes of 12", n)
	}
	if kind := string(head[8:]); kind != "WAVE" {
		return nil, fail("a RIFF file of kind %q; want WAVE", kind)
	}
	var format *wavFormat
	for {
		chunk := make([]byte, 8)
		if n, err := io.ReadFull(r, chunk); err == io.EOF {
			return nil, fail("no chunk %q, which has the samples", "data")
		} else if err != nil {
			return nil, fail("the header of a chunk ends after %d bytes of 8", n)
		}
		id, size := string(chunk[:4]), binary.LittleEndian.Uint32(chunk[4:])
		switch {
		case id == "data" && format == nil:
			return nil, fail("the chunk %q comes before %q, which describes it", "data", "fmt ")
		case id == "data":
			return format.stream(r, name, size), nil
		case id == "fmt ":
			if size > mostChunk {
				return nil, fail("a chunk %q of %d bytes; want at most %d", id, size, mostChunk)
			}
			data := make([]byte, size+size%2) // chunks begin at even places
			if n, err := io.ReadFull(r, data); err != nil {
				return nil, fail("the chunk %q ends after %d bytes of %d", id, n, size)
			}
			var err error
			if format, err = parseFormat(data[:size]); err != nil {
				return nil, fail("%v", err)
			}
		default:
			n := int64(size) + int64(size%2)
			if got, err := io.CopyN(io.Discard, r, n); err != nil {
				return nil, fail("the chunk %q ends after %d bytes of %d", id, got, size)
			}
		}
	}
}

// wavFormat is what the chunk "fmt " says.
type wavFormat struct {
	encoding
	rate, channels int
}

func parseFormat(b []byte) (*wavFormat, error) {
	if len(b) < 16 {
		return nil, errors.Errorf("a chunk %q of %d bytes; want 16 or more", "fmt ", len(b))
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	tag, channels, block, bits := u16(0), u16(2), u16(12), u16(14)
	rate := binary.LittleEndian.Uint32(b[4:])
	if tag == formatExtensible {
		if len(b) < 40 {
			return nil, errors.Errorf("an extensible chunk %q of %d bytes; want 40", "fmt ", len(b))
		}
		if string(b[26:40]) != wavGUID {
			return nil, errors.Errorf("samples of the unknown kind %x", b[24:40])
		}
		tag = u16(24) // how many of the bits are used, at 18, does not matter: the others are zeros
	}
	e, ok := encodingOf(uint16(tag), bits)
	if !ok {
		return nil, errors.Errorf("samples of format %d with %d bits; want PCM (1) of 8, 16, 24 or 32, floats (3) of 32 or 64, "+
			"A-law (6) or µ-law (7) of 8", tag, bits)
	}
	if rate > mostRate {
		return nil, errors.Errorf("a rate of %d samples a second; want 1 to %d", rate, mostRate)
	}
	if err := checkLayout(int(rate), channels); err != nil {
		return nil, err
	}
	if block != e.bytes*channels {
		return nil, errors.Errorf("blocks of %d bytes for %d channels of %d; want %d", block, channels, e.bytes, e.bytes*channels)
	}
	return &wavFormat{encoding: e, rate: int(rate), channels: channels}, nil
}

// stream reads the samples, which begin now.
func (f *wavFormat) stream(r io.Reader, name string, size uint32) *Stream {
	left, steps := int64(size), int(int64(size)/int64(f.bytes*f.channels))
	if slices.Contains(unknownSizes, size) {
		left, steps = -1, -1
	}
	d := &decoder{r: r, e: f.encoding, channels: f.channels, left: left, name: name}
	return &Stream{name: name, rate: f.rate, channels: f.channels, steps: steps, format: "WAV " + f.name, read: d.read}
}

// WriteWAV writes a sound as WAV, in an encoding such as PCM16. Samples beyond full scale are clipped, but not floats.
func WriteWAV(w io.Writer, sound *Sound, encoding string) error {
	if absent(w) {
		return errors.New("audio: WriteWAV: no writer was given")
	}
	if err := sound.check(); err != nil {
		return err
	}
	e, err := encodingNamed(encoding)
	if err != nil {
		return err
	}
	if err := checkFinite(sound.Samples, 0); err != nil {
		return err
	}
	size := uint64(len(sound.Samples)) * uint64(e.bytes)
	if size > math.MaxUint32-64 {
		return errors.Errorf("audio: WriteWAV: %d bytes of samples; WAV has room for 4 GiB", size)
	}
	if _, err := w.Write(wavHeader(sound, e, uint32(size))); err != nil {
		return errors.Wrap(err, "audio: WriteWAV")
	}
	buf := make([]byte, 0, 1<<15)
	for i, v := range sound.Samples {
		buf = buf[:len(buf)+e.bytes]
		e.put(buf[len(buf)-e.bytes:], v)
		if len(buf)+e.bytes > cap(buf) || i == len(sound.Samples)-1 {
			if _, err := w.Write(buf); err != nil {
				return errors.Wrap(err, "audio: WriteWAV")
			}
			buf = buf[:0]
		}
	}
	if size%2 == 1 {
		_, err = w.Write([]byte{0})
	}
	return errors.Wrap(err, "audio: WriteWAV")
}

// wavHeader is all that comes before the samples. Formats that are not PCM also say how many samples there are.
func wavHeader(s *Sound, e encoding, size uint32) []byte {
	le := binary.LittleEndian
	format := make([]byte, 16)
	le.PutUint16(format, e.tag)
	le.PutUint16(format[2:], uint16(s.Channels))
	le.PutUint32(format[4:], uint32(s.Rate))
	block := e.bytes * s.Channels
	le.PutUint32(format[8:], uint32(s.Rate*block))
	le.PutUint16(format[12:], uint16(block))
	le.PutUint16(format[14:], uint16(e.bytes*8))
	chunk := func(out []byte, id string, data []byte) []byte {
		out = append(out, id...)
		return append(le.AppendUint32(out, uint32(len(data))), data...)
	}
	var body []byte
	if e.tag == formatPCM {
		body = chunk([]byte("WAVE"), "fmt ", format)
	} else {
		body = chunk([]byte("WAVE"), "fmt ", append(format, 0, 0))
		body = chunk(body, "fact", le.AppendUint32(nil, uint32(s.Steps())))
	}
	body = le.AppendUint32(append(body, "data"...), size)
	out := le.AppendUint32([]byte("RIFF"), uint32(len(body))+size+size%2)
	return append(out, body...)
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
