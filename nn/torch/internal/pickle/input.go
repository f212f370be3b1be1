package pickle

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxDigits is the most decimal digits of a whole number: reading them takes time in proportion to their square.
const maxDigits = 1000

// input is the pickle's bytes and how many have been read.
type input struct {
	data []byte
	at   int
}

func (in *input) byte() (byte, error) {
	raw, err := in.take(1)
	if err != nil {
		return 0, err
	}
	return raw[0], nil
}

// take returns the next n bytes.
func (in *input) take(n uint64) ([]byte, error) {
	if left := len(in.data) - in.at; n > uint64(left) {
		return nil, errors.Errorf("%d bytes are wanted, %d are left", n, left)
	}
	in.at += int(n)
	return in.data[in.at-int(n) : in.at : in.at], nil
}

// uint reads a little-endian number of some bytes.
func (in *input) uint(width uint64) (uint64, error) {
	raw, err := in.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], raw)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

// counted reads bytes whose number stands before them, in some bytes.
func (in *input) counted(width uint64) ([]byte, error) {
	n, err := in.uint(width)
	if err != nil {
		return nil, err
	}
	return in.take(n)
}

// line reads up to the next newline.
func (in *input) line() (string, error) {
	n := bytes.IndexByte(in.data[in.at:], '\n')
	if n < 0 {
		return "", errors.New("a line has no end")
	}
	raw, err := in.take(uint64(n) + 1)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(raw[:n]), "\r"), nil
}

// literal reads the value of an instruction that pushes one; ok is false for other instructions.
func (in *input) literal(code byte) (value any, ok bool, err error) {
	text := func(width uint64) (any, bool, error) {
		raw, err := in.counted(width)
		return string(raw), true, err
	}
	raw := func(width uint64) (any, bool, error) {
		raw, err := in.counted(width)
		return bytes.Clone(raw), true, err
	}
	switch code {
	case 'N':
		return nil, true, nil
	case 0x88:
		return true, true, nil
	case 0x89:
		return false, true, nil
	case 'K', 'M':
		v, err := in.uint(map[byte]uint64{'K': 1, 'M': 2}[code])
		return int64(v), true, err
	case 'J':
		v, err := in.uint(4)
		return int64(int32(v)), true, err
	case 'G':
		raw, err := in.take(8)
		if err != nil {
			return nil, true, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), true, nil
	case 0x8a, 0x8b:
		raw, err := in.counted(map[byte]uint64{0x8a: 1, 0x8b: 4}[code])
		return long(raw), true, err
	case 'U', 0x8c:
		return text(1)
	case 'T', 'X':
		return text(4)
	case 0x8d:
		return text(8)
	case 'C':
		return raw(1)
	case 'B':
		return raw(4)
	case 0x8e, 0x96:
		return raw(8)
	case ']', 0x8f:
		return &List{}, true, nil
	case '}':
		return &Dict{}, true, nil
	case ')':
		return Tuple{}, true, nil
	case 'I', 'L', 'F', 'S', 'V':
		value, err = in.written(code)
		return value, true, err
	}
	return nil, false, nil
}

// long reads a whole number in two's complement.
func long(raw []byte) any {
	if len(raw) <= 8 {
		var wide [8]byte
		if len(raw) > 0 && raw[len(raw)-1]&0x80 != 0 {
			wide = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
		}
		copy(wide[:], raw)
		return int64(binary.LittleEndian.Uint64(wide[:]))
	}
	reversed := make([]byte, len(raw))
	for i, b := range raw {
		reversed[len(raw)-1-i] = b
	}
	v := new(big.Int).SetBytes(reversed)
	if raw[len(raw)-1]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	if v.IsInt64() {
		return v.Int64()
	}
	return v
}

// written reads a value of protocol 0, which stands on a line.
func (in *input) written(code byte) (any, error) {
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	switch code {
	case 'I', 'L':
		if code == 'I' && (line == "00" || line == "01") {
			return line == "01", nil
		}
		line = strings.TrimSuffix(line, "L")
		if v, err := strconv.ParseInt(line, 10, 64); err == nil {
			return v, nil
		}
		if v, ok := new(big.Int).SetString(line[:min(len(line), maxDigits)], 10); ok && len(line) <= maxDigits {
			return v, nil
		}
		return nil, errors.New("a whole number cannot be read")
	case 'F':
		v, err := strconv.ParseFloat(line, 64)
		return v, errors.Wrap(err, "a float cannot be read")
	case 'S':
		if len(line) < 2 || line[0] != line[len(line)-1] || line[0] != '\'' && line[0] != '"' {
			return nil, errors.New("a string has no quotes")
		}
		return unescape(line[1:len(line)-1], false)
	}
	return unescape(line, true)
}

// unescape reads a Python literal: all its escapes if it is a string, \u and \U alone if it is a unicode one.
func unescape(s string, unicode bool) (string, error) {
	var out strings.Builder
	plain := map[byte]string{'\\': "\\", '\'': "'", '"': "\"", 'n': "\n", 'r': "\r", 't': "\t", '0': "\x00"}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		digits := map[byte]int{'u': 4, 'U': 8}[s[i]]
		if !unicode {
			digits = map[byte]int{'x': 2}[s[i]]
		}
		switch {
		case digits > 0:
			if i+digits >= len(s) {
				return "", errors.New("an escape is cut off")
			}
			v, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			if err != nil {
				return "", errors.New("an escape is no number")
			}
			if unicode {
				out.WriteRune(rune(v))
			} else {
				out.WriteByte(byte(v))
			}
			i += digits
		case !unicode && plain[s[i]] != "":
			out.WriteString(plain[s[i]])
		default:
			out.WriteString(s[i-1 : i+1])
		}
	}
	return out.String(), nil
}
