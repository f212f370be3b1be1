package serve

import (
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// entry is an entry of a state: outer blocks, in each of which every text of a batch has inner numbers.
type entry struct{ outer, inner int }

// measure finds the first state, and which axis of its entries is that of the batch: the one that grows with it.
func (s *stepper) measure() error {
	one, err := s.model.first(1)
	if err != nil {
		return err
	}
	two, err := s.model.first(2)
	if err != nil {
		return err
	}
	for i, t := range one {
		if t.Dtype() != tensor.Float32 {
			return errors.Errorf("serve: a state of %v; want float32", t.Dtype())
		}
		e, found := entry{1, 1}, false
		for axis, n := range t.Shape() {
			switch {
			case !found && two[i].Shape()[axis] == 2*n:
				found = true
			case !found:
				e.outer *= n
			default:
				e.inner *= n
			}
		}
		if !found {
			return errors.Errorf("serve: entry %d of the state has the shape %v for one text, %v for two; want a batch in it",
				i, t.Shape(), two[i].Shape())
		}
		s.entries = append(s.entries, e)
	}
	s.first = rowOf(one, s.entries, 0, nil)
	return nil
}

// rowOf appends the numbers of text i in a state.
func rowOf(state []*tensor.Dense, entries []entry, i int, out []float32) []float32 {
	for k, e := range entries {
		all := state[k].Float32s()
		batch := len(all) / (e.outer * e.inner)
		for o := range e.outer {
			at := (o*batch + i) * e.inner
			out = append(out, all[at:at+e.inner]...)
		}
	}
	return out
}

// setRow writes the numbers of text i into a state.
func setRow(state []*tensor.Dense, entries []entry, i int, row []float32) {
	for k, e := range entries {
		all := state[k].Float32s()
		batch := len(all) / (e.outer * e.inner)
		for o := range e.outer {
			at := (o*batch + i) * e.inner
			row = row[copy(all[at:at+e.inner], row):]
		}
	}
}

// stateBytes are the numbers of a state, little-endian.
func stateBytes(state []float32) []byte {
	out := make([]byte, 0, 4*len(state))
	for _, v := range state {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// stateOfBytes reads what stateBytes wrote.
func stateOfBytes(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
