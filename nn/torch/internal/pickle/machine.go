package pickle

import (
	"github.com/pkg/errors"
)

// Hooks say what a pickle's calls and references outside give.
type Hooks struct {
	// Call is what calling a function with arguments gives.
	Call func(f Global, args Tuple) (any, error)
	// Build is what an object is after its state is set; nil for an error.
	Build func(to, state any) (any, error)
	// Persistent is the object of a persistent id.
	Persistent func(id any) (any, error)
}

// machine runs a pickle. Every instruction takes memory in proportion to its own bytes, so that a pickle takes memory in
// proportion to its size.
type machine struct {
	hooks Hooks
	in    input
	stack []any
	marks []int // heights of the stack
	memo  map[uint64]any
	done  bool
}

// Read runs the pickle at the beginning of data. It returns its object and how many bytes it has.
func Read(data []byte, hooks Hooks) (value any, n int, err error) {
	m := &machine{hooks: hooks, in: input{data: data}, memo: map[uint64]any{}}
	for !m.done {
		at := m.in.at
		code, err := m.in.byte()
		if err == nil {
			err = m.step(code)
		}
		if err != nil {
			return nil, 0, errors.Wrapf(err, "byte %d of the pickle", at)
		}
	}
	value, err = m.pop()
	return value, m.in.at, err
}

// step runs one instruction.
func (m *machine) step(code byte) error {
	if value, ok, err := m.in.literal(code); ok || err != nil {
		m.push(value)
		return err
	}
	run, ok := instructions[code]
	if !ok {
		return errors.Errorf("the instruction %#x, which pickles that are data have no use for", code)
	}
	return run(m)
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

// pop takes the top of the stack, down to the last mark.
func (m *machine) pop() (any, error) {
	least := 0
	if len(m.marks) > 0 {
		least = m.marks[len(m.marks)-1]
	}
	if len(m.stack) <= least {
		return nil, errors.New("the stack is empty")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// take pops n values, in the order in which they were pushed.
func (m *machine) take(n int) (Tuple, error) {
	out := make(Tuple, n)
	for i := n - 1; i >= 0; i-- {
		v, err := m.pop()
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// toMark pops what stands above the last mark, and the mark.
func (m *machine) toMark() (Tuple, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("there is no mark")
	}
	from := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	out := append(Tuple{}, m.stack[from:]...)
	m.stack = m.stack[:from]
	return out, nil
}

// top is the value that items are added to.
func (m *machine) top() (any, error) {
	v, err := m.pop()
	if err == nil {
		m.push(v)
	}
	return v, err
}

// extend adds items to the list on top of the stack.
func (m *machine) extend(items Tuple) error {
	to, err := m.top()
	if err != nil {
		return err
	}
	switch to := to.(type) {
	case *List:
		to.Items = append(to.Items, items...)
	case *Object:
		to.List = append(to.List, items...)
	default:
		return errors.Errorf("items are added to %s", describe(to))
	}
	return nil
}

// update adds keys and values in turn to the dict on top of the stack.
func (m *machine) update(items Tuple) error {
	to, err := m.top()
	if err != nil {
		return err
	}
	if len(items)%2 != 0 {
		return errors.New("a key has no value")
	}
	for i := 0; i < len(items); i += 2 {
		p := Pair{items[i], items[i+1]}
		switch to := to.(type) {
		case *Dict:
			to.Pairs = append(to.Pairs, p)
		case *Object:
			to.Dict = append(to.Dict, p)
		default:
			return errors.Errorf("keys are set in %s", describe(to))
		}
	}
	return nil
}

// describe names the kind of a value for messages.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case Global:
		return v.String()
	case *Object:
		return "an object of class " + v.Class.String()
	case string:
		return "a string"
	}
	return "a value of another kind"
}
