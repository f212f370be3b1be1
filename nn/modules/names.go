package modules

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Names says which tensors of a file are which of ours, as JSON has it: our name, and theirs, or how ours is made of theirs.
//
//	{"enc.weight_ih_l0": "enc_w_ih",
//	 "lstm.weight_ih_l0": {"from": "mlstm.0.wx", "transpose": true, "length": "mlstm.0.gx", "blocks": [0, 1, 3, 2]}}
type Names map[string]Origin

// Origin is how a tensor is made of those of a file, in this order. JSON has a text where From is one name alone.
type Origin struct {
	From      []string `json:"from"`      // several are put behind each other along their first axis
	Transpose bool     `json:"transpose"` // the axes in reverse order
	Length    string   `json:"length"`    // a tensor with a number for each row, which gives it that length: weight normalisation
	Rows      []int    `json:"rows"`      // from the first to before the second
	Blocks    []int    `json:"blocks"`    // as many equal blocks of rows, in this order, such as gates
	Shape     []int    `json:"shape"`     // another shape with as many elements
}

// UnmarshalJSON reads a name, or an object.
func (o *Origin) UnmarshalJSON(data []byte) error {
	var name string
	if json.Unmarshal(data, &name) == nil {
		*o = Origin{From: []string{name}}
		return nil
	}
	type plain Origin
	var v struct {
		plain
		From json.RawMessage `json:"from"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return err
	}
	*o = Origin(v.plain)
	if v.From == nil {
		return nil // Apply refuses it
	}
	if json.Unmarshal(v.From, &name) == nil {
		o.From = []string{name}
		return nil
	}
	return errors.Wrap(json.Unmarshal(v.From, &o.From), "from")
}

// ParseNames reads a map of names.
func ParseNames(data []byte) (Names, error) {
	var n Names
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, errors.Wrap(err, "modules: the map of names")
	}
	return n, nil
}

// Apply makes our tensors of those of a file, in the order of our names. Tensors that no name asks for keep theirs and follow.
// The error names all that do not fit.
func (n Names) Apply(tensors []graph.Named) ([]graph.Named, error) {
	file, used := map[string]*tensor.Dense{}, map[string]bool{}
	for _, t := range tensors {
		file[t.Name] = t.Value
	}
	var out []graph.Named
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		v, err := n[name].make(file)
		if err != nil {
			problems = append(problems, name+": "+err.Error())
			continue
		}
		out = append(out, graph.Named{Name: name, Value: v})
		for _, from := range append(slices.Clone(n[name].From), n[name].Length) {
			used[from] = true
		}
	}
	if len(problems) > 0 {
		return nil, errors.Errorf("modules: the map of names: %s", strings.Join(problems[:min(len(problems), 20)], "; "))
	}
	for _, t := range tensors {
		if _, taken := n[t.Name]; !used[t.Name] && !taken {
			out = append(out, t)
		}
	}
	return out, nil
}

// make makes a tensor of those of a file.
func (o Origin) make(file map[string]*tensor.Dense) (*tensor.Dense, error) {
	if len(o.From) == 0 {
		return nil, errors.New("it is made of nothing; want \"from\"")
	}
	var m matrix
	for i, name := range o.From {
		part, err := matrixOf(file, name)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			m = part
			continue
		}
		if !slices.Equal(m.shape[1:], part.shape[1:]) {
			return nil, errors.Errorf("%s has shape %v, which does not go behind %v", name, part.shape, m.shape)
		}
		m.shape[0] += part.shape[0]
		m.data = append(m.data, part.data...)
	}
	if o.Transpose {
		m = m.transposed()
	}
	if o.Length != "" {
		if err := m.lengths(file, o.Length); err != nil {
			return nil, err
		}
	}
	if o.Rows != nil {
		if len(o.Rows) != 2 || o.Rows[0] < 0 || o.Rows[0] >= o.Rows[1] || o.Rows[1] > m.shape[0] {
			return nil, errors.Errorf("rows %v of %d", o.Rows, m.shape[0])
		}
		each := m.each()
		m.data, m.shape[0] = m.data[o.Rows[0]*each:o.Rows[1]*each], o.Rows[1]-o.Rows[0]
	}
	if o.Blocks != nil {
		if err := m.reorder(o.Blocks); err != nil {
			return nil, err
		}
	}
	if o.Shape != nil {
		if slices.Min(o.Shape) < 1 || product(o.Shape) != len(m.data) {
			return nil, errors.Errorf("shape %v for %v", o.Shape, m.shape)
		}
		m.shape = o.Shape
	}
	return converted(graph.Floats64(m.data, m.shape...), m.kind), nil
}

// matrix is a tensor that is being made.
type matrix struct {
	shape []int
	data  []float64
	kind  tensor.Dtype
}

func matrixOf(file map[string]*tensor.Dense, name string) (matrix, error) {
	t, ok := file[name]
	if !ok {
		return matrix{}, errors.Errorf("the file has no %s", name)
	}
	if err := checkTensor(t); err != nil {
		return matrix{}, errors.Wrap(err, name)
	}
	if t.Shape().IsScalar() {
		return matrix{}, errors.Errorf("%s is a single number; want at least one axis", name)
	}
	m := matrix{slices.Clone([]int(t.Shape())), slices.Clone(converted(t, tensor.Float64).Float64s()), t.Dtype()}
	if m.kind == tensor.Int {
		m.kind = tensor.Float32
	}
	return m, nil
}

// each is how many elements a row has.
func (m matrix) each() int { return len(m.data) / m.shape[0] }

// transposed has the axes in reverse order.
func (m matrix) transposed() matrix {
	out := matrix{slices.Clone(m.shape), make([]float64, len(m.data)), m.kind}
	slices.Reverse(out.shape)
	for i, v := range m.data {
		at, rest := 0, i
		stride := len(m.data)
		var places []int
		for _, d := range m.shape {
			stride /= d
			places = append(places, rest/stride)
			rest %= stride
		}
		for k, place := range slices.Backward(places) {
			at = at*m.shape[k] + place
		}
		out.data[at] = v
	}
	return out
}

// lengths gives rows the lengths of a tensor.
func (m matrix) lengths(file map[string]*tensor.Dense, name string) error {
	g, err := matrixOf(file, name)
	if err != nil {
		return err
	}
	if len(g.data) != m.shape[0] {
		return errors.Errorf("%s has %d numbers for %d rows", name, len(g.data), m.shape[0])
	}
	each := m.each()
	for r, length := range g.data {
		row, squares := m.data[r*each:(r+1)*each], 0.0
		for _, v := range row {
			squares += v * v
		}
		for i := range row {
			row[i] *= length / math.Sqrt(max(squares, 1e-12))
		}
	}
	return nil
}

// reorder puts blocks of rows in another order.
func (m *matrix) reorder(blocks []int) error {
	n := len(blocks)
	if n == 0 || m.shape[0]%n != 0 {
		return errors.Errorf("%d blocks of %d rows", n, m.shape[0])
	}
	size := len(m.data) / n
	data := make([]float64, 0, len(m.data))
	for _, b := range blocks {
		if b < 0 || b >= n {
			return errors.Errorf("blocks %v; want numbers from 0 to %d", blocks, n-1)
		}
		data = append(data, m.data[b*size:(b+1)*size]...)
	}
	m.data = data
	return nil
}
