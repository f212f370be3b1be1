package op

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// TransducerScores reads from logits [T, B, U+1, V] and targets [B, U] what the loss of a transducer needs of them: the
// log-probabilities of the blank, and of the next label, at every place. They lie in [T, B, (U+1)+U], the blanks of a row first.
// A target of -1, padding, has the score 0.
type TransducerScores struct{ Blank int }

func (o TransducerScores) String() string {
	return fmt.Sprintf("transducer scores, blank %d", o.Blank)
}

func (o TransducerScores) Bind(b *Binding) Task {
	return pick(b, bindTransducerScores[float32](o), bindTransducerScores[float64](o))
}

func bindTransducerScores[T kernel.Float](o TransducerScores) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, ids := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		n, places := LastDim(b.In[0].Shape), b.In[0].Shape[2]
		labels := places - 1
		task := rowsTask(len(x)/n/places, places*n, func(from, to int) {
			for r := from; r < to; r++ {
				out, targets := dst[r*(places+labels):][:places+labels], ids[r*labels%len(ids):]
				for u := range places {
					row := x[(r*places+u)*n:][:n]
					total := kernel.LogSumExpRow(row)
					out[u] = row[o.Blank] - total
					if u < labels {
						out[places+u] = 0
						if id := targets[u]; id >= 0 {
							out[places+u] = row[id] - total
						}
					}
				}
			}
		})
		return checkedTargets(ids, n, labels, task)
	}
}

// checkedTargets is a task that looks at its targets first.
func checkedTargets(ids []int, classes, labels int, task Task) Task {
	return func() error {
		for i, id := range ids {
			if id < -1 || id >= classes {
				return errors.Errorf("label %d of target %d is %d; want 0 to %d, or -1 for padding", i%labels, i/labels, id, classes-1)
			}
		}
		return task()
	}
}

// TransducerScoresGrad is the derivative of TransducerScores with respect to the logits, of logits, targets, the scores and their
// gradient: db·(1_blank - softmax) + dl·(1_label - softmax).
type TransducerScoresGrad struct{ TransducerScores }

func (o TransducerScoresGrad) String() string {
	return fmt.Sprintf("transducer scores', blank %d", o.Blank)
}

func (o TransducerScoresGrad) Bind(b *Binding) Task {
	return pick(b, bindTransducerScoresGrad[float32](o), bindTransducerScoresGrad[float64](o))
}

func bindTransducerScoresGrad[T kernel.Float](o TransducerScoresGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, ids, scores, dy := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs, Vec[T](b.In[2]), Vec[T](b.In[3])
		n, places := LastDim(b.Out.Shape), b.Out.Shape[2]
		labels := places - 1
		return rowsTask(len(x)/n/places, places*n, func(from, to int) {
			for r := from; r < to; r++ {
				at, targets := r*(places+labels), ids[r*labels%len(ids):]
				for u := range places {
					grad, blank, label, id := dst[(r*places+u)*n:][:n], dy[at+u], T(0), -1
					if u < labels && targets[u] >= 0 {
						id, label = targets[u], dy[at+places+u]
					}
					if blank == 0 && label == 0 { // what lies outside of the sequence is not looked at
						kernel.Fill(grad, 0)
						continue
					}
					kernel.CrossEntropyGradRow(grad, x[(r*places+u)*n:][:n], o.Blank, -scores[at+u], -(blank + label))
					if id >= 0 {
						grad[o.Blank] -= label
						grad[id] += label
					}
				}
			}
		})
	}
}

// Transducer is -log of the probability of each sequence of labels, [B], summed over all alignments (Graves, 2012), of scores
// [T, B, (U+1)+U] as TransducerScores gives them, the numbers of frames [B] and of labels [B]. With β(t, u) as the
// log-probability of all that is still to come at frame t, behind label u,
//
//	β(t, u) = log(e^(blank(t, u) + β(t+1, u)) + e^(label(t, u) + β(t, u+1)))
//
// where the last blank, β(T-1, U) = blank(T-1, U), ends the sequence. Sums are in float64: those of a long sequence lose digits.
type Transducer struct{}

func (Transducer) String() string { return "transducer loss" }

func (o Transducer) Bind(b *Binding) Task {
	return pick(b, bindTransducer[float32], bindTransducer[float64])
}

func bindTransducer[T kernel.Float](b *Binding) Task {
	dst, l := Vec[T](b.Out), newLattice[T](b.In)
	rows := make([]float64, l.batch*l.places)
	return l.task(func(s int) {
		row := rows[s*l.places:][:l.labels[s]+1]
		for t := l.frames[s] - 1; t >= 0; t-- {
			l.backward(s, t, row, row)
		}
		dst[s] = T(-row[0])
	})
}

