package kernel

// Add is dst = a + b.
func Add[T Float](dst, a, b []T) {
	if !binary(opAdd, dst, a, b) {
		addGeneric(dst, a, b)
	}
}

// Sub is dst = a - b.
func Sub[T Float](dst, a, b []T) {
	if !binary(opSub, dst, a, b) {
		subGeneric(dst, a, b)
	}
}

// Mul is dst = a·b, element by element.
func Mul[T Float](dst, a, b []T) {
	if !binary(opMul, dst, a, b) {
		mulGeneric(dst, a, b)
	}
}

// Div is dst = a/b, element by element.
func Div[T Float](dst, a, b []T) {
	if !binary(opDiv, dst, a, b) {
		divGeneric(dst, a, b)
	}
}

// AddTo is dst += a.
func AddTo[T Float](dst, a []T) {
	if !binary(opAdd, dst, dst, a) {
		addToGeneric(dst, a)
	}
}

// Axpy is dst += alpha·x.
func Axpy[T Float](dst []T, alpha T, x []T) {
	if vectorised[T]() {
		axpy32(as32(dst), float32(alpha), as32(x[:len(dst)]))
		return
	}
	axpyGeneric(dst, alpha, x)
}

// Affine is dst = mul·x + add.
func Affine[T Float](dst, x []T, mul, add T) {
	if vectorised[T]() {
		affine32(as32(dst), as32(x[:len(dst)]), float32(mul), float32(add))
		return
	}
	affineGeneric(dst, x, mul, add)
}

// Fill is dst = v.
func Fill[T Float](dst []T, v T) {
	if vectorised[T]() {
		fill32(as32(dst), float32(v))
		return
	}
	fillGeneric(dst, v)
}

// Neg is dst = -x.
func Neg[T Float](dst, x []T) {
	if !unary(opNeg, dst, x) {
		negGeneric(dst, x)
	}
}

// Abs is dst = |x|.
func Abs[T Float](dst, x []T) {
	if !unary(opAbs, dst, x) {
		absGeneric(dst, x)
	}
}

// Square is dst = x².
func Square[T Float](dst, x []T) {
	if !unary(opSquare, dst, x) {
		squareGeneric(dst, x)
	}
}

// Sqrt is dst = √x.
func Sqrt[T Float](dst, x []T) {
	if !unary(opSqrt, dst, x) {
		sqrtGeneric(dst, x)
	}
}

// ReLU is dst = max(x, 0); NaN stays.
func ReLU[T Float](dst, x []T) {
	if !unary(opReLU, dst, x) {
		reluGeneric(dst, x)
	}
}

// SigmoidGrad is dst = g·y·(1-y): the derivative of a sigmoid from its result y and the gradient g of that. Results
// below the smallest normal number become 0, see tiny.
func SigmoidGrad[T Float](dst, y, g []T) {
	if !binary(opSigmoidGrad, dst, y, g) {
		sigmoidGradGeneric(dst, y, g)
	}
}

// TanhGrad is dst = g·(1-y²): the derivative of tanh from its result y and the gradient g of that. Results below the
// smallest normal number become 0, see tiny.
func TanhGrad[T Float](dst, y, g []T) {
	if !binary(opTanhGrad, dst, y, g) {
		tanhGradGeneric(dst, y, g)
	}
}

// ReLUGrad is dst = g where y > 0 and 0 elsewhere.
func ReLUGrad[T Float](dst, y, g []T) {
	if !binary(opReLUGrad, dst, y, g) {
		reluGradGeneric(dst, y, g)
	}
}

// ScatterAddRows is dst[ids[i]] += src[i] over rows of cols elements, for i from first to last, passing over ids that
// are skip: dst [rows, cols], src [len(ids), cols].
func ScatterAddRows[T Float](dst, src []T, ids []int, cols, skip int) {
	src = src[:len(ids)*cols]
	if vectorised[T]() && cols >= 8 { // below, masks cost more than they save
		scatterAddRows32(as32(dst), as32(src), ids, cols, skip)
		return
	}
	scatterAddRowsGeneric(dst, src, ids, cols, skip)
}
