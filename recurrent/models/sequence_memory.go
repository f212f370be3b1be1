package models

import (
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
)

// The memory of a SequenceStream as bytes, little-endian: whether a row has been read (1 byte), when (float64), for each feature
// its last value and the time since (float64 each), and the state of the network (float32).

// MarshalBinary returns all that the stream remembers: some kilobytes, with which UnmarshalBinary of a stream over the same model
// goes on, in another process or later.
func (s *SequenceStream) MarshalBinary() ([]byte, error) {
	if s == nil || s.stream == nil {
		return nil, errors.New("models: there is no SequenceStream: SequenceModel.Stream makes one")
	}
	le := binary.LittleEndian
	out := []byte{0}
	if s.walker.begun {
		out[0] = 1
	}
	out = le.AppendUint64(out, math.Float64bits(s.walker.when))
	for i, v := range s.walker.last {
		out = le.AppendUint64(out, math.Float64bits(v))
		out = le.AppendUint64(out, math.Float64bits(s.walker.gap[i]))
	}
	for _, t := range s.stream.State() {
		for _, v := range t.Float32s() {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out, nil
}

// UnmarshalBinary has the stream go on from what MarshalBinary returned. After an error it is as it was.
func (s *SequenceStream) UnmarshalBinary(data []byte) error {
	if s == nil || s.stream == nil {
		return errors.New("models: there is no SequenceStream: SequenceModel.Stream makes one")
	}
	features, numbers := len(s.walker.last), 0
	for _, t := range s.first {
		numbers += t.DataSize()
	}
	if want := 9 + 16*features + 4*numbers; len(data) != want || data[0] > 1 {
		return errors.Errorf("models: UnmarshalBinary: %d bytes; want %d, as MarshalBinary of a stream over the same model wrote them",
			len(data), want)
	}
	le := binary.LittleEndian
	float := func(at int) float64 { return math.Float64frombits(le.Uint64(data[at:])) }
	for at := 1; at < 9+16*features; at += 8 {
		if v := float(at); v-v != 0 {
			return errors.Errorf("models: UnmarshalBinary: a number of the rows is %g; want finite ones", v)
		}
	}
	state, at := clones(s.first), 9+16*features
	for _, t := range state {
		for i := range t.DataSize() {
			v := math.Float32frombits(le.Uint32(data[at:]))
			if v-v != 0 {
				return errors.Errorf("models: UnmarshalBinary: a number of the state is %g; want finite ones", v)
			}
			t.Float32s()[i] = v
			at += 4
		}
	}
	if err := s.stream.Reset(state...); err != nil {
		return err
	}
	s.walker.begun, s.walker.when = data[0] == 1, float(1)
	for i := range features {
		s.walker.last[i], s.walker.gap[i] = float(9+16*i), float(17+16*i)
	}
	return nil
}
