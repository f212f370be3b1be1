package audio_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/unroll-go/unroll/datasets/audio"
)

var encodings = []string{audio.PCM8, audio.PCM16, audio.PCM24, audio.PCM32, audio.Float32, audio.Float64, audio.MuLaw, audio.ALaw}

// Files of libsndfile are read as libsndfile reads them, and written again with the same samples.
func TestWAV(t *testing.T) {
	for _, name := range encodings {
		s, err := audio.Open(filepath.Join("testdata", name+".wav"))
		must(t, err)
		if s.Rate != 8000 || s.Channels != 2 || s.Steps() != 300 {
			t.Fatalf("%s: %d samples a second, %d channels, %d steps", name, s.Rate, s.Channels, s.Steps())
		}
		near(t, name, s.Samples, 2)
		var file bytes.Buffer
		must(t, audio.WriteWAV(&file, s, name))
		stream, err := audio.ReadStream(iotest.OneByteReader(&file), name)
		must(t, err)
		if stream.Steps() != 300 || stream.Format() != "WAV "+name {
			t.Errorf("%d steps of %s", stream.Steps(), stream.Format())
		}
		again, err := stream.ReadAll()
		must(t, err)
		same(t, name, again.Samples, s.Samples)
	}
	s, err := audio.Open(filepath.Join("testdata", "extensible.wav"))
	must(t, err)
	near(t, "s24", s.Samples, 2)
}

func TestFLAC(t *testing.T) {
	for _, name := range []string{"flac_16", "flac_24"} {
		s, err := audio.Open(filepath.Join("testdata", name+".flac"))
		must(t, err)
		near(t, name, s.Samples, 2)
		raw, err := os.ReadFile(filepath.Join("testdata", name+".flac"))
		must(t, err)
		for i := range raw { // damage is an error or changes nothing that is heard, and never a panic
			damaged := bytes.Clone(raw)
			damaged[i] ^= 0x40
			if s, err := audio.ReadStream(bytes.NewReader(damaged), name); err == nil {
				_, _ = s.ReadAll()
			}
		}
		cut, err := audio.ReadStream(bytes.NewReader(raw[:len(raw)/2]), name)
		if err == nil {
			_, err = cut.ReadAll()
		}
		says(t, err, name)
	}
}

// Every code of the telephones' encodings is what it was after reading and writing.
func TestLawsKeepTheirCodes(t *testing.T) {
	for _, name := range []string{audio.ALaw, audio.MuLaw} {
		var codes []byte
		for i := range 256 {
			if name == audio.MuLaw && i == 0x7f { // minus 0, which is written as 0
				continue
			}
			codes = append(codes, byte(i))
		}
		s, err := audio.RawStream(bytes.NewReader(codes), "codes", name, 8000, 1)
		must(t, err)
		sound, err := s.ReadAll()
		must(t, err)
		var file bytes.Buffer
		must(t, audio.WriteWAV(&file, sound, name))
		if got := file.Bytes()[58:][:len(codes)]; !bytes.Equal(got, codes) {
			t.Errorf("%s: %x; want %x", name, got, codes)
		}
	}
}

// wave builds a file of chunks.
func wave(chunks ...any) []byte {
	out := []byte("RIFF\x00\x00\x00\x00WAVE")
	for i := 0; i < len(chunks); i += 2 {
		data := chunks[i+1].([]byte)
		out = binary.LittleEndian.AppendUint32(append(out, chunks[i].(string)...), uint32(len(data)))
		if out = append(out, data...); len(data)%2 == 1 {
			out = append(out, 0)
		}
	}
	return out
}

// format is a chunk "fmt ".
func format(tag, channels, rate, bits int) []byte {
	le, block := binary.LittleEndian, channels*bits/8
	out := le.AppendUint16(le.AppendUint16(nil, uint16(tag)), uint16(channels))
	out = le.AppendUint32(le.AppendUint32(out, uint32(rate)), uint32(rate*block))
	return le.AppendUint16(le.AppendUint16(out, uint16(block)), uint16(bits))
}

