package kernel

// Exp is dst = eˣ.
func Exp[T Float](dst, x []T) {
	if !unary(opExp, dst, x) {
		expGeneric(dst, x)
	}
}

// Log is dst = ln x.
func Log[T Float](dst, x []T) {
	if !unary(opLog, dst, x) {
		logGeneric(dst, x)
	}
}

// Tanh is dst = tanh x.
func Tanh[T Float](dst, x []T) {
	if !unary(opTanh, dst, x) {
		tanhGeneric(dst, x)
	}
}

// Sigmoid is dst = 1/(1+e⁻ˣ).
func Sigmoid[T Float](dst, x []T) {
	if !unary(opSigmoid, dst, x) {
		sigmoidGeneric(dst, x)
	}
}

// Softplus is dst = ln(1+eˣ).
func Softplus[T Float](dst, x []T) {
	if !unary(opSoftplus, dst, x) {
		softplusGeneric(dst, x)
	}
}
