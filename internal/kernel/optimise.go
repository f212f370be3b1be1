package kernel

import "math"

// AdamStep is what one update by Adam needs beside its vectors.
type AdamStep[T Float] struct {
	Rate         T // learning rate
	Beta1, Beta2 T // decay of the moments
	Epsilon      T
	Decay        T // decoupled weight decay (AdamW): w loses Rate·Decay·w
	L2           T // weight decay added to the gradient
	Correct1     T // 1/(1-Beta1ᵗ)
	Correct2     T // 1/(1-Beta2ᵗ)
	Scale        T // of the gradient, from clipping
}

// Adam updates w and the moments m and v by gradient g (Kingma and Ba, 2015; Loshchilov and Hutter, 2019):
//
//	g = Scale·g + L2·w
//	m = Beta1·m + (1-Beta1)·g
//	v = Beta2·v + (1-Beta2)·g²
//	w = w - Rate·Decay·w - Rate·(m·Correct1) / (√(v·Correct2) + Epsilon)
func Adam[T Float](w, g, m, v []T, s AdamStep[T]) {
	if vectorised[T]() {
		n, k := len(w), s.scalars()
		adam32(as32(w), as32(g[:n]), as32(m[:n]), as32(v[:n]), &k)
		return
	}
	adamGeneric(w, g, m, v, s)
}

func adamGeneric[T Float](w, g, m, v []T, s AdamStep[T]) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	for i := range w {
		d := T(s.Scale*g[i]) + T(s.L2*w[i])
		m[i] = T(s.Beta1*m[i]) + T((1-s.Beta1)*d)
		v[i] = T(s.Beta2*v[i]) + T((1-s.Beta2)*d*d)
		step := s.Rate * (m[i] * s.Correct1) / (T(math.Sqrt(float64(v[i]*s.Correct2))) + s.Epsilon)
		w[i] = w[i] - T(s.Rate*s.Decay*w[i]) - step
	}
}

// adamScalars is the number of scalars in the assembly's loop.
const adamScalars = 11

// scalars has them in the order of _asm/vector/adam.go.
func (s AdamStep[T]) scalars() [adamScalars]float32 {
	return [adamScalars]float32{float32(s.Scale), float32(s.L2), float32(s.Beta1), float32(1 - s.Beta1),
		float32(s.Beta2), float32(1 - s.Beta2), float32(s.Correct1), float32(s.Correct2), float32(s.Epsilon),
		float32(s.Rate), float32(s.Rate * s.Decay)}
}

// SGDStep is what one update by gradient descent needs beside its vectors.
type SGDStep[T Float] struct {
	Rate     T
	Momentum T
	Nesterov bool
	L2       T
}

// SGD updates w by gradient g, with the velocity v when Momentum is not 0 (v may be nil otherwise):
//
//	g = g + L2·w;  v = Momentum·v + g;  w = w - Rate·v, or w - Rate·(g + Momentum·v) by Nesterov
func SGD[T Float](w, g, v []T, s SGDStep[T]) {
	g = g[:len(w)]
	if s.Momentum != 0 {
		v = v[:len(w)]
	}
	if vectorised[T]() {
		k := s.scalars()
		switch {
		case s.Momentum == 0:
			sgd32(as32(w), as32(g), &k)
		case s.Nesterov:
			sgdNesterov32(as32(w), as32(g), as32(v), &k)
		default:
			sgdMomentum32(as32(w), as32(g), as32(v), &k)
		}
		return
	}
	sgdGeneric(w, g, v, s)
}

func sgdGeneric[T Float](w, g, v []T, s SGDStep[T]) {
	g = g[:len(w)]
	if s.Momentum == 0 {
		for i := range w {
			w[i] -= T(s.Rate * (g[i] + T(s.L2*w[i])))
		}
		return
	}
	v = v[:len(w)]
	for i := range w {
		d := g[i] + T(s.L2*w[i])
		v[i] = T(s.Momentum*v[i]) + d
		if s.Nesterov {
			d += T(s.Momentum * v[i])
		} else {
			d = v[i]
		}
		w[i] -= T(s.Rate * d)
	}
}

// descentScalars is the number of scalars in the loops in assembly of the updates other than Adam's.
const descentScalars = 6

// scalars has them in the order of _asm/vector/descent.go.
func (s SGDStep[T]) scalars() [descentScalars]float32 {
	return [descentScalars]float32{float32(s.Rate), float32(s.L2), float32(s.Momentum)}
}

// RMSPropStep is what one update by RMSProp needs beside its vectors.
type RMSPropStep[T Float] struct {
	Rate     T
	Alpha    T // decay of the averages
	Epsilon  T
	Momentum T
	L2       T
}

// RMSProp updates w by gradient g, with the mean square v, the mean m when centred and the velocity b when Momentum
// is not 0 (each nil otherwise) (Tieleman and Hinton, 2012; Graves, 2013):
//
//	g = g + L2·w;  v = Alpha·v + (1-Alpha)·g²;  m = Alpha·m + (1-Alpha)·g
//	d = g / (√(v - m²) + Epsilon);  b = Momentum·b + d;  w = w - Rate·b
func RMSProp[T Float](w, g, v, m, b []T, s RMSPropStep[T]) {
	g, v = g[:len(w)], v[:len(w)]
	if m != nil {
		m = m[:len(w)]
	}
	if b != nil {
		b = b[:len(w)]
	}
	if vectorised[T]() {
		k := s.scalars()
		rmsprop32(as32(w), as32(g), as32(v), as32(m), as32(b), &k)
		return
	}
	rmspropGeneric(w, g, v, m, b, s)
}

func rmspropGeneric[T Float](w, g, v, m, b []T, s RMSPropStep[T]) {
	g, v = g[:len(w)], v[:len(w)]
	for i := range w {
		d := g[i] + T(s.L2*w[i])
		v[i] = T(s.Alpha*v[i]) + T((1-s.Alpha)*d*d)
		spread := v[i]
		if m != nil {
			m[i] = T(s.Alpha*m[i]) + T((1-s.Alpha)*d)
			spread = max(spread-T(m[i]*m[i]), 0) // rounding may leave it just below
		}
		d /= T(math.Sqrt(float64(spread))) + s.Epsilon
		if b != nil {
			b[i] = T(s.Momentum*b[i]) + d
			d = b[i]
		}
		w[i] -= T(s.Rate * d)
	}
}

func (s RMSPropStep[T]) scalars() [descentScalars]float32 {
	return [descentScalars]float32{float32(s.Rate), float32(s.L2), float32(s.Momentum), float32(s.Epsilon),
		float32(s.Alpha), float32(1 - s.Alpha)}
}

// AdaGrad updates w by gradient g and the sum of squares v (Duchi, Hazan and Singer, 2011):
//
//	g = g + l2·w;  v = v + g²;  w = w - rate·g/(√v + epsilon)
func AdaGrad[T Float](w, g, v []T, rate, epsilon, l2 T) {
	if vectorised[T]() {
		n, k := len(w), RMSPropStep[T]{Rate: rate, Epsilon: epsilon, L2: l2}.scalars()
		adagrad32(as32(w), as32(g[:n]), as32(v[:n]), &k)
		return
	}
	adagradGeneric(w, g, v, rate, epsilon, l2)
}

func adagradGeneric[T Float](w, g, v []T, rate, epsilon, l2 T) {
	g, v = g[:len(w)], v[:len(w)]
	for i := range w {
		d := g[i] + T(l2*w[i])
		v[i] += T(d * d)
		w[i] -= T(rate * d / (T(math.Sqrt(float64(v[i]))) + epsilon))
	}
}
