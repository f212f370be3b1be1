package main

import (
	"encoding/binary"
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
)

// editHeader changes numbers in the JSON header of a safetensors file, and keeps the header's length right.
func editHeader(rng *rand.Rand, data []byte) []byte {
	if len(data) < 8 {
		return data
	}
	n := binary.LittleEndian.Uint64(data)
	if n == 0 || n > uint64(len(data)-8) {
		return data
	}
	header := append([]byte{}, data[8:8+n]...)
	for k := rng.IntN(3); k >= 0; k-- {
		change := []func(*rand.Rand, []byte, [][]byte) []byte{setNumber, setNumber, setBytes, remove, double}[rng.IntN(5)]
		if header = change(rng, header, nil); len(header) == 0 {
			break
		}
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data[8+n:]...)
}

// field is one field of a protobuf message: a number, or bytes that may be a message.
type field struct {
	raw  []byte // key and value
	key  protowire.Number
	kind protowire.Type
}

// fieldsOf takes a message apart, or gives nil for bytes that are none.
func fieldsOf(message []byte) []field {
	var out []field
	for len(message) > 0 {
		key, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		m := protowire.ConsumeFieldValue(key, kind, message[n:])
		if m < 0 {
			return nil
		}
		out = append(out, field{message[:n+m], key, kind})
		message = message[n+m:]
	}
	return out
}

// editMessage changes one field of a protobuf message, or of a message in it, and keeps all lengths right.
func editMessage(rng *rand.Rand, message []byte) []byte {
	fields := fieldsOf(message)
	if len(fields) == 0 {
		return message
	}
	at := rng.IntN(len(fields))
	f := fields[at]
	_, _, n := protowire.ConsumeTag(f.raw)
	var out []byte
	for i, other := range fields {
		if i != at {
			out = append(out, other.raw...)
			continue
		}
		switch inner := rng.IntN(8); {
		case inner == 0: // leave it out
		case inner == 1:
			out = append(append(out, f.raw...), f.raw...)
		case f.kind == protowire.VarintType:
			out = protowire.AppendTag(out, f.key, f.kind)
			out = protowire.AppendVarint(out, integers[rng.IntN(len(integers))])
		case f.kind == protowire.BytesType:
			value, _ := protowire.ConsumeBytes(f.raw[n:])
			if len(fieldsOf(value)) > 0 {
				value = editMessage(rng, value)
			} else if len(value) > 0 {
				value = setBytes(rng, append([]byte{}, value...), nil)
			}
			out = protowire.AppendTag(out, f.key, f.kind)
			out = protowire.AppendBytes(out, value)
		default:
			out = append(out, f.raw...)
		}
	}
	return out
}
