package audio

import (
	"io"

	"github.com/mewkiz/flac"
	"github.com/pkg/errors"
)

// newFLAC reads FLAC (RFC 9639). Its frames have checksums: damaged ones are errors.
func newFLAC(r io.Reader, name string) (s *Stream, err error) {
	defer recovered(name, &err)
	f, err := flac.New(r)
	if err != nil {
		return nil, errors.Wrapf(err, "audio: %s: FLAC", name)
	}
	info := f.Info
	if err := checkLayout(int(info.SampleRate), int(info.NChannels)); err != nil {
		return nil, errors.Wrap(err, name)
	}
	steps := -1
	if n := info.NSamples; n > 0 && n < 1<<31 {
		steps = int(n)
	}
	d := &flacDecoder{stream: f, name: name, channels: int(info.NChannels), bits: int(info.BitsPerSample), want: steps}
	return &Stream{name: name, rate: int(info.SampleRate), channels: d.channels, steps: steps,
		format: "FLAC " + plural(d.bits, "bit"), read: d.read}, nil
}

// recovered turns a panic of the decoder at damaged data into an error.
func recovered(name string, err *error) {
	if r := recover(); r != nil {
		*err = errors.Errorf("audio: %s: FLAC: damaged data: %v", name, r)
	}
}

type flacDecoder struct {
	stream   *flac.Stream
	name     string
	channels int
	bits     int
	want     int // steps, or -1
	got      int
	frame    [][]int32 // [C][T] of the frame at hand
	at       int       // steps of it that were given out
}

func (d *flacDecoder) read(to []float32) (n int, err error) {
	defer recovered(d.name, &err)
	for len(d.frame) == 0 || d.at == len(d.frame[0]) {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	scale := 1 / float64(int64(1)<<(d.bits-1))
	for n+d.channels <= len(to) && d.at < len(d.frame[0]) {
		for c := range d.channels {
			to[n] = float32(float64(d.frame[c][d.at]) * scale)
			n++
		}
		d.at++
	}
	return n, nil
}

// next decodes a frame.
func (d *flacDecoder) next() error {
	f, err := d.stream.ParseNext()
	if err == io.EOF {
		if d.want >= 0 && d.got < d.want {
			return errors.Errorf("audio: %s ends after %d of the %d samples that its header gives", d.name, d.got, d.want)
		}
		return io.EOF
	}
	if err != nil {
		return errors.Wrapf(err, "audio: %s: FLAC, after %d samples", d.name, d.got)
	}
	if len(f.Subframes) != d.channels {
		return errors.Errorf("audio: %s: FLAC: a frame of %d channels in a file of %d", d.name, len(f.Subframes), d.channels)
	}
	if bits := int(f.BitsPerSample); bits != 0 && bits != d.bits {
		return errors.Errorf("audio: %s: FLAC: a frame of %d bits in a file of %d", d.name, bits, d.bits)
	}
	d.frame, d.at = d.frame[:0], 0
	for _, sub := range f.Subframes {
		d.frame = append(d.frame, sub.Samples)
		if len(sub.Samples) != len(d.frame[0]) {
			return errors.Errorf("audio: %s: FLAC: channels of %d and %d samples in one frame", d.name, len(d.frame[0]), len(sub.Samples))
		}
	}
	d.got += len(d.frame[0])
	return nil
}