func TestBrokenWAV(t *testing.T) {
	right := format(1, 1, 8000, 16)
	data := []byte{1, 0, 2, 0}
	for word, file := range map[string][]byte{
		"is empty":                  {},
		"begins with":               []byte("MThd1234"),
		"ends after 6 bytes of 12":  []byte("RIFF12"),
		`kind "AVI "`:               []byte("RIFF\x00\x00\x00\x00AVI "),
		`no chunk "data"`:           wave("fmt ", right),
		`comes before "fmt "`:       wave("data", data, "fmt ", right),
		"16 or more":                wave("fmt ", right[:14], "data", data),
		"format 17 with 4 bits":     wave("fmt ", format(17, 1, 8000, 4), "data", data),
		"0 channels":                wave("fmt ", format(1, 0, 8000, 16), "data", data),
		"rate of 0":                 wave("fmt ", format(1, 1, 0, 16), "data", data),
		"blocks of 2 bytes":         wave("fmt ", append(format(1, 2, 8000, 16)[:12], 2, 0, 16, 0), "data", data),
		"want 40":                   wave("fmt ", format(0xfffe, 1, 8000, 16), "data", data),
		"unknown kind":              wave("fmt ", append(format(0xfffe, 1, 8000, 16), make([]byte, 24)...), "data", data),
		"2 bytes before the length": wave("fmt ", right, "data", data)[:46],
		"a sample: 1 bytes, of 2":   wave("fmt ", right, "data", data[:3]),
		"a sample: 2 bytes, of 4":   wave("fmt ", format(1, 2, 8000, 16), "data", make([]byte, 6)),
		`"LIST" ends after`:         wave("LIST", data)[:22],
		"of a chunk ends after 3":   append(wave("fmt ", right), 1, 2, 3),
	} {
		s, err := audio.ReadStream(bytes.NewReader(file), "broken.wav")
		if err == nil {
			_, err = s.ReadAll()
		}
		says(t, err, word, "broken.wav")
	}
	nan := wave("fmt ", format(3, 1, 8000, 32), "data", []byte{0, 0, 0, 0, 0, 0, 0xc0, 0x7f})
	s, err := audio.ReadStream(bytes.NewReader(nan), "nan.wav")
	must(t, err)
	_, err = s.ReadAll()
	says(t, err, "sample 1 is NaN", "nan.wav")
}

// A program that writes to a pipe does not know the length; chunks of odd lengths are passed over.
func TestWAVFromPipe(t *testing.T) {
	for _, size := range []uint32{0, 0xffffffff, 0x7ffff000} {
		file := wave("odd ", []byte{1, 2, 3}, "fmt ", format(1, 1, 8000, 16), "data", []byte{})
		file = append(binary.LittleEndian.AppendUint32(file[:len(file)-4], size), 0, 0x40, 0, 0xc0)
		s, err := audio.ReadStream(iotest.HalfReader(bytes.NewReader(file)), "pipe")
		must(t, err)
		if s.Steps() != -1 {
			t.Errorf("%d steps; want -1", s.Steps())
		}
		sound, err := s.ReadAll()
		must(t, err)
		same(t, "pipe", sound.Samples, []float32{0.5, -0.5})
		if n, err := s.Read(make([]float32, 4)); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v", n, err)
		}
	}
	s, err := audio.RawStream(bytes.NewReader([]byte{0, 0x40, 1}), "raw", audio.PCM16, 8000, 1)
	must(t, err)
	_, err = s.ReadAll()
	says(t, err, "raw ends within a sample: 1 bytes, of 2")
	_, err = audio.RawStream(bytes.NewReader(nil), "raw", "s12", 8000, 1)
	says(t, err, "s12", audio.PCM16)
}
