package pretrained

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/tokenizer"
)

// The kinds of tokens in files of llama.cpp, which are those of SentencePiece.
const (
	ggufUnknown     = 2
	ggufControl     = 3
	ggufUserDefined = 4
	ggufUnused      = 5
	ggufByte        = 6
)

// ggufCuts are the regular expressions that byte-level tokenizers cut texts by, by llama.cpp's names for them.
var ggufCuts = map[string]string{
	"llama-bpe": llama3Cut, "llama3": llama3Cut, "llama-v3": llama3Cut, "lfm2": llama3Cut, "falcon-h1": llama3Cut, "falcon3": llama3Cut,
	"qwen2": strings.Replace(llama3Cut, `\p{N}{1,3}`, `\p{N}`, 1),
}

const llama3Cut = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// ggufTokenizer makes the tokenizer that a file's fields describe, or says why it cannot.
func ggufTokenizer(fields map[string]any) (Tokenizer, error) {
	kind, _ := fields["tokenizer.ggml.model"].(string)
	tokens := list[string](fields["tokenizer.ggml.tokens"])
	kinds := list[float64](fields["tokenizer.ggml.token_type"])
	if len(tokens) == 0 || len(kinds) > 0 && len(kinds) != len(tokens) {
		return nil, errors.Errorf("pretrained: the file has %d tokens with %d types; want as many, and some", len(tokens), len(kinds))
	}
	if len(kinds) == 0 {
		kinds = make([]float64, len(tokens))
	}
	switch kind {
	case "gpt2":
		return ggufBytes(fields, tokens, kinds)
	case "llama":
		return ggufPieces(fields, tokens, kinds)
	case "rwkv":
		var out strings.Builder
		for id, t := range tokens {
			if id > 0 && kinds[id] != ggufUnused {
				fmt.Fprintf(&out, "%d b'%s' %d\n", id, t, escapedLength(t))
			}
		}
		return own(tokenizer.ParseWorld([]byte(out.String())))
	}
	return nil, errors.Errorf("pretrained: the file's tokenizer is of the kind %q; want gpt2, llama or rwkv", kind)
}

// own keeps a nil out of an interface.
func own[T Tokenizer](t T, err error) (Tokenizer, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// list is a field's array of one type; nil if it is another.
func list[T any](field any) []T {
	in, _ := field.([]any)
	out := make([]T, 0, len(in))
	for _, v := range in {
		t, ok := v.(T)
		if !ok {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// escapedLength is how many bytes a token has that is written as Python writes bytes: \xff is one, and so is \n.
func escapedLength(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if n++; s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] == 'x' {
				i += 2
			}
		}
	}
	return n
}

// ggufBytes is byte-level BPE, by way of the tokenizer.json that says the same.
func ggufBytes(fields map[string]any, tokens []string, kinds []float64) (Tokenizer, error) {
	vocab, added := map[string]int{}, []any{}
	for id, t := range tokens {
		switch kinds[id] {
		case ggufUnused:
			continue
		case ggufControl, ggufUserDefined:
			added = append(added, map[string]any{"id": id, "content": t, "special": kinds[id] == ggufControl})
		}
		vocab[t] = id
	}
	level := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}
	cuts := any(level)
	pre, _ := fields["tokenizer.ggml.pre"].(string)
	if by, ok := ggufCuts[pre]; ok {
		level["use_regex"] = false
		cut := map[string]any{"type": "Split", "pattern": map[string]any{"Regex": by}, "behavior": "Isolated"}
		cuts = map[string]any{"type": "Sequence", "pretokenizers": []any{cut, level}}
	} else if pre != "gpt-2" && pre != "olmo" {
		return nil, errors.Errorf("pretrained: the file's texts are cut as %q; want gpt-2, olmo, llama-bpe, lfm2, falcon-h1 or qwen2", pre)
	}
	file := map[string]any{
		"added_tokens": added, "pre_tokenizer": cuts, "decoder": map[string]any{"type": "ByteLevel"},
		"model": map[string]any{
			"type": "BPE", "vocab": vocab, "merges": list[string](fields["tokenizer.ggml.merges"]), "ignore_merges": pre == "llama-bpe",
		},
	}
	begins, _ := fields["tokenizer.ggml.add_bos_token"].(bool)
	if begin, ok := fields["tokenizer.ggml.bos_token_id"].(float64); ok && begins && begin >= 0 && int(begin) < len(tokens) {
		name := tokens[int(begin)]
		file["post_processor"] = map[string]any{
			"type": "TemplateProcessing", "single": []any{
				map[string]any{"SpecialToken": map[string]any{"id": name}}, map[string]any{"Sequence": map[string]any{"id": "A"}},
			},
			"special_tokens": map[string]any{name: map[string]any{"ids": []int{int(begin)}}},
		}
	}
	data, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	return own(tokenizer.Parse(data))
}
