package stablehlo

import (
	"math"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// transducers has the loss of the RNN transducer, and the scores that it reads.
func transducers() []entry {
	return []entry{on(transducerScores), on(transducerScoresGrad), on(transducer), on(transducerGrad)}
}

// transducerScores is minus the cross-entropy of the blank, and of the next label, at every place.
func transducerScores(w *writer, o op.TransducerScores, n *listing.Node) value {
	logits := w.in(n, 0)
	x, labels := w.matrix(logits), w.nextLabels(logits.shape, w.in(n, 1))
	score := func(ids value) value {
		entropy := w.unless(ids, -1, w.crossEntropy(x, ids))
		return w.reshape(w.unary("stablehlo.negate", entropy), logits.shape[:3]...)
	}
	blank, label := score(w.whole(o.Blank, labels.shape...)), score(labels)
	return w.concat(2, blank, w.rows(label, 2, 0, logits.shape[2]-1))
}

// transducerScoresGrad is the sum of those of both cross-entropies.
func transducerScoresGrad(w *writer, o op.TransducerScoresGrad, n *listing.Node) value {
	places := n.Shape[2]
	x, labels, dy := w.matrix(w.in(n, 0)), w.nextLabels(n.Shape, w.in(n, 1)), w.unary("stablehlo.negate", w.in(n, 3))
	blank, label := w.rows(dy, 2, 0, places), w.padRows(w.rows(dy, 2, places, 2*places-1), 0, 2, 0, 1)
	grad := w.crossEntropyGrad(x, w.whole(o.Blank, labels.shape...), w.flat(blank))
	grad = w.add(grad, w.crossEntropyGrad(x, labels, w.unless(labels, -1, w.flat(label))))
	return w.reshape(grad, n.Shape...)
}

// nextLabels is the label that may follow at each place of logits [T, B, U+1, V], of targets [B, U], as a vector; -1 for none.
func (w *writer) nextLabels(logits []int, targets value) value {
	return w.flat(w.broadcast(w.padRows(targets, -1, 1, 0, 1), []int{1, 2}, logits[:3]))
}

// lattice is the places (t, u) of a batch: at frame t, behind u labels. Those with the same t+u are a diagonal. What happens at one
// depends on a neighbouring diagonal alone, so all places of a diagonal are computed together, and a loop goes over T+U diagonals. As
// in op.Transducer, sums are in float64.
type lattice struct {
	*writer
	frames, batch, places, diagonals int // T, B, U+1, T+U

	// steps are the scores by diagonals, [T+U, 2, B, U+1]: of the blank, which goes on to (t+1, u), and of the label, which goes on
	// to (t, u+1). Those that a sequence does not have are -Inf.
	steps value
	ends  value // [B, U+1]: the diagonal on which a sequence has ended, at its number of labels; -1 elsewhere
}

// onLattice writes a function of scores [T, B, (U+1)+U] and numbers of frames and labels [B].
func (w *writer) onLattice(scores, frames, labels value, write func(l lattice) value) value {
	float := w.float
	w.float = "f64"
	l := lattice{writer: w, frames: scores.shape[0], batch: scores.shape[1], places: (scores.shape[2] + 1) / 2}
	l.diagonals = l.frames + l.places - 1
	scores = w.padRows(w.convert(scores, w.float), 0, 2, 0, 1)
	l.steps = l.skew(l.within(w.reshape(scores, l.shape()...), frames, labels))
	place := []int{l.batch, l.places}
	last := w.compare("EQ", w.iota(1, place...), w.spread(labels, 1, place))
	l.ends = w.choose(last, w.spread(w.add(frames, labels), 1, place), w.whole(-1, place...))
	out := write(l)
	w.float = float
	return w.convert(out, float)
}

// shape is that of the scores by frames: [T, B, 2, U+1].
func (l lattice) shape() []int { return []int{l.frames, l.batch, 2, l.places} }

// within is scores [T, B, 2, U+1], without those of steps that a sequence does not have: from frames behind its last one, and to
// labels behind its last one.
func (l lattice) within(scores, frames, labels value) value {
	shape := l.shape()
	in := func(at, count value) value { return l.broadcast(count, []int{1}, at.shape) }
	frame, label := l.iota(0, shape...), l.add(l.iota(2, shape...), l.iota(3, shape...))
	scores = l.choose(l.compare("LT", frame, in(frame, frames)), scores, l.never(shape...))
	return l.choose(l.compare("LE", label, in(label, labels)), scores, l.never(shape...))
}

// never is the logarithm of 0.
func (l lattice) never(shape ...int) value { return l.full(math.Inf(-1), shape...) }

// skew puts numbers [T, B, 2, U+1] by diagonals, [T+U, 2, B, U+1]. Every u has a row of T frames first, padded to T+U+1 entries. The
// same numbers, read as rows of T+U entries, have row u moved by u entries.
func (l lattice) skew(x value) value {
	x = l.padRows(l.transpose(x, 2, 1, 3, 0), math.Inf(-1), 3, 0, l.places) // [2, B, U+1, T+U+1]
	x = l.rows(l.reshape(x, 2, l.batch, l.places*(l.diagonals+1)), 2, 0, l.places*l.diagonals)
	return l.transpose(l.reshape(x, 2, l.batch, l.places, l.diagonals), 3, 0, 1, 2)
}

// straight is what skew was made of.
func (l lattice) straight(x value) value {
	x = l.padRows(l.reshape(l.transpose(x, 1, 2, 3, 0), 2, l.batch, l.places*l.diagonals), 0, 2, 0, l.places)
	x = l.rows(l.reshape(x, 2, l.batch, l.places, l.diagonals+1), 3, 0, l.frames)
	return l.transpose(x, 3, 1, 0, 2)
}

// start is α of the first diagonal: a sequence begins without labels.
func (l lattice) start() value {
	place := []int{l.batch, l.places}
	return l.choose(l.compare("EQ", l.iota(1, place...), l.whole(0, place...)), l.full(0, place...), l.never(place...))
}

// forward is α of the next diagonal, of that of diagonal d: what came by the blank, and what came by a label from one place before.
func (l lattice) forward(d, alpha value) value {
	steps := l.entry(l.steps, d)
	step := func(k int) value { return l.add(alpha, l.reshape(l.rows(steps, 0, k, k+1), alpha.shape...)) }
	return l.logAdd(step(0), l.shifted(step(1), 1, false, math.Inf(-1)))
}

// ended is x, or log 1 where a sequence has ended on diagonal d.
func (l lattice) ended(d, x value) value {
	there := l.compare("EQ", l.ends, l.broadcast(d, nil, l.ends.shape))
	return l.choose(there, l.full(0, x.shape...), x)
}

// onward is the log-probabilities of all that is still to come on diagonal d if the blank comes first, and if the label does,
// [2, B, U+1], of β of the next diagonal.
func (l lattice) onward(d, beta value) value {
	after := l.concat(0, l.one(beta), l.one(l.shifted(beta, 1, true, math.Inf(-1))))
	return l.add(l.entry(l.steps, d), after)
}

// backward is β of diagonal d, of what onward gives.
func (l lattice) backward(d, onward value) value {
	first := func(k int) value { return l.reshape(l.rows(onward, 0, k, k+1), l.ends.shape...) }
	return l.ended(d, l.logAdd(first(0), first(1)))
}

// logAdd is log(eᵃ + eᵇ).
func (l lattice) logAdd(a, b value) value {
	large, small := l.binary("maximum", a, b), l.binary("minimum", a, b)
	more := l.unary("stablehlo.log_plus_one", l.unary("stablehlo.exponential", l.sub(small, large)))
	return l.choose(l.compare("EQ", small, l.never(small.shape...)), large, l.add(large, more))
}

// total is the log-probability of each sequence, [B], of β of the first diagonal.
func (l lattice) total(beta value) value { return l.reshape(l.rows(beta, 1, 0, 1), l.batch) }

func transducer(w *writer, _ op.Transducer, n *listing.Node) value {
	return w.onLattice(w.in(n, 0), w.in(n, 1), w.in(n, 2), func(l lattice) value {
		last := l.ended(l.whole(l.diagonals), l.never(l.ends.shape...))
		beta := l.loop(l.diagonals, []value{last}, func(i value, now []value) []value {
			d := l.index(i, l.diagonals-1, -1)
			return []value{l.backward(d, l.onward(d, now[0]))}
		})
		return l.unary("stablehlo.negate", l.total(beta[0]))
	})
}

// transducerGrad is minus the probability that an alignment takes each step, see op.TransducerGrad. A loop keeps what is to come from
// each place on, and another all that led to it.
func transducerGrad(w *writer, _ op.TransducerGrad, n *listing.Node) value {
	dy := w.convert(w.in(n, 3), "f64")
	return w.onLattice(w.in(n, 0), w.in(n, 1), w.in(n, 2), func(l lattice) value {
		all, place := l.steps.shape, l.ends.shape
		last := l.ended(l.whole(l.diagonals), l.never(place...))
		back := l.loop(l.diagonals, []value{last, l.full(0, all...)}, func(i value, now []value) []value {
			d := l.index(i, l.diagonals-1, -1)
			onward := l.onward(d, now[0])
			return []value{l.backward(d, onward), l.put(now[1], 0, d, l.one(onward))}
		})
		kept := append([]int{l.diagonals}, place...)
		forth := l.loop(l.diagonals, []value{l.start(), l.full(0, kept...)}, func(d value, now []value) []value {
			return []value{l.forward(d, now[0]), l.put(now[1], 0, d, l.one(now[0]))}
		})
		each := func(x value) value { return l.broadcast(x, []int{2}, all) } // of a number for every sequence
		total := l.total(back[0])
		paths := l.sub(l.add(l.spread(forth[1], 1, all), back[1]), each(total))
		none := l.compare("EQ", total, l.never(total.shape...))
		grad := l.mul(l.unary("stablehlo.exponential", paths), each(l.unary("stablehlo.negate", dy)))
		grad = l.straight(l.choose(each(none), l.full(0, all...), grad))
		return l.rows(l.reshape(grad, l.frames, l.batch, 2*l.places), 2, 0, 2*l.places-1)
	})
}
