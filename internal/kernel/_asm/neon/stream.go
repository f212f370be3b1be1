package main

import "fmt"

// width is the number of float32 in a register.
const width = 4

// access is a register's worth of elements: which ones, and how many of them there are.
type access struct {
	f     *function
	off   int // in bytes, from the pointers
	place int // among the registers of a turn
	some  gp  // 1 to 3, the number of elements that there are; "" for all four
	steps int // counts the parts of this access, for their labels
}

// load reads elements of p, zeros where there are none.
func (a *access) load(p gp) *vec {
	v := &vec{-1}
	if a.some == "" {
		a.f.asm("FMOVQ %s, %v", at(p, a.off), v)
		return v
	}
	one, done := a.part("one"), a.part("loaded")
	a.f.jump(fmt.Sprintf("TBZ $1, %s,", a.some), one)
	a.f.asm("FMOVD %s, %v", at(p, a.off), v)
	a.f.jump(fmt.Sprintf("TBZ $0, %s,", a.some), done)
	third := &vec{-1}
	a.f.asm("FMOVS %s, %v", at(p, a.off+8), third)
	a.f.word(func() instruction { return insert(v.n, 2, third.n) }, third, v)
	a.f.jump("B", done)
	a.f.label(one)
	a.f.asm("FMOVS %s, %v", at(p, a.off), v)
	a.f.label(done)
	a.steps++
	return v
}

// store writes those elements of v that there are to p.
func (a *access) store(v *vec, p gp) {
	if a.some == "" {
		a.f.asm("FMOVQ %v, %s", v, at(p, a.off))
		return
	}
	one, done := a.part("first"), a.part("stored")
	a.f.jump(fmt.Sprintf("TBZ $1, %s,", a.some), one)
	a.f.asm("FMOVD %v, %s", v, at(p, a.off))
	a.f.jump(fmt.Sprintf("TBZ $0, %s,", a.some), done)
	third := a.f.upper(v)
	a.f.asm("FMOVS %v, %s", third, at(p, a.off+8))
	a.f.jump("B", done)
	a.f.label(one)
	a.f.asm("FMOVS %v, %s", v, at(p, a.off))
	a.f.label(done)
	a.steps++
}

// mask has ones for the elements that there are: some elements of a constant of ones.
func (a *access) mask() *vec {
	ones := *a
	ones.off = place(0xffffffff)
	v := ones.load(a.f.address())
	a.steps = ones.steps
	return v
}

func (a *access) part(name string) string { return fmt.Sprintf("%s%d_%d", name, a.place, a.steps) }

// stream calls body for all of n elements of the vectors p, u registers a turn of the loop:
//
//	while 4u elements are left: the body, u times
//	while 4 elements are left:  the body
//	if any are left:            the body for some elements
//
// It is one and the same body, so that an element's result depends on its value alone, never on its place. p and n are
// destroyed.
func (f *function) stream(p []gp, n gp, u int, body func(a *access)) {
	advance := func(vectors int) {
		for _, x := range p {
			f.add(16*vectors, x)
		}
	}
	if u > 1 {
		f.step(n, u*width, "BLT", "few")
		f.label("many")
		for j := range u {
			body(&access{f: f, off: 16 * j, place: j})
		}
		advance(u)
		f.step(n, u*width, "BGE", "many")
		f.label("few")
		f.add(u*width, n)
	}
	f.step(n, width, "BLT", "rest")
	f.label("one")
	body(&access{f: f})
	advance(1)
	f.step(n, width, "BGE", "one")
	f.label("rest")
	f.add(width, n)
	f.jump(fmt.Sprintf("CBZ %s,", n), "done")
	body(&access{f: f, some: n})
	f.label("done")
}

// parts calls body for all of n elements of the vectors p, element i with place (i/4) mod u. p and n are destroyed.
func (f *function) parts(p []gp, n gp, u int, body func(a *access)) {
	f.step(n, u*width, "BLT", "few")
	f.label("many")
	for j := range u {
		body(&access{f: f, off: 16 * j, place: j})
	}
	for _, x := range p {
		f.add(16*u, x)
	}
	f.step(n, u*width, "BGE", "many")
	f.label("few")
	f.add(u*width, n)
	rest := func(j int) string { return fmt.Sprintf("rest%d", j) }
	for j := range u {
		f.step(n, width, "BLT", rest(j))
		if j < u-1 { // the last register is never full here
			body(&access{f: f, off: 16 * j, place: j})
		}
	}
	for j := range u {
		f.label(rest(j))
		f.add(width, n)
		f.jump(fmt.Sprintf("CBZ %s,", n), "done")
		body(&access{f: f, off: 16 * j, place: j, some: n})
		f.jump("B", "done")
	}
	f.label("done")
}
