package main

import (
	"fmt"
	"strings"
)

// Places in the array of scalars that adam takes; the Go side fills it in this order.
const (
	scale = iota
	l2
	beta1
	rest1 // 1 - beta1
	beta2
	rest2 // 1 - beta2
	correct1
	correct2
	epsilon
	rate
	rateDecay // rate·decay
	adamScalars
)

// adam writes the update by Adam, each operation rounded as in the Go loop.
func adam() {
	f := begin("adamChunk", fmt.Sprintf("(w, grad, m, v *float32, n int, k *[%d]float32)", adamScalars),
		"is Adam with the scalars k, see adamScalars.")
	p, n := f.loads("w grad m v"), f.load("n")
	k := f.scalars(adamScalars)
	f.stream(p, n, 1, func(at *access) {
		times := func(x *vec, j int) *vec { return f.times(x, k[j]) }
		w, g := at.load(p[0]), at.load(p[1])
		d := f.plus(times(g, scale), times(w, l2))

		mean := f.plus(times(at.load(p[2]), beta1), times(d, rest1))
		at.store(mean, p[2])
		square := f.plus(times(at.load(p[3]), beta2), f.times(times(d, rest2), d))
		at.store(square, p[3])

		root := f.plus(f.two("fsqrt", times(square, correct2)), k[epsilon])
		step := f.over(times(times(mean, correct1), rate), root)
		at.store(f.minus(f.minus(w, times(w, rateDecay)), step), p[0])
	})
	f.ret()
}

// scalars loads the array k, each element into all lanes of a register.
func (f *function) scalars(count int) (all []*vec) {
	k := f.load("k")
	for range count {
		all = append(all, f.spread(k))
	}
	return all
}

// Places in the array of scalars that the other updates take; the Go side fills it in this order, with zeros for those
// that a kernel does not use.
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
func descents() {
	descent("sgd", "w grad", "SGD without momentum", 4, func(s state) *vec { return s.d })
	descent("sgdMomentum", "w grad v", "SGD with momentum", 2, func(s state) *vec { return s.velocity("v", s.d) })
	descent("sgdNesterov", "w grad v", "SGD as by Nesterov", 2, func(s state) *vec {
		return s.f.plus(s.d, s.times(descentMomentum, s.velocity("v", s.d)))
	})
	update("adagrad", "w grad v", "AdaGrad", 1, func(s state) *vec {
		square := s.f.plus(s.load(s.p["v"]), s.f.times(s.d, s.d))
		s.store(square, s.p["v"])
		return s.perRoot(s.times(descentRate, s.d), square)
	})
	descent("rmsprop", "w grad v", "RMSProp", 1, state.rmsprop)
	descent("rmspropCentred", "w grad v m", "RMSProp with the mean", 1, state.centred)
	descent("rmspropMomentum", "w grad v b", "RMSProp with the velocity", 1, func(s state) *vec {
		return s.velocity("b", s.rmsprop())
	})
	descent("rmspropCentredMomentum", "w grad v m b", "RMSProp with the mean and the velocity", 1,
		func(s state) *vec { return s.velocity("b", s.centred()) })
}

// state is what the body of an update works with. Its methods that update a vector give the new elements.
type state struct {
	*access
	p map[string]gp // the vectors
	k []*vec
	d *vec // the gradient with weight decay
}

// descent writes an update of w by Rate times the step that f gives, u registers a turn of the loop.
func descent(name, vectors, doc string, u int, f func(s state) (step *vec)) {
	update(name, vectors, doc, u, func(s state) *vec { return s.times(descentRate, f(s)) })
}

// update writes an update of w by the step that body gives. The gradient is read before anything is written, so that
// it may be any of the vectors.
func update(name, names, doc string, u int, body func(s state) (step *vec)) {
	fields := strings.Fields(names)
	f := begin(name+"Chunk", fmt.Sprintf("(%s *float32, n int, k *[%d]float32)", strings.Join(fields, ", "), descentScalars),
		"is "+doc+", by the scalars k, see descentScalars.")
	p, n := f.loads(names), f.load("n")
	s := state{p: map[string]gp{}}
	for i, field := range fields {
		s.p[field] = p[i]
	}
	s.k = f.scalars(descentScalars)
	f.stream(p, n, u, func(at *access) {
		s.access = at
		w := at.load(s.p["w"])
		s.d = f.plus(at.load(s.p["grad"]), s.times(descentL2, w))
		at.store(f.minus(w, body(s)), s.p["w"])
	})
	f.ret()
}

// rmsprop is the gradient over the root of its mean square.
func (s state) rmsprop() *vec {
	return s.perRoot(s.d, s.average("v", s.f.times(s.times(descentRest, s.d), s.d)))
}

// centred is rmsprop less the square of the mean.
func (s state) centred() *vec {
	spread := s.average("v", s.f.times(s.times(descentRest, s.d), s.d))
	mean := s.average("m", s.times(descentRest, s.d))
	return s.perRoot(s.d, s.f.max(s.f.minus(spread, s.f.times(mean, mean)), s.f.bits(0)))
}

// average is p = Alpha·p + part.
func (s state) average(p string, part *vec) *vec {
	x := s.f.plus(s.times(descentAlpha, s.load(s.p[p])), part)
	s.store(x, s.p[p])
	return x
}

// velocity is p = Momentum·p + x.
func (s state) velocity(p string, x *vec) *vec {
	v := s.f.plus(s.times(descentMomentum, s.load(s.p[p])), x)
	s.store(v, s.p[p])
	return v
}

// perRoot is x / (√square + Epsilon).
func (s state) perRoot(x, square *vec) *vec {
	return s.f.over(x, s.f.plus(s.f.two("fsqrt", square), s.k[descentEpsilon]))
}

// times is k[j]·x.
func (s state) times(j int, x *vec) *vec { return s.f.times(s.k[j], x) }
