package pretrained

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/tokenizer"
	"google.golang.org/protobuf/encoding/protowire"
)

// ggufPieces is the kind "llama", SentencePiece's byte-pair encoding, by way of the tokenizer.model that says the same. The file
// has no table of a normalisation, and spaces stay as they are.
func ggufPieces(fields map[string]any, tokens []string, kinds []float64) (Tokenizer, error) {
	scores := list[float64](fields["tokenizer.ggml.scores"])
	if len(scores) != len(tokens) {
		return nil, errors.Errorf("pretrained: the file has %d tokens with %d scores; want as many", len(tokens), len(scores))
	}
	kinds = slices.Clone(kinds)
	unknown, _ := fields["tokenizer.ggml.unknown_token_id"].(float64)
	if !slices.Contains(kinds, ggufUnknown) && unknown >= 0 && int(unknown) < len(kinds) {
		kinds[int(unknown)] = ggufUnknown
	}
	var out message
	bytes := false
	for id, text := range tokens {
		var piece message
		piece.bytes(1, text)
		piece.number(2, float32(scores[id]))
		if kinds[id] > 0 {
			piece.whole(3, uint64(kinds[id]))
		}
		bytes = bytes || kinds[id] == ggufByte
		out.bytes(1, string(piece))
	}
	prefix, ok := fields["tokenizer.ggml.add_space_prefix"].(bool)
	squeeze, _ := fields["tokenizer.ggml.remove_extra_whitespaces"].(bool)
	var trainer, normal message
	trainer.whole(3, 2) // BPE
	trainer.flag(35, bytes)
	ids := map[string]int{}
	for i, field := range []string{"bos", "eos"} {
		if id, ok := fields["tokenizer.ggml."+field+"_token_id"].(float64); ok && id >= 0 && int(id) < len(tokens) {
			trainer.bytes(protowire.Number(46+i), tokens[int(id)])
			ids[field] = int(id)
		}
	}
	normal.flag(3, prefix || !ok)
	normal.flag(4, squeeze)
	out.bytes(2, string(trainer))
	out.bytes(3, string(normal))
	t, err := tokenizer.ParseSentencePiece(out)
	if err != nil {
		return nil, err
	}
	begin, ok := fields["tokenizer.ggml.add_bos_token"].(bool)
	end, _ := fields["tokenizer.ggml.add_eos_token"].(bool)
	_, first := ids["bos"]
	_, last := ids["eos"]
	return own(t.Around(first && (begin || !ok), last && end))
}

// message is one of Protocol Buffers.
type message []byte

func (m *message) bytes(num protowire.Number, value string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, num, protowire.BytesType), value)
}

func (m *message) whole(num protowire.Number, value uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, num, protowire.VarintType), value)
}

func (m *message) flag(num protowire.Number, value bool) {
	m.whole(num, protowire.EncodeBool(value))
}

func (m *message) number(num protowire.Number, value float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, num, protowire.Fixed32Type), math.Float32bits(value))
}
