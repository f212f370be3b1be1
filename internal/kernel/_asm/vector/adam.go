package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
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

// adam writes the update by Adam, each operation rounded as in the Go loop. The scalars are broadcast from memory in
// the loop: there are too many for the registers, and the division and the root take longer.
func adam(m machine) {
	m.text("adam", "(w, grad, m, v *float32, n int, k *[11]float32)", "is Adam with the scalars k, see adamScalars.")
	p, n := vectors("w grad m v")
	k := Load(Param("k"), GP64())
	m.stream(n, 1, func(at access) {
		times := func(x reg.VecVirtual, j int) reg.VecVirtual {
			c := m.vec()
			VBROADCASTSS(Mem{Base: k, Disp: 4 * j}, c)
			VMULPS(x, c, c)
			return c
		}
		w, g := at.load(p[0]), at.load(p[1])
		d := times(g, scale)
		VADDPS(times(w, l2), d, d)

		mean := times(at.load(p[2]), beta1)
		VADDPS(times(d, rest1), mean, mean)
		at.store(mean, p[2])

		square := times(at.load(p[3]), beta2)
		part := times(d, rest2)
		VMULPS(d, part, part)
		VADDPS(part, square, square)
		at.store(square, p[3])

		root, eps := times(square, correct2), m.vec()
		VSQRTPS(root, root)
		VBROADCASTSS(Mem{Base: k, Disp: 4 * epsilon}, eps)
		VADDPS(eps, root, root)
		step := times(times(mean, correct1), rate)
		VDIVPS(root, step, step)

		VSUBPS(times(w, rateDecay), w, w)
		VSUBPS(step, w, w)
		at.store(w, p[0])
	})
	m.end()
}
