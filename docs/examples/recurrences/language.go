package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
)

const (
	window, lanes = 128, 16 // steps, and sequences side by side
	checked       = 48      // windows to validate with
	vocabulary    = 5000    // words at most
)

// language trains language models of equally many weights. Windows stand for themselves: no network knows what came before.
func language(nets []network, e effort) error {
	train, validation, tokens, err := corpus(e)
	if err != nil {
		return err
	}
	fmt.Printf("%ss, %d kinds of them, %d seen in windows of %d, rate %g\n\n", e.tokens, tokens, e.steps*window*lanes, window, e.rate)
	head("network", "width", "weights of the body", "loss", "tokens/s, training", "memory of training, MB", "memory of a stream")
	for _, n := range nets {
		width, weights, err := fitted(n, e.budget)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		l := newLearner(n, tokens, width)
		if err := l.learn(train, e); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		loss, err := l.validate(validation)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		stream := fmt.Sprintf("%.1f kB a step", float64(2*width*blocks*4)/1e3)
		if n.state != nil {
			stream = fmt.Sprintf("%.1f kB", float64(n.state(width)*blocks*4)/1e3)
		}
		row(n.name, fmt.Sprint(width), fmt.Sprint(weights), fmt.Sprintf("%.3f", loss), fmt.Sprintf("%.0f", l.speed()),
			fmt.Sprintf("%.1f", float64(l.memory)/1e6), stream)
	}
	return nil
}

// corpus is a text as ids: nine tenths to train on, and the rest to validate with.
func corpus(e effort) (train, validation []int, tokens int, err error) {
	var text string
	if e.text == "" {
		bible, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
		if err != nil {
			return nil, nil, 0, err
		}
		text = bible.Train.Text
	} else {
		data, err := os.ReadFile(e.text)
		if err != nil {
			return nil, nil, 0, err
		}
		text = string(data)
	}
	v, err := datasets.Characters(text)
	if e.tokens == datasets.Word {
		v, err = datasets.Words(text, vocabulary)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	ids, err := v.Encode(text)
	if err != nil {
		return nil, nil, 0, err
	}
	train, validation, err = datasets.Split(ids, 0.9)
	return train, validation, v.Len(), err
}

// fitted is the width whose number of weights is closest to a budget.
func fitted(n network, budget int) (width, weights int, err error) {
	for w := heads; ; w += heads {
		found, err := n.weights(w)
		if err != nil {
			return 0, 0, err
		}
		if found > budget {
			if width == 0 || found-budget < budget-weights {
				return w, found, nil
			}
			return width, weights, nil
		}
		width, weights = w, found
	}
}

// learner is a network that learns a language.
type learner struct {
	params *graph.Params
	loss   *graph.Func
	memory int
	times  []float64 // seconds of the steps, but for the first, which compiles
}

func newLearner(n network, tokens, width int) *learner {
	l := &learner{params: graph.NewParams(1)}
	l.loss = graph.NewFunc(l.params, lossOf(n, tokens, width))
	return l
}

// lossOf maps ids [T, B] and those that follow [T, B] to the mean loss.
func lossOf(n network, tokens, width int) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CrossEntropy{}.Apply(g, n.logits(g, in[0], tokens, width), in[1])}
	}
}

func (l *learner) learn(ids []int, e effort) error {
	w, err := datasets.NewWindows(ids, window, lanes)
	if err != nil {
		return err
	}
	rate := optim.Warmup{Steps: e.steps/20 + 1, From: 0.05, Then: optim.Cosine{Start: e.rate, End: e.rate / 20, Steps: e.steps}}
	var adam optim.Adam
	for i := range e.steps {
		if !w.Next() {
			w.Reset()
			w.Next()
		}
		start := time.Now()
		x, y := graph.Ints(w.Inputs, window, lanes), graph.Ints(w.Targets, window, lanes)
		if _, err := l.loss.Grad(x, y); err != nil {
			return err
		}
		if _, err := optim.Update(&adam, l.params, rate.Rate(i), 1); err != nil {
			return err
		}
		if i > 0 {
			l.times = append(l.times, time.Since(start).Seconds())
			continue
		}
		p, err := l.loss.GradProgram(x, y)
		if err != nil {
			return err
		}
		l.memory = p.Bytes()
	}
	return nil
}

func (l *learner) validate(ids []int) (float64, error) {
	w, err := datasets.NewWindows(ids, window, lanes)
	if err != nil {
		return 0, err
	}
	total, count := 0.0, 0
	for ; count < checked && w.Next(); count++ {
		out, err := l.loss.Run(graph.Ints(w.Inputs, window, lanes), graph.Ints(w.Targets, window, lanes))
		if err != nil {
			return 0, err
		}
		total += graph.Scalar(out[0])
	}
	return total / float64(count), nil
}

// speed is the median of tokens a second.
func (l *learner) speed() float64 {
	if len(l.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l.times))
	return window * lanes / sorted[len(sorted)/2]
}
