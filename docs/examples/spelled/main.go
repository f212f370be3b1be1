// Command spelled reads a picture of a digit and writes its name, letter by letter (one to many): the pixels start the
// state of a network that has learned to spell.
//
//	go run ./docs/examples/spelled
//
// What it reached is in docs/examples/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

var words = strings.Fields("zero one two three four five six seven eight nine")

var seed = flag.Uint64("seed", 1, "of the split and the weights")

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "spelled:", err)
		os.Exit(1)
	}
}

func run() error {
	parts, err := catalog.Digits.Load(context.Background(), catalog.Options{Test: 0.2, Seed: *seed})
	if err != nil {
		return err
	}
	fmt.Printf("%d pictures of 8x8 pixels to train on, %d to stop by, %d to test\n",
		parts.Train.Len(), parts.Validation.Len(), parts.Test.Len())
	s, err := newSpeller()
	if err != nil {
		return err
	}
	if err := s.fit(parts.Train, parts.Validation); err != nil {
		return err
	}
	var m metric.ErrorRate
	mistakes := []string{}
	for i := range parts.Test.Len() {
		got, err := s.spell(parts.Test, i)
		if err != nil {
			return err
		}
		want := words[parts.Test.Labels[i]]
		m.AddCharacters(got, want)
		if got != want {
			mistakes = append(mistakes, got+" for "+want)
		}
	}
	baseline, err := nearest(parts.Train, parts.Test)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-34s %8s %8s\n", "right on the test pictures", "words", "letters")
	fmt.Printf("%-34s %7.1f%% %7.1f%%\n", "pixels to letters, LSTM 64", 100-100*m.SentenceRate(), 100-100*m.Rate())
	fmt.Printf("%-34s %7.1f%%\n", "name of the nearest mean picture", 100*baseline)
	fmt.Printf("\nMistakes: %s\n\n", strings.Join(mistakes, ", "))
	for i := range 3 {
		got, err := s.spell(parts.Test, i)
		if err != nil {
			return err
		}
		fmt.Printf("%s  %s\n\n", picture(parts.Test, i), got)
	}
	return nil
}

// speller is the network with its letters.
type speller struct {
	letters    *datasets.Vocabulary
	start, end int
	params     *graph.Params
	model      recurrent.OneToMany
}

func newSpeller() (*speller, error) {
	letters, err := datasets.Characters(strings.Join(words, ""))
	if err != nil {
		return nil, err
	}
	if letters, err = letters.WithSpecials(); err != nil {
		return nil, err
	}
	s := &speller{letters: letters, params: graph.NewParams(*seed)}
	s.start, _ = letters.ID(datasets.Start)
	s.end, _ = letters.ID(datasets.End)
	s.model = recurrent.OneToMany{Embedding: nn.Embedding{Tokens: letters.Len(), Size: 16}, Cell: recurrent.LSTM{Hidden: 64}, Dropout: 0.2}
	return s, nil
}

// pictures are batches of pixels [B, 64], letters before [U, B] and letters to come [U, B].
type pictures struct {
	of     catalog.Images
	s      *speller
	order  []int
	at     int
	tokens int
}

const batch = 32

func (p *pictures) Len() int           { return len(p.order) / batch }
func (p *pictures) Seek(n int) error   { p.at = n; return nil }
func (p *pictures) Tokens() int        { return p.tokens }
func (p *pictures) SetEpoch(epoch int) { p.order = study.Shuffled(p.of.Len(), *seed, epoch) }
func (p *pictures) Next() ([]*tensor.Dense, bool) {
	if p.at >= p.Len() {
		return nil, false
	}
	chosen := p.order[p.at*batch : (p.at+1)*batch]
	p.at++
	p.tokens = 0
	steps := 6 // "three" and the end
	pixels := make([]float32, 0, batch*64)
	before, after := make([]int, steps*batch), make([]int, steps*batch)
	for b, i := range chosen {
		pixels = append(pixels, p.of.Pixels[i*64:(i+1)*64]...)
		ids, err := p.s.letters.Encode(words[p.of.Labels[i]])
		if err != nil {
			panic(err) // the vocabulary was made of these words
		}
		p.tokens += len(ids) + 1
		for t := range steps {
			before[t*batch+b], after[t*batch+b] = p.s.end, -1
			if t <= len(ids) {
				before[t*batch+b] = append([]int{p.s.start}, ids...)[t]
				after[t*batch+b] = append(slices.Clip(ids), p.s.end)[t]
			}
		}
	}
	return []*tensor.Dense{graph.Floats(pixels, batch, 64), graph.Ints(before, steps, batch), graph.Ints(after, steps, batch)}, true
}

func (s *speller) fit(fit, check catalog.Images) error {
	ignore := -1
	data, validation := &pictures{of: fit, s: s}, &pictures{of: check, s: s}
	data.SetEpoch(0)
	validation.SetEpoch(0)
	const epochs = 40
	_, err := study.Fit(&train.Loop{Data: data, Seed: *seed, Optimizer: &optim.Adam{}, Clip: train.Clip{Norm: 1},
		Schedule: optim.Cosine{Start: 0.005, End: 0.0001, Steps: epochs * data.Len()}, Epochs: epochs,
		Validation: train.Validation{Data: validation, KeepBest: true},
		Loss: graph.NewFunc(s.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			pixels, before, after := in[0], in[1], in[2] // what Next gives
			y, _ := s.model.Apply(g, s.seen(g, pixels), before, recurrent.Options{})
			return []graph.Node{losses.CrossEntropy{Ignore: &ignore}.Apply(g, y, after)}
		})})
	return err
}

// seen is what the network makes of a picture's pixels [B, 64] before it spells.
func (s *speller) seen(g *graph.Graph, pixels graph.Node) graph.Node {
	h := g.ReLU(nn.Dense{Units: 64}.Apply(g.Scope("see"), pixels))
	return nn.Dropout{Rate: 0.2}.Apply(g, h)
}

func (s *speller) spell(of catalog.Images, i int) (string, error) {
	state, err := graph.NewFunc(s.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return s.model.Begin(g, s.seen(g, in[0]))
	}).Run(graph.Floats(of.Pixels[i*64:(i+1)*64], 1, 64))
	if err != nil {
		return "", err
	}
	m, err := decode.NewStepper(graph.NewFunc(s.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, next := s.model.Step(g, in[0], in[1:])
		return append([]graph.Node{y}, next...)
	}), state, nil, nil, 1)
	if err != nil {
		return "", err
	}
	found, err := decode.Search{Start: s.start, End: s.end, Max: 10}.Run(m)
	if err != nil {
		return "", err
	}
	return s.letters.Decode(found[0][0].Tokens)
}
