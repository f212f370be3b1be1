package pretrained

import (
	"encoding/json"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/pretrained/internal/gguf"
	"gorgonia.org/tensor"
)

// GGUF is the file of llama.cpp: weights, configuration and tokenizer in one. Its names and shapes are not those that the
// families here read, and some weights are changed when they are written: what follows turns them back, so that one description
// of a network serves all files.

// ggufKind is a kind of network by llama.cpp's names.
type ggufKind struct {
	arch   string
	config func(f ggufFile) map[string]any // the config.json; nil for RWKV-7, which its weights tell all about
	layers string                          // what names of weights in layers begin with
	names  map[string]string               // the names of weights here, by those of llama.cpp without blk.N

	// turn gives a weight, which has its name here, the form that the family reads: one tensor, several that the file joins, or
	// none; nil for turnUsual. part is the name that llama.cpp has for it in a layer.
	turn func(f ggufFile, t graph.Named, part, layer string) ([]graph.Named, error)
}

// ggufFile is a file with the fields of its kind.
type ggufFile struct {
	*gguf.File
	arch    string
	tensors map[string]graph.Named
}

// field is a field of the kind; nil if it is missing.
func (f ggufFile) field(name string) any { return f.Fields[f.arch+"."+name] }

// has tells whether a layer has a weight.
func (f ggufFile) has(layer int, name string) bool {
	_, ok := f.tensors["blk."+itoa(layer)+"."+name]
	return ok
}

// layers is the number of layers that a file says it has.
func (f ggufFile) layers() int {
	n, _ := f.field("block_count").(float64)
	return int(min(max(n, 0), maxLayers))
}

// openGGUF reads a file of llama.cpp: its weights, its configuration and its tokenizer.
func (m *Model) openGGUF(path string) error {
	raw, err := gguf.Open(path)
	if err != nil {
		return err
	}
	f := ggufFile{File: raw, tensors: map[string]graph.Named{}}
	f.arch, _ = raw.Fields["general.architecture"].(string)
	kind, err := ggufKindOf(f.arch)
	if err != nil {
		return err
	}
	for _, t := range raw.Tensors {
		f.tensors[t.Name] = graph.Named{Name: t.Name, Value: t.Value}
	}
	var tensors []graph.Named
	for _, t := range raw.Tensors {
		list, err := kind.turnedBack(f, f.tensors[t.Name])
		if err != nil {
			return errors.WithMessagef(err, "tensor %s", t.Name)
		}
		tensors = append(tensors, list...)
	}
	if kind.config == nil {
		err = m.openNamed(tensors)
	} else if err = m.configure(kind.config(f)); err == nil {
		err = m.take(tensors)
	}
	if err != nil {
		return err
	}
	m.begin, m.ends = -1, nil
	if id, ok := raw.Fields["tokenizer.ggml.bos_token_id"].(float64); ok {
		m.begin = int(id)
	}
	if id, ok := raw.Fields["tokenizer.ggml.eos_token_id"].(float64); ok {
		m.ends = []int{int(id)}
	} else if f.arch == "rwkv7" {
		m.ends = []int{0}
	}
	m.tokenizer, m.mute = ggufTokenizer(raw.Fields)
	return nil
}

// configure takes the family and the sizes from a configuration.
func (m *Model) configure(fields map[string]any) error {
	for name, v := range fields {
		if v == nil {
			delete(fields, name)
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	c, err := parseConfig(data)
	if err != nil {
		return err
	}
	m.family, m.net, err = familyOf(c)
	return errors.WithMessage(err, "by the names of config.json")
}

func ggufKindOf(arch string) (ggufKind, error) {
	var known []string
	for _, k := range ggufKinds() {
		if k.arch == arch {
			return k, nil
		}
		known = append(known, k.arch)
	}
	return ggufKind{}, errors.Errorf("general.architecture is %q; want one of %s", arch, strings.Join(known, ", "))
}

// turnedBack is a tensor by the name and in the form that the family reads: one, several that the file joins, or none.
func (k ggufKind) turnedBack(f ggufFile, t graph.Named) ([]graph.Named, error) {
	if t.Value.Dtype() != tensor.Float32 {
		return nil, errors.Errorf("it holds %v; want numbers of 32 bits or fewer", t.Value.Dtype())
	}
	layer, part, rest := "", t.Name, ""
	if after, ok := strings.CutPrefix(t.Name, "blk."); ok {
		if layer, part, ok = strings.Cut(after, "."); !ok {
			return nil, nil
		}
	}
	for _, end := range []string{".weight", ".bias"} {
		if stem, ok := strings.CutSuffix(part, end); ok {
			part, rest = stem, end
		}
	}
	if part == "ffn_norm" {
		rest = ".weight" // which conversions of Falcon-H1 leave out
	}
	name, ok := k.names[part+rest]
	if !ok {
		if name, ok = k.names[part]; ok {
			name += rest
		}
	}
	if !ok {
		return []graph.Named{t}, nil // which nothing reads, and Unread tells of
	}
	if layer != "" {
		name = k.layers + layer + "." + name
	}
	t.Name = name
	if k.turn != nil {
		return k.turn(f, t, part, layer)
	}
	return turnUsual(t, part)
}

// turnUsual turns back what is changed in the same way in most kinds.
func turnUsual(t graph.Named, part string) ([]graph.Named, error) {
	switch part {
	case "ssm_a":
		t.Value = logOfMinus(t.Value)
		fallthrough
	case "ssm_d":
		if s := t.Value.Shape(); len(s) == 2 && s[1] == 1 { // one number a head
			return []graph.Named{reshaped(t, s[0])}, nil
		}
	case "ssm_norm":
		return []graph.Named{reshaped(t, t.Value.Shape().TotalSize())}, nil
	case "ssm_conv1d", "shortconv.conv":
		if s := t.Value.Shape(); len(s) == 2 {
			return []graph.Named{reshaped(t, s[0], 1, s[1])}, nil
		}
	case "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps":
		if strings.Contains(t.Name, "*") {
			return slices3(t)
		}
	}
	return []graph.Named{t}, nil
}