// TransducerGrad is the derivative of Transducer with respect to the scores, of these, the numbers of frames and of labels, and the
// gradient of the losses [B]. With α(t, u) as the log-probability of all that led to frame t, behind label u, it is minus the
// probability that an alignment of the labels takes the step: for a blank e^(α(t, u) + blank(t, u) + β(t+1, u) - log p).
// A sequence of probability 0 has no gradient.
type TransducerGrad struct{}

func (TransducerGrad) String() string { return "transducer loss'" }

func (o TransducerGrad) Bind(b *Binding) Task {
	return pick(b, bindTransducerGrad[float32], bindTransducerGrad[float64])
}

func bindTransducerGrad[T kernel.Float](b *Binding) Task {
	dst, l, dy := Vec[T](b.Out), newLattice[T](b.In), Vec[T](b.In[3])
	stays, betas := make([]float64, l.batch*l.places), make([]float64, l.batch*l.steps*l.places)
	return l.task(func(s int) {
		for t := range l.steps { // padding has no gradient
			kernel.Fill(dst[l.row(s, t):][:l.width()], 0)
		}
		n, last := l.labels[s]+1, l.frames[s]-1
		beta := func(t int) []float64 { return betas[(s*l.steps+t)*l.places:][:n] }
		l.backward(s, last, beta(last), nil)
		for t := last - 1; t >= 0; t-- {
			l.backward(s, t, beta(t), beta(t+1))
		}
		if total := beta(0)[0]; !math.IsInf(total, -1) && dy[s] != 0 {
			stay := stays[s*l.places:][:n]
			for u := range stay {
				stay[u] = math.Inf(-1)
			}
			stay[0] = 0
			for t := range last + 1 {
				var after []float64
				if t < last {
					after = beta(t + 1)
				}
				l.forward(s, t, stay, beta(t), after, total, dst[l.row(s, t):], dy[s])
			}
		}
	})
}

// lattice is the scores of a batch, with what says how far each sequence goes.
type lattice[T kernel.Float] struct {
	scores               []T
	frames, labels       []int
	steps, batch, places int // T, B, U+1
}

func newLattice[T kernel.Float](in []Operand) lattice[T] {
	shape := in[0].Shape
	return lattice[T]{Vec[T](in[0]), in[1].IDs, in[2].IDs, shape[0], shape[1], (shape[2] + 1) / 2}
}

// width is that of a row of scores: U+1 blanks, U labels.
func (l lattice[T]) width() int { return 2*l.places - 1 }

// row is where the scores of a sequence at a frame begin.
func (l lattice[T]) row(s, t int) int { return (t*l.batch + s) * l.width() }

// task runs f for every sequence, each by itself, after a look at the lengths.
func (l lattice[T]) task(f func(s int)) Task {
	each := rowsTask(l.batch, l.steps*l.width(), func(from, to int) {
		for s := from; s < to; s++ {
			f(s)
		}
	})
	return func() error {
		for s, n := range l.frames {
			if n < 1 || n > l.steps {
				return errors.Errorf("sequence %d has %d frames; want 1 to %d", s, n, l.steps)
			}
			if m := l.labels[s]; m < 0 || m >= l.places {
				return errors.Errorf("sequence %d has %d labels; want 0 to %d", s, m, l.places-1)
			}
		}
		return each()
	}
}

// backward sets β of a frame from that of the next one, which may be the same memory. At the last frame there is none.
func (l lattice[T]) backward(s, t int, beta, after []float64) {
	at := l.row(s, t)
	blanks, labels := l.scores[at:][:l.places], l.scores[at+l.places:]
	n, last := len(beta)-1, t == l.frames[s]-1
	for u := n; u >= 0; u-- {
		stay, next := math.Inf(-1), math.Inf(-1)
		switch {
		case !last:
			stay = float64(blanks[u]) + after[u]
		case u == n:
			stay = float64(blanks[u])
		}
		if u < n {
			next = float64(labels[u]) + beta[u+1]
		}
		beta[u] = logAdd(stay, next)
	}
}

// forward writes the gradient of a frame's scores. stay[u] is the log-probability of all that came to the frame behind label u by a
// blank; afterwards, of all that goes on so to the next frame. after is β of the next frame, nil at the last one.
func (l lattice[T]) forward(s, t int, stay, beta, after []float64, total float64, dst []T, dy T) {
	at := l.row(s, t)
	blanks, labels := l.scores[at:][:l.places], l.scores[at+l.places:]
	n, step := len(stay)-1, math.Inf(-1) // all that came by the label before
	for u := range stay {
		alpha := logAdd(stay[u], step)
		stay[u] = alpha + float64(blanks[u])
		switch {
		case after != nil:
			dst[u] = -dy * T(math.Exp(stay[u]+after[u]-total))
		case u == n:
			dst[u] = -dy * T(math.Exp(stay[u]-total))
		}
		if u < n {
			step = alpha + float64(labels[u])
			dst[l.places+u] = -dy * T(math.Exp(step+beta[u+1]-total))
		}
	}
}

// logAdd is log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
