package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// A step whose data are cut, into the batches of Accumulate, the shards of Parallel or both, has the loss and the
// gradients of its data in one batch. The loss itself knows what its means are over, see graph.MeanOver: all parts divide
// by the weight of all, and are averaged. Only a loss that says nothing is weighed by what the source counts.

// forms are the loss function in the forms that parts of a batch need; see graph.Func.
type forms struct {
	loss                  *graph.Func
	weights, parts, means *graph.Func
}

func formsOf(loss *graph.Func) *forms {
	return &forms{loss, loss.Weights(), loss.Parts(), loss.Means()}
}

// part is what one run of the loss function takes of a step: a batch, or a shard of one.
type part struct {
	name     string          // for errors, "" for a whole batch
	from, to int             // examples of the batch
	args     []*tensor.Dense // of the loss function
	count    float64         // targets, as the source counts them
	factor   float64         // of the part's loss and gradients in those of the step
}

// wrap says of which part an error is.
func (p *part) wrap(err error) error {
	if p.name == "" {
		return err
	}
	return errors.Wrap(err, p.name)
}

// microBatch is one batch of a step, in parts.
type microBatch struct {
	args   []*tensor.Dense // of the loss function, with the states
	axes   []int           // batch axes of args, if it is cut into shards
	parts  []*part
	tokens int
	seed   uint64
}

// weigh decides how the parts of a step are joined: by what factor each counts, and the scales of the means in the loss,
// nil if it has none. Counted means that it has none that are asked for: the parts' counts decide.
func (f *forms) weigh(batches []*microBatch, counted bool) (scales *tensor.Dense, err error) {
	var all []*part
	for _, b := range batches {
		all = append(all, b.parts...)
	}
	var totals []float64
	if !counted {
		if totals, err = f.totals(all); err != nil {
			return nil, err
		}
	}
	if len(totals) > 0 {
		n := float64(len(all))
		for _, p := range all {
			p.factor = 1 / n
		}
		for j, total := range totals {
			if totals[j] = 0; total > 0 {
				totals[j] = n / total
			}
		}
		return floatsOf(f.loss.Params().Dtype(), totals), nil
	}
	total := 0.0
	for _, p := range all {
		if !(p.count >= 0) {
			return nil, p.wrap(errors.Errorf("it has %g tokens; want 0 or more", p.count))
		}
		total += p.count
	}
	if total == 0 {
		return nil, errors.Errorf("the %d parts of the step have no tokens to weigh them by "+
			"(a loss made with graph.MeanOver weighs them itself)", len(all))
	}
	for _, p := range all {
		p.factor = p.count / total
	}
	return nil, nil
}

// totals are the weights of the loss's means over all parts; none for a loss without.
func (f *forms) totals(all []*part) ([]float64, error) {
	var totals []float64
	for i, p := range all {
		out, err := f.weights.Run(p.args...)
		switch {
		case err != nil:
			return nil, p.wrap(err)
		case i == 0:
			totals = make([]float64, len(out))
		case len(out) != len(totals):
			return nil, errors.Errorf("the loss of one part of the step is made of %d means, that of another of %d", len(totals), len(out))
		}
		for j, v := range out {
			w := graph.Scalar(v)
			if w < 0 {
				return nil, errors.Errorf("mean %d of the loss has the weight %g; want 0 or more", j, w)
			}
			totals[j] += w
		}
	}
	return totals, nil
}

// floatsOf are numbers in a tensor of the given type.
func floatsOf(dtype tensor.Dtype, v []float64) *tensor.Dense {
	if dtype == tensor.Float64 {
		return graph.Floats64(v)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return graph.Floats(out)
}
