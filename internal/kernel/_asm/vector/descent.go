package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Places in the array of scalars that the kernels of this file take; the Go side fills it in this order, with zeros
// for those that a kernel does not use.
const (
	descentRate = iota
	descentL2
	descentMomentum
	descentEpsilon
	descentAlpha
	descentRest // 1 - alpha
	descentScalars
)

// descents writes the updates other than Adam's, each operation rounded as in the Go loops.
func descents(m machine) {
	m.descent("sgd", "w grad", "SGD without momentum", 4, nil, func(s state) reg.VecVirtual { return s.d })
	momentum := []int{descentMomentum}
	m.descent("sgdMomentum", "w grad v", "SGD with momentum", 2, momentum, func(s state) reg.VecVirtual {
		return s.velocity("v", s.d)
	})
	m.descent("sgdNesterov", "w grad v", "SGD as by Nesterov", 2, momentum, func(s state) reg.VecVirtual {
		return s.sum(s.d, s.times(descentMomentum, s.velocity("v", s.d)))
	})
	m.adagrad()
	averages := []int{descentEpsilon, descentAlpha, descentRest}
	m.descent("rmsprop", "w grad v", "RMSProp", 1, averages, state.rmsprop)
	m.descent("rmspropCentred", "w grad v m", "RMSProp with the mean", 1, averages, state.centred)
	all := append(averages, descentMomentum)
	m.descent("rmspropMomentum", "w grad v b", "RMSProp with the velocity", 1, all, func(s state) reg.VecVirtual {
		return s.velocity("b", s.rmsprop())
	})
	m.descent("rmspropCentredMomentum", "w grad v m b", "RMSProp with the mean and the velocity", 1, all,
		func(s state) reg.VecVirtual { return s.velocity("b", s.centred()) })
}

// state is what the body of an update works with. Its methods leave their operands as they are, and those that update
// a vector give the new elements.
type state struct {
	access
	p map[string]reg.Register // the vectors
	k [descentScalars]reg.VecVirtual
	d reg.VecVirtual // the gradient with weight decay
}

// descent writes an update of w by Rate times the step that f gives, u registers a turn of the loop. Of the scalars,
// the rate and L2 are there for f, and those that it uses.
func (m machine) descent(name, vectors, doc string, u int, uses []int, f func(s state) (step reg.VecVirtual)) {
	m.update(name, vectors, doc, u, uses, func(s state) reg.VecVirtual { return s.times(descentRate, f(s)) })
}

// update writes an update of w by the step that f gives. The gradient is read before anything is written, so that it
// may be any of the vectors.
func (m machine) update(name, names, doc string, u int, uses []int, f func(s state) (step reg.VecVirtual)) {
	fields := strings.Fields(names)
	m.text(name, fmt.Sprintf("(%s *float32, n int, k *[%d]float32)", strings.Join(fields, ", "), descentScalars),
		"is "+doc+", by the scalars k, see descentScalars.")
	s := state{p: map[string]reg.Register{}}
	p, n := vectors(names)
	for i, field := range fields {
		s.p[field] = p[i]
	}
	k := Load(Param("k"), GP64())
	for _, j := range append([]int{descentRate, descentL2}, uses...) {
		s.k[j] = m.vec()
		VBROADCASTSS(Mem{Base: k, Disp: 4 * j}, s.k[j])
	}
	m.stream(n, u, func(at access) {
		s.access = at
		w := at.load(s.p["w"])
		s.d = s.sum(at.load(s.p["grad"]), s.times(descentL2, w))
		VSUBPS(f(s), w, w)
		at.store(w, s.p["w"])
	})
	m.end()
}

func (m machine) adagrad() {
	m.update("adagrad", "w grad v", "AdaGrad", 1, []int{descentEpsilon}, func(s state) reg.VecVirtual {
		square := s.sum(s.load(s.p["v"]), s.product(s.d, s.d))
		s.store(square, s.p["v"])
		return s.perRoot(s.times(descentRate, s.d), square)
	})
}

// rmsprop is the gradient over the root of its mean square.
func (s state) rmsprop() reg.VecVirtual {
	return s.perRoot(s.d, s.average("v", s.product(s.times(descentRest, s.d), s.d)))
}

// centred is rmsprop less the square of the mean.
func (s state) centred() reg.VecVirtual {
	spread := s.average("v", s.product(s.times(descentRest, s.d), s.d))
	mean := s.average("m", s.times(descentRest, s.d))
	zero, rest := s.m.vec(), s.m.vec()
	VSUBPS(s.product(mean, mean), spread, rest)
	VXORPS(zero, zero, zero)
	VMAXPS(rest, zero, rest) // NaN stays; so does -0, which loses its sign with Epsilon
	return s.perRoot(s.d, rest)
}

// average is p = Alpha·p + part.
func (s state) average(p string, part reg.VecVirtual) reg.VecVirtual {
	x := s.sum(s.times(descentAlpha, s.load(s.p[p])), part)
	s.store(x, s.p[p])
	return x
}

// velocity is p = Momentum·p + x.
func (s state) velocity(p string, x reg.VecVirtual) reg.VecVirtual {
	v := s.sum(s.times(descentMomentum, s.load(s.p[p])), x)
	s.store(v, s.p[p])
	return v
}

// perRoot is x / (√square + Epsilon).
func (s state) perRoot(x, square reg.VecVirtual) reg.VecVirtual {
	root, y := s.m.vec(), s.m.vec()
	VSQRTPS(square, root)
	VDIVPS(s.sum(root, s.k[descentEpsilon]), x, y)
	return y
}

// times is k[j]·x.
func (s state) times(j int, x reg.VecVirtual) reg.VecVirtual { return s.product(s.k[j], x) }

func (s state) product(a, b reg.VecVirtual) reg.VecVirtual {
	y := s.m.vec()
	VMULPS(a, b, y)
	return y
}

func (s state) sum(a, b reg.VecVirtual) reg.VecVirtual {
	y := s.m.vec()
	VADDPS(a, b, y)
	return y
}
