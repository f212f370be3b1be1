package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// solveAll prints which network solves what.
func solveAll(nets []network, list []task, e effort) error {
	fmt.Printf("Right answers in %%, after at most %d batches of %d, rate %g, width %d, mean of %d seeds\n\n",
		e.steps, e.batch, e.rate, e.width, e.seeds)
	columns := []string{"network", "weights"}
	for _, t := range list {
		columns = append(columns, fmt.Sprintf("%s %s", t.name, strings.Trim(fmt.Sprint(t.tests), "[]")))
	}
	head(columns...)
	for _, n := range nets {
		weights, err := n.weights(e.width)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		cells := []string{n.name, fmt.Sprint(weights)}
		for _, t := range list {
			right := make([]float64, len(t.tests))
			for seed := range e.seeds {
				s, err := newSolver(n, t, e, uint64(seed+1)).solve()
				if err != nil {
					return fmt.Errorf("%s, %s: %w", n.name, t.name, err)
				}
				for i, v := range s {
					right[i] += v / float64(e.seeds)
				}
			}
			cells = append(cells, percent(right))
		}
		row(cells...)
	}
	return nil
}

func percent(shares []float64) string {
	out := make([]string, len(shares))
	for i, v := range shares {
		out[i] = fmt.Sprintf("%.0f", 100*v)
	}
	return strings.Join(out, " ")
}

// solver is a network that learns a task.
type solver struct {
	task   task
	effort effort
	params *graph.Params
	loss   *graph.Func
	adam   optim.Adam
	rng    *rand.Rand
	seed   uint64
}

func newSolver(n network, t task, e effort, seed uint64) *solver {
	s := &solver{task: t, effort: e, params: graph.NewParams(seed), rng: rand.New(rand.NewPCG(seed, 1)), seed: seed}
	ignore := skip
	s.loss = graph.NewFunc(s.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := n.logits(g, in[0], t.tokens, e.width)
		return []graph.Node{losses.CrossEntropy{Ignore: &ignore}.Apply(g, y, in[1]), y}
	})
	return s
}

// learned is the mean loss over the last steps at which training may end: nothing is left to be learned.
const learned, over = 2e-3, 40

// solve trains, and returns the share of right answers for each size of the tests, on other sequences.
func (s *solver) solve() ([]float64, error) {
	rate := optim.Warmup{Steps: s.effort.steps/20 + 1, From: 0.05,
		Then: optim.Cosine{Start: s.effort.rate, End: s.effort.rate / 20, Steps: s.effort.steps}}
	mean := 1.0
	for i := range s.effort.steps {
		ids, targets, _ := s.batch(s.rng, s.task.train[i%len(s.task.train)], s.effort.batch)
		out, err := s.loss.Grad(ids, targets)
		if err != nil {
			return nil, err
		}
		if _, err := optim.Update(&s.adam, s.params, rate.Rate(i), 1); err != nil {
			return nil, err
		}
		if mean += (graph.Scalar(out[0]) - mean) / over; mean < learned {
			break
		}
	}
	var out []float64
	for _, size := range s.task.tests {
		right, err := s.judge(size)
		if err != nil {
			return nil, err
		}
		out = append(out, right)
	}
	return out, nil
}

// batch draws inputs and targets [T, B].
func (s *solver) batch(rng *rand.Rand, size, n int) (ids, targets *tensor.Dense, list []example) {
	for range n {
		list = append(list, s.task.draw(rng, size))
	}
	steps := len(list[0].input)
	x, y := make([]int, steps*n), make([]int, steps*n)
	for b, e := range list {
		for t := range steps {
			x[t*n+b], y[t*n+b] = e.input[t], e.target[t]
		}
	}
	return graph.Ints(x, steps, n), graph.Ints(y, steps, n), list
}

// judge is the share of right answers in sequences of a size.
func (s *solver) judge(size int) (float64, error) {
	rng := rand.New(rand.NewPCG(s.seed, uint64(1000+size)))
	ids, targets, list := s.batch(rng, size, s.effort.judged)
	out, err := s.loss.Run(ids, targets)
	if err != nil {
		return 0, err
	}
	logits, n, tokens := out[1].Float32s(), len(list), s.task.tokens
	right, all := 0, 0
	for b, e := range list {
		for _, t := range e.answers() {
			at := (t*n + b) * tokens
			all++
			if likeliest(logits[at:at+tokens]) == e.target[t] {
				right++
			}
		}
	}
	return float64(right) / float64(all), nil
}

// answers are the steps by which a network is judged.
func (e example) answers() []int {
	if e.judged != nil {
		return e.judged
	}
	var out []int
	for t, v := range e.target {
		if v != skip {
			out = append(out, t)
		}
	}
	return out
}

func likeliest(row []float32) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}
