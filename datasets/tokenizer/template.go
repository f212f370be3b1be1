package tokenizer

import (
	"encoding/json"

	"github.com/pkg/errors"
)

// template is what stands before and after a text.
type template struct{ before, after []int }

func (t template) around(ids []int) []int {
	if len(t.before)+len(t.after) == 0 {
		return ids
	}
	return append(append(append([]int{}, t.before...), ids...), t.after...)
}

// templatePiece is a part of a template: a text, or a special token.
type templatePiece struct {
	Sequence     *struct{ ID string }
	SpecialToken *struct{ ID string }
}

// templateTokens are the ids of a special token.
type templateTokens struct {
	IDs []int `json:"ids"`
}

// named is a token with its id: ["[SEP]", 102].
type named struct {
	token string
	id    int
}

func (n *named) UnmarshalJSON(data []byte) error {
	var two []json.RawMessage
	if json.Unmarshal(data, &two) != nil || len(two) != 2 || json.Unmarshal(two[0], &n.token) != nil || json.Unmarshal(two[1], &n.id) != nil {
		return errors.Errorf("a token is %.40s; want its text and its id", data)
	}
	return nil
}

// templateOf reads what stands around a single text.
func templateOf(p *part, ids map[string]int) (template, error) {
	var out template
	for _, p := range flatten(p, func(p part) []part { return p.Processors }) {
		var own template
		switch p.Type {
		case "ByteLevel": // is about offsets
		case "TemplateProcessing":
			seen := false
			for _, piece := range p.Single {
				if piece.SpecialToken == nil {
					seen = true
					continue
				}
				tokens, ok := p.SpecialTokens[piece.SpecialToken.ID]
				if !ok {
					return out, errors.Errorf("the token %q of the template has no ids", piece.SpecialToken.ID)
				}
				if seen {
					own.after = append(own.after, tokens.IDs...)
				} else {
					own.before = append(own.before, tokens.IDs...)
				}
			}
		case "BertProcessing", "RobertaProcessing":
			if p.Cls == nil || p.Sep == nil {
				return out, errors.Errorf("%s has no cls or sep", p.Type)
			}
			own = template{[]int{p.Cls.id}, []int{p.Sep.id}}
		default:
			return out, unknown(p, "TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel")
		}
		out = template{append(own.before, out.before...), append(out.after, own.after...)}
	}
	known := map[int]bool{}
	for _, id := range ids {
		known[id] = true
	}
	for _, id := range append(append([]int{}, out.before...), out.after...) {
		if !known[id] {
			return out, errors.Errorf("the template has the id %d, which is no token", id)
		}
	}
	return out, nil
}
