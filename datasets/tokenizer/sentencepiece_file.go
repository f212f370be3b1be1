package tokenizer

import (
	"math"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// The file of SentencePiece is a ModelProto of Protocol Buffers, see sentencepiece_model.proto of its authors. What belongs to the
// training is passed over.

// piece is a token of the vocabulary.
type piece struct {
	text  string
	score float32
	kind  uint64
	value byte // of a piece that stands for a byte
}

// The kinds of pieces.
const (
	normalPiece  = 1
	unknownPiece = 2
	controlPiece = 3
	definedPiece = 4
	unusedPiece  = 5
	bytePiece    = 6
)

// The kinds of models.
const (
	unigramModel = 1
	bpeModel     = 2
)

// settings are the fields of the file that tell how a text is cut.
type settings struct {
	kind     uint64 // of the model
	fallback bool   // an unknown character becomes its bytes
	suffix   bool   // the space of a word stands after it
	surface  string // what the unknown piece becomes
	begin    string // the piece before a text
	end      string // the piece after it
	normal   normalSettings
	back     normalSettings // of what Decode gives
}

// normalSettings say how a text is normalised.
type normalSettings struct {
	table   []byte
	prefix  bool // a space before the text
	squeeze bool // spaces in a row become one, and those around the text none
	escape  bool // spaces are written as U+2581
}

// blank is how a space is written.
func (s *normalSettings) blank() string {
	if s.escape {
		return space
	}
	return " "
}

// each calls a function with the fields of a message: number, and its value as a number or as bytes.
func each(data []byte, field func(num protowire.Number, value uint64, raw []byte) error) error {
	for len(data) > 0 {
		num, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return errors.Wrap(protowire.ParseError(n), "it is no message of Protocol Buffers")
		}
		data = data[n:]
		var value uint64
		var raw []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			value = uint64(v)
		case protowire.BytesType:
			raw, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(num, kind, data)
		}
		if n < 0 {
			return errors.Wrapf(protowire.ParseError(n), "field %d", num)
		}
		data = data[n:]
		if err := field(num, value, raw); err != nil {
			return err
		}
	}
	return nil
}

// readModel reads the fields of a ModelProto.
func readModel(data []byte) ([]piece, settings, error) {
	var pieces []piece
	s := settings{
		kind: unigramModel, surface: " \u2047 ", begin: "<s>", end: "</s>",
		normal: normalSettings{prefix: true, squeeze: true, escape: true}, back: normalSettings{prefix: true, squeeze: true, escape: true},
	}
	err := each(data, func(num protowire.Number, _ uint64, raw []byte) error {
		switch num {
		case 1:
			p, err := readPiece(raw)
			pieces = append(pieces, p)
			return errors.WithMessagef(err, "piece %d", len(pieces)-1)
		case 2:
			return errors.WithMessage(s.readTrainer(raw), "trainer_spec")
		case 3:
			return errors.WithMessage(s.normal.read(raw), "normalizer_spec")
		case 5:
			return errors.WithMessage(s.back.read(raw), "denormalizer_spec")
		}
		return nil
	})
	return pieces, s, err
}

func readPiece(data []byte) (piece, error) {
	p := piece{kind: normalPiece}
	err := each(data, func(num protowire.Number, value uint64, raw []byte) error {
		switch num {
		case 1:
			p.text = string(raw)
		case 2:
			p.score = math.Float32frombits(uint32(value))
		case 3:
			p.kind = value
		}
		return nil
	})
	if err == nil && (p.kind < normalPiece || p.kind > bytePiece) {
		err = errors.Errorf("%.40q has type %d; want 1 to 6", p.text, p.kind)
	}
	return p, err
}

func (s *settings) readTrainer(data []byte) error {
	return each(data, func(num protowire.Number, value uint64, raw []byte) error {
		switch num {
		case 3:
			s.kind = value
		case 24:
			s.suffix = value != 0
		case 35:
			s.fallback = value != 0
		case 44:
			s.surface = string(raw)
		case 46:
			s.begin = string(raw)
		case 47:
			s.end = string(raw)
		}
		return nil
	})
}

func (s *normalSettings) read(data []byte) error {
	return each(data, func(num protowire.Number, value uint64, raw []byte) error {
		switch num {
		case 2:
			s.table = raw
		case 3:
			s.prefix = value != 0
		case 4:
			s.squeeze = value != 0
		case 5:
			s.escape = value != 0
		}
		return nil
	})
}

// parseSentencePiece reads a file and refuses what SentencePiece refuses.
func parseSentencePiece(data []byte) (*SentencePiece, error) {
	pieces, s, err := readModel(data)
	if err != nil {
		return nil, errors.WithMessage(err, "it is no tokenizer.model")
	}
	if len(pieces) == 0 || len(pieces) > mostTokens {
		return nil, errors.Errorf("the file has %d pieces; want 1 to %d", len(pieces), mostTokens)
	}
	t := &SentencePiece{pieces: pieces, settings: s, ids: map[string]int{}, reserved: map[string]int{}, unknown: -1}
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	var defined []string
	for id := range pieces {
		if err := t.add(id, &pieces[id]); err != nil {
			return nil, errors.WithMessagef(err, "piece %d, %.40q", id, pieces[id].text)
		}
		if pieces[id].kind == definedPiece {
			defined = append(defined, pieces[id].text)
		}
	}
	if t.unknown < 0 {
		return nil, errors.New("no piece has the type UNKNOWN")
	}
	for b, id := range t.bytes {
		if s.fallback && id < 0 {
			return nil, errors.Errorf("the file has byte_fallback, and no piece for the byte <0x%02X>", b)
		}
	}
	t.defined = prefixesOf(defined)
	if t.table, err = tableOf(s.normal); err != nil {
		return nil, errors.WithMessage(err, "normalizer_spec")
	}
	if len(s.back.table) > 0 {
		t.back = &SentencePiece{settings: settings{normal: s.back}}
		if t.back.table, err = tableOf(s.back); err != nil {
			return nil, errors.WithMessage(err, "denormalizer_spec")
		}
	}
	switch s.kind {
	case unigramModel:
		t.model = t.unigram()
	case bpeModel:
		t.model = &pieceMerges{t: t, apart: t.spacesBegin()}
	default:
		return nil, errors.Errorf("the model_type is %d; want 1 for unigram or 2 for BPE", s.kind)
	}
	return t, nil
}

// add enters a piece.
func (t *SentencePiece) add(id int, p *piece) error {
	if p.text == "" {
		return errors.New("it is empty")
	}
	to := t.reserved
	switch p.kind {
	case normalPiece, definedPiece, unusedPiece:
		to = t.ids
	case unknownPiece:
		if t.unknown >= 0 {
			return errors.Errorf("it is UNKNOWN, and so is piece %d", t.unknown)
		}
		t.unknown = id
	case bytePiece:
		b, ok := byteOf(p.text)
		if !ok || !t.settings.fallback {
			return errors.New("it is of the type BYTE; want <0x00> to <0xFF>, and byte_fallback")
		}
		p.value, t.bytes[b] = b, int32(id)
	}
	if was, ok := to[p.text]; ok {
		return errors.Errorf("it is piece %d, too", was)
	}
	to[p.text] = id
	return nil
}

func tableOf(s normalSettings) (charsmap, error) {
	if len(s.table) == 0 {
		return charsmap{}, nil
	}
	return readCharsmap(s.table)
}
