package pickle

import (
	"strconv"

	"github.com/pkg/errors"
)

// instructions are those that do more than push a value. https://docs.python.org/3/library/pickletools.html
var instructions map[byte]func(*machine) error

func init() {
	instructions = map[byte]func(*machine) error{
		0x80: func(m *machine) error { return m.protocol() },
		0x95: func(m *machine) error { _, err := m.in.take(8); return err }, // FRAME: how long the next part is
		'.':  func(m *machine) error { m.done = true; return nil },
		'(':  func(m *machine) error { m.marks = append(m.marks, len(m.stack)); return nil },
		'0':  func(m *machine) error { _, err := m.pop(); return err },
		'1':  func(m *machine) error { _, err := m.toMark(); return err },
		'2':  func(m *machine) error { v, err := m.top(); m.push(v); return err },

		't':  func(m *machine) error { return m.collect(func(t Tuple) any { return t }) },
		'l':  func(m *machine) error { return m.collect(func(t Tuple) any { return &List{t} }) },
		0x91: func(m *machine) error { return m.collect(func(t Tuple) any { return &List{t} }) }, // a frozenset
		0x85: func(m *machine) error { return m.tuple(1) },
		0x86: func(m *machine) error { return m.tuple(2) },
		0x87: func(m *machine) error { return m.tuple(3) },
		'd':  func(m *machine) error { return m.dict() },
		'a':  func(m *machine) error { return m.add(1, m.extend) },
		'e':  func(m *machine) error { return m.addAll(m.extend) },
		0x90: func(m *machine) error { return m.addAll(m.extend) },
		's':  func(m *machine) error { return m.add(2, m.update) },
		'u':  func(m *machine) error { return m.addAll(m.update) },

		'p':  func(m *machine) error { return m.named(m.put) },
		'g':  func(m *machine) error { return m.named(m.get) },
		'q':  func(m *machine) error { return m.numbered(1, m.put) },
		'r':  func(m *machine) error { return m.numbered(4, m.put) },
		'h':  func(m *machine) error { return m.numbered(1, m.get) },
		'j':  func(m *machine) error { return m.numbered(4, m.get) },
		0x94: func(m *machine) error { return m.put(uint64(len(m.memo))) },

		'c':  func(m *machine) error { return m.global() },
		0x93: func(m *machine) error { return m.stackGlobal() },
		'R':  func(m *machine) error { return m.reduce() },
		0x81: func(m *machine) error { return m.newObject(2) },
		0x92: func(m *machine) error { return m.newObject(3) },
		'i':  func(m *machine) error { return m.instance(true) },
		'o':  func(m *machine) error { return m.instance(false) },
		'b':  func(m *machine) error { return m.build() },
		'P':  func(m *machine) error { return m.persistent(true) },
		'Q':  func(m *machine) error { return m.persistent(false) },
	}
}

func (m *machine) protocol() error {
	v, err := m.in.byte()
	if err == nil && v > 5 {
		return errors.Errorf("protocol %d; want 0 to 5", v)
	}
	return err
}

func (m *machine) collect(to func(Tuple) any) error {
	t, err := m.toMark()
	if err == nil {
		m.push(to(t))
	}
	return err
}

func (m *machine) tuple(n int) error {
	t, err := m.take(n)
	m.push(t)
	return err
}

func (m *machine) dict() error {
	t, err := m.toMark()
	if err != nil {
		return err
	}
	m.push(&Dict{})
	return m.update(t)
}

func (m *machine) add(n int, to func(Tuple) error) error {
	t, err := m.take(n)
	if err != nil {
		return err
	}
	return to(t)
}

func (m *machine) addAll(to func(Tuple) error) error {
	t, err := m.toMark()
	if err != nil {
		return err
	}
	return to(t)
}

func (m *machine) named(use func(uint64) error) error {
	line, err := m.in.line()
	if err != nil {
		return err
	}
	i, err := strconv.ParseUint(line, 10, 64)
	if err != nil {
		return errors.New("the number of a memo cannot be read")
	}
	return use(i)
}

func (m *machine) numbered(width uint64, use func(uint64) error) error {
	i, err := m.in.uint(width)
	if err != nil {
		return err
	}
	return use(i)
}

func (m *machine) put(i uint64) error {
	v, err := m.top()
	if err == nil {
		m.memo[i] = v
	}
	return err
}

func (m *machine) get(i uint64) error {
	v, ok := m.memo[i]
	if !ok {
		return errors.Errorf("the memo has nothing at %d", i)
	}
	m.push(v)
	return nil
}

func (m *machine) global() error {
	module, err := m.in.line()
	if err != nil {
		return err
	}
	name, err := m.in.line()
	m.push(Global{module, name})
	return err
}

func (m *machine) stackGlobal() error {
	t, err := m.take(2)
	if err != nil {
		return err
	}
	module, a := t[0].(string)
	name, b := t[1].(string)
	if !a || !b {
		return errors.New("the name of a class is no string")
	}
	m.push(Global{module, name})
	return nil
}

// reduce is a call, which the hooks decide.
func (m *machine) reduce() error {
	t, err := m.take(2)
	if err != nil {
		return err
	}
	f, a := t[0].(Global)
	args, b := t[1].(Tuple)
	if !a || !b {
		return errors.Errorf("%s is called with %s", describe(t[0]), describe(t[1]))
	}
	v, err := m.hooks.Call(f, args)
	m.push(v)
	return err
}

// newObject makes an object of a class, arguments, and for protocol 4 keywords.
func (m *machine) newObject(n int) error {
	t, err := m.take(n)
	if err != nil {
		return err
	}
	class, a := t[0].(Global)
	args, b := t[1].(Tuple)
	if !a || !b {
		return errors.Errorf("%s is made of %s", describe(t[0]), describe(t[1]))
	}
	m.push(m.made(class, args))
	return nil
}

// made is a new object: a dict if the class is one of Python's own.
func (m *machine) made(class Global, args Tuple) any {
	if class == (Global{"collections", "OrderedDict"}) {
		return &Dict{}
	}
	return &Object{Class: class, Args: args}
}

// instance makes an object of protocol 0 or 1, whose class stands on two lines or below the arguments.
func (m *machine) instance(lines bool) error {
	if lines {
		if err := m.global(); err != nil {
			return err
		}
		class, err := m.pop()
		if err != nil {
			return err
		}
		args, err := m.toMark()
		if err == nil {
			m.push(m.made(class.(Global), args))
		}
		return err
	}
	args, err := m.toMark()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("an object has no class")
	}
	class, ok := args[0].(Global)
	if !ok {
		return errors.Errorf("%s is no class", describe(args[0]))
	}
	m.push(m.made(class, args[1:]))
	return nil
}

// build sets the state of an object.
func (m *machine) build() error {
	t, err := m.take(2)
	if err != nil {
		return err
	}
	switch to := t[0].(type) {
	case *Object:
		to.State = t[1]
	case *Dict:
		to.State = t[1]
	default:
		v, err := m.hooks.Build(to, t[1])
		m.push(v)
		return err
	}
	m.push(t[0])
	return nil
}

func (m *machine) persistent(line bool) error {
	var id any
	var err error
	if line {
		id, err = m.in.line()
	} else {
		id, err = m.pop()
	}
	if err != nil {
		return err
	}
	v, err := m.hooks.Persistent(id)
	m.push(v)
	return err
}
