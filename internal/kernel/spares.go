package kernel

// spares are values that nobody uses, kept with their memory for the next caller. A channel, unlike a sync.Pool, is not
// emptied by the garbage collector.
type spares[T any] chan *T

// take is a spare value, or a new one.
func (s spares[T]) take() *T {
	select {
	case x := <-s:
		return x
	default:
		return new(T)
	}
}

// give keeps a value for the next caller, unless there are enough.
func (s spares[T]) give(x *T) {
	select {
	case s <- x:
	default:
	}
}
