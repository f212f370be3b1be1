package datasets

import "github.com/pkg/errors"

// Split cuts ids into a first part of the given fraction, to train on, and the rest, to validate with. Both are views
// of ids.
func Split(ids []int, fraction float64) (train, validation []int, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errors.Errorf("datasets: train fraction %g; want above 0 and below 1", fraction)
	}
	n := int(float64(len(ids)) * fraction)
	return ids[:n:n], ids[n:], nil
}

// Windows cuts a stream of ids into batches for truncated backpropagation through time. The stream is laid out in B
// lanes of equal length, and a window is the next T tokens of every lane: a network that carries its state from
// window to window reads each lane without a break. Targets are the inputs, one token later.
//
//	w, err := datasets.NewWindows(ids, 50, 32)
//	for w.Next() {
//		train(w.Inputs, w.Targets)
//	}
type Windows struct {
	// Inputs and Targets are the current window, [T, B] in row-major order. Next overwrites them.
	Inputs, Targets []int

	ids          []int
	steps, batch int
	lane         int // tokens of a lane that are inputs
	position     int // windows given out
}

// NewWindows prepares windows of steps (T) tokens for batch (B) lanes. Tokens at the end of the lanes that do not fill
// a window are left out: at most B·T + B - 1.
func NewWindows(ids []int, steps, batch int) (*Windows, error) {
	if steps < 1 || batch < 1 {
		return nil, errors.Errorf("datasets: windows of %d steps and batch %d; want at least 1 of each", steps, batch)
	}
	if need := steps*batch + 1; len(ids) < need {
		return nil, errors.Errorf("datasets: %d lanes of at least %d steps need %d tokens, found %d", batch, steps, need, len(ids))
	}
	return &Windows{
		Inputs: make([]int, steps*batch), Targets: make([]int, steps*batch),
		ids: ids, steps: steps, batch: batch, lane: (len(ids) - 1) / batch,
	}, nil
}

// Len is the number of windows in one pass.
func (w *Windows) Len() int { return w.lane / w.steps }

// Position is the number of windows that Next has given out since the start of the pass.
func (w *Windows) Position() int { return w.position }

// Next moves to the next window. It returns false at the end of the pass.
func (w *Windows) Next() bool {
	if w.position >= w.Len() {
		return false
	}
	for b := 0; b < w.batch; b++ {
		from := b*w.lane + w.position*w.steps
		for t := 0; t < w.steps; t++ {
			w.Inputs[t*w.batch+b] = w.ids[from+t]
			w.Targets[t*w.batch+b] = w.ids[from+t+1]
		}
	}
	w.position++
	return true
}

// Seek makes the next window the one of that number: 0 starts a new pass.
func (w *Windows) Seek(position int) error {
	if position < 0 || position > w.Len() {
		return errors.Errorf("datasets: window %d; there are %d", position, w.Len())
	}
	w.position = position
	return nil
}

// Shape returns the steps T and the batch B of a window.
func (w *Windows) Shape() (steps, batch int) { return w.steps, w.batch }
