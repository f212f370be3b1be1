package lessons

import (
	"context"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// oneToOne is a network without time: a picture of a digit in, the digit out.
func (l *lesson) oneToOne() error {
	parts, err := catalog.Digits.Load(l.ctx, catalog.Options{})
	if err != nil {
		return err
	}
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		h := g.ReLU(nn.Dense{Units: 32}.Apply(g.Scope("hidden"), in[0]))
		logits := nn.Dense{Units: 10}.Apply(g.Scope("head"), h)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	})
	rng := rand.New(rand.NewPCG(1, 1))
	test, n := parts.Test.Pixels, parts.Test.Len()
	right := func() (accuracy float64, predicted []int, err error) {
		out, err := loss.Run(graph.Floats(test, n, 64), graph.Ints(parts.Test.Labels, n))
		if err != nil {
			return 0, nil, err
		}
		logits := out[1].Float32s()
		for i := range n {
			predicted = append(predicted, cloze.Likeliest(logits[i*10:(i+1)*10]))
			if predicted[i] == parts.Test.Labels[i] {
				accuracy += 1 / float64(n)
			}
		}
		return accuracy, predicted, nil
	}
	adam := &optim.Adam{}
	const steps, batch = 200, 32
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		var x []float32
		var y []int
		for range batch {
			at := rng.IntN(parts.Train.Len())
			x, y = append(x, parts.Train.Pixels[at*64:(at+1)*64]...), append(y, parts.Train.Labels[at])
		}
		now, err := step(loss, adam, 0.01, 1, graph.Floats(x, batch, 64), graph.Ints(y, batch))
		if err != nil {
			return err
		}
		if i%20 == 0 {
			accuracy, _, err := right()
			if err != nil {
				return err
			}
			if err := l.emit(Progress{"pictures", i, steps, now, accuracy}); err != nil {
				return err
			}
		}
	}
	accuracy, predicted, err := right()
	if err != nil {
		return err
	}
	r := Result{Done: true, Accuracy: accuracy}
	for i := range 10 {
		truth, said := parts.Test.Classes[parts.Test.Labels[i]], parts.Test.Classes[predicted[i]]
		r.Pictures = append(r.Pictures, Picture{test[i*64 : (i+1)*64], truth, said})
	}
	return l.emit(r)
}

// languages of the names.
var languages = []string{"English", "Italian", "Polish", "Turkish", "Vietnamese"}

const longest = 14 // letters of a name

// names are short names of the languages above with the numbers of those.
func names(ctx context.Context, each int) (texts []string, labels []int, err error) {
	parts, err := catalog.Names.Load(ctx, catalog.Options{})
	if err != nil {
		return nil, nil, err
	}
	number := map[string]int{}
	for i, n := range languages {
		number[n] = i
	}
	count := make([]int, len(languages))
	for i, text := range parts.Train.Texts {
		n, ok := number[parts.Train.Classes[parts.Train.Labels[i]]]
		if !ok || count[n] >= each || len([]rune(text)) > longest {
			continue
		}
		count[n]++
		texts, labels = append(texts, strings.ToLower(text)), append(labels, n)
	}
	for i, n := range count {
		if n == 0 {
			return nil, nil, errors.Errorf("lessons: no names of the language %s in the catalogue", languages[i])
		}
	}
	return texts, labels, nil
}

// letters numbers the letters of names; 0 ends a name, and pads.
func letters(texts []string) *cloze.Lexicon {
	l := cloze.NewLexicon()
	l.Add("")
	for _, t := range texts {
		for _, r := range t {
			l.Add(string(r))
		}
	}
	return l
}

// rows puts texts side by side, [T, B], with ends behind each, and their lengths.
func rows(l *cloze.Lexicon, texts []string, steps int) (ids, lengths []int) {
	ids, lengths = make([]int, steps*len(texts)), make([]int, len(texts))
	for b, t := range texts {
		for i, r := range []rune(t) {
			ids[i*len(texts)+b] = l.IDs[string(r)]
		}
		lengths[b] = len([]rune(t))
	}
	return ids, lengths
}

