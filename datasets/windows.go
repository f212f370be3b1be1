package datasets

import (
	"math/big"

	"github.com/pkg/errors"
)

// Split cuts ids into a first part of the given fraction (rounded down to whole tokens), to train on, and the rest, to
// validate with. Both are views of ids. A fraction that leaves one of them empty is an error.
func Split(ids []int, fraction float64) (train, validation []int, err error) {
	n, err := splitAt(len(ids), fraction)
	if err != nil {
		return nil, nil, err
	}
	return ids[:n:n], ids[n:], nil
}

func splitAt(tokens int, fraction float64) (int, error) {
	if !(fraction > 0 && fraction < 1) {
		return 0, errors.Errorf("datasets: train fraction %g; want above 0 and below 1", fraction)
	}
	n := int(float64(tokens) * fraction)
	if n == 0 || n == tokens {
		return 0, errors.Errorf("datasets: train fraction %g of %d tokens leaves none for one of the two parts", fraction, tokens)
	}
	return n, nil
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
	file         *IDFile // instead of ids
	err          error
	row          []int  // [steps + 1], one lane's ids from the file
	raw          []byte // and their bytes
	steps, batch int
	lane         int // tokens of a lane that may be inputs
	windows      int // in a pass
	position     int // windows given out
}

// NewWindows prepares windows of steps (T) tokens for batch (B) lanes; ids must hold at least T·B + 1 tokens, and must
// not change while the windows are used. There are as many windows as fit: of the len(ids) - 1 tokens that have a
// successor, those at the ends of the lanes that do not fill one are left out, at most T·B - 1.
func NewWindows(ids []int, steps, batch int) (*Windows, error) {
	w, err := newWindows(len(ids), steps, batch)
	if err != nil {
		return nil, err
	}
	w.ids = ids
	return w, nil
}

// NewFileWindows is NewWindows over ids in a file, which are read window by window: memory does not depend on their
// number. After Next has returned false, Err is the error of the file, if there was one.
func NewFileWindows(ids *IDFile, steps, batch int) (*Windows, error) {
	if absent(ids) {
		return nil, errors.New("datasets: windows of no file of ids; EncodeFile and OpenIDs give one")
	}
	w, err := newWindows(ids.Len(), steps, batch)
	if err != nil {
		return nil, err
	}
	w.file, w.row, w.raw = ids, make([]int, steps+1), make([]byte, (steps+1)*ids.width)
	return w, nil
}

func newWindows(tokens, steps, batch int) (*Windows, error) {
	if steps < 1 || batch < 1 {
		return nil, errors.Errorf("datasets: windows of %d steps and batch %d; want at least 1 of each", steps, batch)
	}
	lane := max(0, tokens-1) / batch
	if lane < steps {
		need := new(big.Int).Mul(big.NewInt(int64(steps)), big.NewInt(int64(batch))) // an int may overflow
		return nil, errors.Errorf("datasets: %d lanes of at least %d steps need %d tokens, found %d",
			batch, steps, need.Add(need, big.NewInt(1)), tokens)
	}
	return &Windows{
		Inputs: make([]int, steps*batch), Targets: make([]int, steps*batch),
		steps: steps, batch: batch, lane: lane, windows: lane / steps,
	}, nil
}

// Len is the number of windows in one pass.
func (w *Windows) Len() int { return w.windows }

// Position is the number of windows that Next has given out since the start of the pass.
func (w *Windows) Position() int { return w.position }

// Shape returns the steps T and the batch B of a window.
func (w *Windows) Shape() (steps, batch int) { return w.steps, w.batch }

// Next moves to the next window. It returns false at the end of the pass, and leaves the last window as it is.
func (w *Windows) Next() bool {
	if w.position >= w.windows || w.err != nil {
		return false
	}
	for b := range w.batch {
		from := b*w.lane + w.position*w.steps
		lane := w.row
		if w.file == nil {
			lane = w.ids[from : from+w.steps+1]
		} else if w.err = w.file.read(lane, from, w.raw); w.err != nil {
			return false
		}
		for t := range w.steps {
			w.Inputs[t*w.batch+b] = lane[t]
			w.Targets[t*w.batch+b] = lane[t+1]
		}
	}
	w.position++
	return true
}

// Err is the error of the file that made Next return false, if one did. Windows from memory have none.
func (w *Windows) Err() error { return w.err }

// Reset starts a new pass: Next gives the first window.
func (w *Windows) Reset() { w.position = 0 }

// Seek makes the next window the one of that number, counted from 0: to resume at a saved Position, say. Len is the
// end of the pass.
func (w *Windows) Seek(position int) error {
	if position < 0 || position > w.windows {
		return errors.Errorf("datasets: window %d; there are %d", position, w.windows)
	}
	w.position = position
	return nil
}
