package datasets

import (
	"math/rand/v2"
	"sort"

	"github.com/pkg/errors"
)

// Batch is a number of examples side by side, time-major: the value of step t of example b is at t·B + b. Fields
// that only other kinds of batches have are nil. The caller may keep a batch.
type Batch struct {
	Examples []int // [B]: which examples these are

	// Sequences, padded to Steps (T) steps.
	Steps   int
	Inputs  []int // [T, B]
	Lengths []int // [B]

	// What to predict: a label or numbers for each sequence, or a target for each step. With pairs, Targets is [U, B] and
	// ends with the end token, and TargetInputs, what a decoder is fed, are the same one step later after the start token. With
	// transcripts, whose places in time are not known, Targets is [B, U], as losses.CTC wants it.
	Labels        []int     // [B]
	Numbers       []float32 // [B, G]
	Targets       []int     // [T, B], [U, B] or [B, U]
	TargetSteps   int       // U
	TargetInputs  []int     // [U, B]
	TargetLengths []int     // [B], with the start or the end token if there are TargetInputs

	// Numeric sequences, and windows of a series with what follows them.
	Values []float32 // [T, B, F]
	Future []float32 // [H, B, G]; H is TargetSteps
}

// BatchSource gives a pass over examples in batches.
type BatchSource interface {
	// Len is the number of batches in a pass.
	Len() int
	// SetEpoch begins the pass of that number, which has its own order if it is shuffled.
	SetEpoch(epoch int)
	// Seek makes the next batch of this pass the one of that number, counted from 0.
	Seek(batch int) error
	// Next returns the next batch, or false at the end of the pass or after an error.
	Next() (*Batch, bool)
	// Err is the error that ended the pass early, if one did.
	Err() error
}

// Batching says how examples are put into batches. The order depends on these values, the epoch and the examples'
// lengths alone: a run that was stopped continues with SetEpoch and Seek.
type Batching struct {
	Size     int    // examples in a batch
	Shuffle  bool   // another order each epoch
	Seed     uint64 // of the orders
	Pool     int    // batches that are sorted by length together, so that little is padding; 0 or 1: no sorting
	RoundTo  int    // pad to a multiple of so many steps, so that few shapes occur; 0 for the longest sequence
	Padding  int    // the id of padded inputs
	DropLast bool   // leave out a last batch that is smaller

	// TargetPadding is the id of padded targets: the one that the loss ignores, such as -1, which is no token's.
	TargetPadding int
}

// Batches gives examples in batches. It is not for several goroutines at once.
type Batches struct {
	o        Batching
	lengths  []int // of the examples, in the order of which they are sorted
	fill     func(b *Batch)
	order    [][]int // the epoch's batches
	position int
}

func newBatches(lengths []int, o Batching, fill func(*Batch)) (*Batches, error) {
	if o.Size < 1 {
		return nil, errors.Errorf("datasets: batches of %d examples; want 1 or more", o.Size)
	}
	if o.Pool < 0 || o.RoundTo < 0 || o.RoundTo > 1<<16 {
		return nil, errors.Errorf("datasets: a pool of %d batches, and steps in multiples of %d; want 0 or more, and multiples of at most %d",
			o.Pool, o.RoundTo, 1<<16)
	}
	if len(lengths) == 0 || o.DropLast && len(lengths) < o.Size {
		return nil, errors.Errorf("datasets: %d examples fill no batch of %d", len(lengths), o.Size)
	}
	s := &Batches{o: o, lengths: lengths, fill: fill}
	s.SetEpoch(0)
	return s, nil
}

// SetEpoch begins the pass of that number. The same number gives the same batches.
func (s *Batches) SetEpoch(epoch int) {
	order := make([]int, len(s.lengths))
	for i := range order {
		order[i] = i
	}
	r := rand.New(rand.NewPCG(s.o.Seed, uint64(epoch)))
	if s.o.Shuffle {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	if s.o.Pool > 1 {
		size := len(order)
		if s.o.Pool < size/s.o.Size {
			size = s.o.Pool * s.o.Size
		}
		for rest := order; len(rest) > 0; {
			pool := rest[:min(len(rest), size)]
			sort.SliceStable(pool, func(i, j int) bool { return s.lengths[pool[i]] < s.lengths[pool[j]] })
			rest = rest[len(pool):]
		}
	}
	s.order = s.order[:0]
	for len(order) > 0 {
		n := min(len(order), s.o.Size)
		if n == s.o.Size || !s.o.DropLast {
			s.order = append(s.order, order[:n:n])
		}
		order = order[n:]
	}
	if s.o.Shuffle && s.o.Pool > 1 { // short sequences not always first
		r.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	s.position = 0
}

// Len is the number of batches in a pass.
func (s *Batches) Len() int { return len(s.order) }

// Position is the number of batches given out since the start of the pass.
func (s *Batches) Position() int { return s.position }

// Seek makes the next batch of this pass the one of that number, counted from 0. Len is the end of the pass.
func (s *Batches) Seek(batch int) error {
	if batch < 0 || batch > len(s.order) {
		return errors.Errorf("datasets: batch %d; there are %d", batch, len(s.order))
	}
	s.position = batch
	return nil
}

// Next returns the next batch, or false at the end of the pass.
func (s *Batches) Next() (*Batch, bool) {
	if s.position >= len(s.order) {
		return nil, false
	}
	b := &Batch{Examples: append([]int{}, s.order[s.position]...)}
	s.fill(b)
	s.position++
	return b, true
}

// Err is nil: batches from memory do not fail.
func (s *Batches) Err() error { return nil }