// oneToMany writes a name in a language: the language starts the state, and every letter is the input of the next step.
func (l *lesson) oneToMany() error {
	texts, labels, err := names(l.ctx, 400)
	if err != nil {
		return err
	}
	lex := letters(texts)
	v := len(lex.Words)
	m := recurrent.OneToMany{Condition: nn.Embedding{Tokens: len(languages), Size: 16}, Conditioning: recurrent.ConditionInput,
		Embedding: nn.Embedding{Tokens: v, Size: 16}, Cell: recurrent.GRU{Hidden: 48}}
	params := graph.NewParams(1)
	predict := func(g *graph.Graph, language, before graph.Node) graph.Node {
		logits, _ := m.Apply(g, language, before, recurrent.Options{})
		return logits
	}
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CrossEntropy{Lengths: in[3]}.Apply(g, predict(g, in[0], in[1]), in[2])}
	})
	next := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{predict(g, in[0], in[1])}
	})
	rng, adam := rand.New(rand.NewPCG(1, 1)), &optim.Adam{}
	const steps, batch, T = 300, 32, longest + 1
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		var some []string
		var which []int
		for range batch {
			at := rng.IntN(len(texts))
			some, which = append(some, texts[at]), append(which, labels[at])
		}
		target, lengths := rows(lex, some, T)
		before := append(make([]int, batch), target[:len(target)-batch]...) // shifted by a step
		for b := range lengths {
			lengths[b]++ // the end counts
		}
		now, err := step(loss, adam, 0.005, 1, graph.Ints(which, batch), graph.Ints(before, T, batch),
			graph.Ints(target, T, batch), graph.Ints(lengths, batch))
		if err != nil {
			return err
		}
		if i%20 == 0 {
			if err := l.emit(Progress{"gru", i, steps, now, -1}); err != nil {
				return err
			}
		}
	}
	sampler := decode.Sampler{Temperature: 0.7}
	r := Result{Done: true, Rows: [][]string{{"language", "names"}}}
	for n, language := range languages {
		written := make([]string, 4)
		for k := range written {
			ids := []int{0}
			for len(ids) <= longest {
				out, err := next.Run(graph.Ints([]int{n}, 1), graph.Ints(ids, len(ids), 1))
				if err != nil {
					return err
				}
				c, err := sampler.Sample(out[0].Float32s()[(len(ids)-1)*v:], rng)
				if err != nil {
					return err
				}
				if c == 0 {
					break
				}
				ids = append(ids, c)
				written[k] += lex.Words[c]
			}
		}
		r.Rows = append(r.Rows, []string{language, strings.Join(written, ", ")})
	}
	return l.emit(r)
}

// manyToOne tells the language of a name, one of the reader's last.
func (l *lesson) manyToOne() error {
	texts, labels, err := names(l.ctx, 300)
	if err != nil {
		return err
	}
	lex := letters(texts)
	m := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: len(lex.Words), Size: 16},
		Layer: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 24}}, Pool: recurrent.PoolLast, Classes: len(languages)}
	loss := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[2]), logits}
	})
	rng, adam := rand.New(rand.NewPCG(1, 1)), &optim.Adam{}
	order := rng.Perm(len(texts))
	test, train := order[:200], order[200:]
	logits := func(some []string, which []int) ([]float32, error) {
		ids, lengths := rows(lex, some, longest)
		out, err := loss.Run(graph.Ints(ids, longest, len(some)), graph.Ints(lengths, len(some)), graph.Ints(which, len(some)))
		if err != nil {
			return nil, err
		}
		return out[1].Float32s(), nil
	}
	accuracy := 0.0
	const steps, batch = 240, 32
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		some, which := make([]string, batch), make([]int, batch)
		for b := range some {
			at := train[rng.IntN(len(train))]
			some[b], which[b] = texts[at], labels[at]
		}
		ids, lengths := rows(lex, some, longest)
		now, err := step(loss, adam, 0.005, 1, graph.Ints(ids, longest, batch), graph.Ints(lengths, batch), graph.Ints(which, batch))
		if err != nil {
			return err
		}
		if i%20 == 0 {
			accuracy = 0
			some, which := make([]string, len(test)), make([]int, len(test))
			for k, at := range test {
				some[k], which[k] = texts[at], labels[at]
			}
			values, err := logits(some, which)
			if err != nil {
				return err
			}
			for k := range test {
				if cloze.Likeliest(values[k*len(languages):(k+1)*len(languages)]) == which[k] {
					accuracy += 1 / float64(len(test))
				}
			}
			if err := l.emit(Progress{"gru", i, steps, now, accuracy}); err != nil {
				return err
			}
		}
	}
	name := strings.ToLower(or(l.Sentence, "Nguyễn Minh"))
	var known []rune // letters that were never seen are left out
	for _, r := range name {
		if _, ok := lex.IDs[string(r)]; ok && len(known) < longest {
			known = append(known, r)
		}
	}
	values, err := logits([]string{string(known)}, []int{0})
	if err != nil {
		return err
	}
	found := candidates(values, languages, 3)
	return l.emit(Result{Done: true, Accuracy: accuracy, Answer: found[0].Word, Next: [][]Candidate{found}, Words: []string{string(known)}})
}
