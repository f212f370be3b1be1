package onnx

// known writes a recurrence that ONNX has an operator for.
func (w *writer) known(int, *loop) bool { return false }
