package pretrained

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/torch"
)

// Load opens a model: a folder as Hugging Face has it, a GGUF file of llama.cpp, or a file of RWKV's authors (.pth, or the same
// as safetensors).
//
// A folder has config.json, which names the family, see Families; the weights as model.safetensors, in several such files with
// their index, or as pytorch_model.bin; and, to work with texts, tokenizer.json or tokenizer.model. Weights in safetensors stay in
// the file until they are needed, those of 16 bits until they are packed, see graph.Params.Map, so the file must not be changed
// while the model is in use. Tensors that the network does not read are passed over; Unread lists them.
//
// A GGUF file has all of it in one: numbers may be F32, F16, BF16 or Q8_0, and are widened as they are read; names and shapes
// become those of the folder that it was made from.
//
// Beside a file of RWKV's authors lies their vocabulary, rwkv_vocab_v20230424.txt.
func Load(path string) (*Model, error) {
	m, err := load(path)
	if err != nil {
		return nil, errors.Wrapf(err, "pretrained: %s", path)
	}
	return m, nil
}

func load(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	m, folder := &Model{path: path, params: graph.NewParams(1)}, path
	if info.IsDir() {
		err = m.openFolder(path)
	} else {
		folder = filepath.Dir(path)
		err = m.openFile(path)
	}
	if err != nil {
		return nil, err
	}
	m.params.Seal()
	state, err := m.try(1, 1)
	if err != nil {
		return nil, err
	}
	m.read = state.read
	if m.tokenizer == nil && m.mute == nil { // the file itself has none
		m.openTokenizer(folder)
	}
	return m, nil
}

// openFolder reads a folder as Hugging Face has it.
func (m *Model) openFolder(path string) error {
	data, err := inputfile.Read(filepath.Join(path, "config.json"))
	if err != nil {
		return err
	}
	c, err := parseConfig(data)
	if err != nil {
		return err
	}
	if m.family, m.net, err = familyOf(c); err != nil {
		return err
	}
	m.ends, m.begin = endsOf(c), c.countOr("bos_token_id", -1)
	if data, err := inputfile.Read(filepath.Join(path, "generation_config.json")); err == nil {
		if g, err := parseConfig(data); err == nil && g.has("eos_token_id") {
			m.ends = endsOf(g)
		}
	}
	return m.openWeights(path)
}

// openWeights reads the weights of a folder, in the form that comes first in the list.
func (m *Model) openWeights(folder string) error {
	for _, name := range []string{"model.safetensors.index.json", "model.safetensors"} {
		if file := filepath.Join(folder, name); exists(file) {
			_, err := m.params.Map(file, m.net.change)
			return err
		}
	}
	if file := filepath.Join(folder, "pytorch_model.bin"); exists(file) {
		tensors, err := torchWeights(file)
		if err != nil {
			return err
		}
		return m.take(tensors)
	}
	return errors.New("the folder has no weights: want model.safetensors, its index, or pytorch_model.bin")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// endsOf are the tokens that end a text: one, several, or none.
func endsOf(c *config) []int {
	raw, ok := c.fields["eos_token_id"]
	if !ok {
		return nil
	}
	var one int
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []int{one}
	}
	var many []int
	_ = json.Unmarshal(raw, &many) // anything else ends nothing
	return many
}

// openFile reads a file of llama.cpp, or of RWKV's authors.
func (m *Model) openFile(path string) error {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return err
	}
	m.ends, m.begin = []int{0}, -1
	switch format {
	case fileformat.Safetensors:
		raw := graph.NewParams(1)
		if _, err := raw.Map(path, nil); err != nil {
			return err
		}
		s := shapes{}
		for i := range raw.Len() {
			s[raw.At(i).Name()] = raw.At(i).Shape()
		}
		if err := m.size(s); err != nil {
			return err
		}
		_, err = m.params.Map(path, m.net.change)
		return err
	case fileformat.Torch, fileformat.Pickle:
		tensors, err := torchWeights(path)
		if err != nil {
			return err
		}
		return m.openNamed(tensors)
	case fileformat.GGUF:
		return m.openGGUF(path)
	}
	return errors.Errorf("it is %v; want a folder with config.json, a GGUF file, or a file of RWKV's authors", format)
}

