package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"strings"
)

// function is a function in the making: its lines in order. Registers for vectors are given out at its end, when it is
// known how long each value lives; those for integers as they are asked for.
type function struct {
	name, signature, doc string
	params               map[string]int // offsets from FP
	args, frame          int            // in bytes
	head, lines          []line         // head loads the constants
	labels               map[string]int
	loops                [][2]int // first and last line
	integers             int
	constants            gp // where the table of constants is, if it is used
	held                 map[uint32]*vec
}

// line is an instruction or a label. Its text is written when the registers are known.
type line struct {
	text func() string
	vecs []*vec
}

// vec is a value in a vector register; n is the register, or -1 as long as none is given.
type vec struct{ n int }

// fixed is register n itself.
func fixed(n int) *vec { return &vec{n} }

func (v *vec) String() string { return fmt.Sprintf("F%d", v.n) }

// vector is a register as Go's assembler names it in instructions on vectors.
type vector struct{ *vec }

func (v vector) String() string { return fmt.Sprintf("V%d", v.n) }

// gp is an integer register.
type gp string

// functions are all that are written to a file.
var functions []*function

// begin begins a function. doc is a sentence about it, without its name, and lines that follow.
func begin(name, signature, doc string) *function {
	f := &function{name: name, signature: signature, doc: doc, params: map[string]int{}, labels: map[string]int{},
		held: map[uint32]*vec{}}
	f.layOut()
	functions = append(functions, f)
	return f
}

// layOut gives every parameter and result its offset.
func (f *function) layOut() {
	e, err := parser.ParseExpr("func" + f.signature)
	if err != nil {
		panic(err)
	}
	t := e.(*ast.FuncType)
	place := func(name string, size int) {
		f.args = (f.args + size - 1) / size * size
		f.params[name] = f.args
		f.args += size
	}
	for _, field := range t.Params.List {
		for _, name := range field.Names {
			place(name.Name, sizeOf(field.Type))
		}
	}
	if t.Results == nil {
		return
	}
	f.args = (f.args + 7) / 8 * 8
	for _, field := range t.Results.List {
		name := "ret"
		if field.Names != nil {
			name = field.Names[0].Name
		}
		place(name, sizeOf(field.Type))
	}
}

func sizeOf(t ast.Expr) int {
	if name, ok := t.(*ast.Ident); ok {
		switch name.Name {
		case "float32":
			return 4
		case "bool":
			return 1
		}
	}
	return 8
}

// parameter is where a parameter or result is.
func (f *function) parameter(name string) string {
	off, ok := f.params[name]
	if !ok {
		panic(f.name + " has no parameter " + name)
	}
	return fmt.Sprintf("%s+%d(FP)", name, off)
}

// new is an integer register. R18 and those from R27 on belong to the system, to the assembler and to Go.
func (f *function) new() gp {
	n := f.integers
	f.integers++
	if n >= 18 {
		n++
	}
	if n > 26 {
		panic(f.name + " wants too many integer registers")
	}
	return gp(fmt.Sprintf("R%d", n))
}

// load is a parameter in an integer register.
func (f *function) load(name string) gp {
	r := f.new()
	f.asm("MOVD %s, %s", f.parameter(name), r)
	return r
}

// loads is load for several names with blanks between.
func (f *function) loads(names string) (all []gp) {
	for name := range strings.FieldsSeq(names) {
		all = append(all, f.load(name))
	}
	return all
}

// asm adds a line that Go's assembler knows.
func (f *function) asm(format string, args ...any) {
	f.lines = append(f.lines, assembly(format, args...))
}

// assembly is such a line. Of its arguments, those of type *vec become registers F0 to F31, vectors V0 to V31.
func assembly(format string, args ...any) line {
	l := line{text: func() string { return fmt.Sprintf(format, args...) }}
	for _, a := range args {
		switch v := a.(type) {
		case *vec:
			l.vecs = append(l.vecs, v)
		case vector:
			l.vecs = append(l.vecs, v.vec)
		}
	}
	return l
}

// word adds a line that Go's assembler does not know.
func (f *function) word(i func() instruction, vecs ...*vec) {
	f.lines = append(f.lines, line{vecs: vecs, text: func() string {
		x := i()
		return fmt.Sprintf("WORD $0x%08x // %s", x.word, x.text)
	}})
}

// label marks the place of a jump.
func (f *function) label(name string) {
	f.labels[name] = len(f.lines)
	f.lines = append(f.lines, line{text: func() string { return name + ":" }})
}

// jump goes to a label, on a condition: "B" is always, "BNE" if the last comparison found a difference, and so on; or
// "CBZ R0," if a register is 0.
func (f *function) jump(condition, label string) {
	if start, ok := f.labels[label]; ok {
		f.loops = append(f.loops, [2]int{start, len(f.lines)})
	}
	f.asm("%s %s", condition, label)
}

// step counts n down by some, and jumps on a condition.
func (f *function) step(n gp, by int, condition, label string) {
	f.asm("SUBS $%d, %s, %[2]s", by, n)
	f.jump(condition, label)
}

func (f *function) add(by any, to gp) {
	if n, ok := by.(int); ok {
		by = fmt.Sprintf("$%d", n)
	}
	f.asm("ADD %v, %s, %[2]s", by, to)
}

func (f *function) ret() { f.asm("RET") }

// giveRegisters gives every value a register. A value lives from the line where it is first named to the last one, and to the
// end of every loop that it enters from before.
func (f *function) giveRegisters() {
	for i := range f.loops {
		f.loops[i][0] += len(f.head)
		f.loops[i][1] += len(f.head)
	}
	f.lines, f.head = append(f.head, f.lines...), nil
	first, last := map[*vec]int{}, map[*vec]int{}
	var order []*vec
	var taken [32]int // the line until which a register is taken
	for at, l := range f.lines {
		for _, v := range l.vecs {
			if v.n >= 0 && first[v] == 0 {
				taken[v.n] = len(f.lines)
			}
			if _, seen := first[v]; !seen {
				first[v] = at
				order = append(order, v)
			}
			last[v] = at
		}
	}
	for range f.loops { // an outer loop may end later than an inner one
		for _, loop := range f.loops {
			for _, v := range order {
				if first[v] < loop[0] && last[v] >= loop[0] && last[v] < loop[1] {
					last[v] = loop[1]
				}
			}
		}
	}
	for _, v := range order {
		if v.n >= 0 {
			continue
		}
		for n := range taken {
			if taken[n] <= first[v] {
				v.n, taken[n] = n, last[v]
				break
			}
		}
		if v.n < 0 {
			panic(f.name + " wants too many vector registers")
		}
	}
}