// torchWeights are the weights of a file of PyTorch.
func torchWeights(path string) ([]graph.Named, error) {
	f, err := torch.Read(path)
	if err != nil {
		return nil, err
	}
	_, tensors := f.Weights()
	return tensors, nil
}

// shapes are those of a file's tensors, by their names.
type shapes map[string][]int

func shapesOf(tensors []graph.Named) shapes {
	out := shapes{}
	for _, t := range tensors {
		out[t.Name] = t.Value.Shape()
	}
	return out
}

// openNamed takes the weights of RWKV by their authors' names, which tell the sizes, too.
func (m *Model) openNamed(tensors []graph.Named) error {
	if err := m.size(shapesOf(tensors)); err != nil {
		return err
	}
	return m.take(tensors)
}

// size takes the family and the sizes from the shapes that the authors' weights have.
func (m *Model) size(s shapes) (err error) {
	switch {
	case s["blocks.0.att.r_k"] != nil:
		m.family = family{kind: "rwkv7", title: "RWKV-7"}
		m.net, err = rwkv7Of(s)
	case s["blocks.0.att.time_first"] != nil:
		m.family, m.net, err = rwkv4Of(s)
	default:
		err = errors.New("it has no weights of RWKV-4 or RWKV-7 by their authors' names; want those, or a folder with config.json")
	}
	return err
}

// take puts tensors into the store, as the network asks for them. Their memory is the store's from then on, and the list is empty:
// of a tensor that is changed, nothing is kept.
func (m *Model) take(tensors []graph.Named) error {
	for i, t := range tensors {
		tensors[i] = graph.Named{}
		keep := true
		if m.net.change != nil {
			t, keep = m.net.change(t)
		}
		if !keep {
			continue
		}
		if err := weights.Take(m.params, t.Name, t.Value); err != nil {
			return err
		}
	}
	return nil
}

// blocks counts the layers of a file of RWKV's authors by a weight that all of them have.
func blocks(s shapes, name string) int {
	n := 0
	for s["blocks."+itoa(n)+"."+name] != nil {
		n++
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// rwkv4Of takes the sizes of RWKV-4 from the shapes of the authors' weights.
func rwkv4Of(s shapes) (family, network, error) {
	table, key := s["emb.weight"], s["blocks.0.ffn.key.weight"]
	if len(table) != 2 || len(key) != 2 {
		return family{}, network{}, errors.Errorf("emb.weight %v and blocks.0.ffn.key.weight %v; want matrices", table, key)
	}
	data, err := json.Marshal(map[string]any{
		"model_type": "rwkv", "vocab_size": table[0], "hidden_size": table[1], "intermediate_size": key[0],
		"num_hidden_layers": blocks(s, "att.time_first"), "rescale_every": 0,
	})
	if err != nil {
		return family{}, network{}, err
	}
	c, err := parseConfig(data)
	if err != nil {
		return family{}, network{}, err
	}
	return familyOf(c)
}

// Unread are the names of the tensors in the file that the network does not read, such as those of a part that sees pictures.
func (m *Model) Unread() []string {
	if m.made() != nil {
		return nil
	}
	var out []string
	for i := range m.params.Len() {
		if name := m.params.At(i).Name(); !m.read[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Is tells whether a path looks like a model of this package, without opening it: a folder with config.json, a GGUF file by
// its first bytes, or a file of RWKV's authors by its ending .pth.
func Is(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if info.IsDir() {
		return exists(filepath.Join(path, "config.json"))
	}
	if filepath.Ext(path) == ".pth" {
		return true
	}
	format, err := fileformat.OfFile(path)
	return err == nil && format == fileformat.GGUF
}

// Title is the name of the family as its authors write it, such as RecurrentGemma.
func (m *Model) Title() string { return m.family.title }
