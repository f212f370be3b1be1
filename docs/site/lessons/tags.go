package lessons

import (
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// A small grammar in which some words are nouns or verbs by their neighbours: they watch the play, the watch is old.
var (
	both     = []string{"watch", "play", "light", "book", "drink", "paint"} // noun or verb
	pronouns = []string{"they", "we", "you"}
	nouns    = []string{"dog", "river", "house", "child"}
	adverbs  = []string{"slowly", "often", "gladly"}
	adjects  = []string{"old", "small", "good"}
	tagNames = []string{"PRON", "VERB", "DET", "NOUN", "ADJ", "ADV"}
)

// tagged draws a sentence of six words at most, with the tag of each.
func tagged(rng *rand.Rand) (words, tags []string) {
	pick := func(tag string, list ...[]string) {
		all := list[rng.IntN(len(list))]
		words, tags = append(words, all[rng.IntN(len(all))]), append(tags, tag)
	}
	thing := func() {
		pick("DET", []string{"the", "a", "this"})
		if rng.IntN(2) == 0 {
			pick("ADJ", adjects)
		}
		pick("NOUN", both, nouns)
	}
	switch rng.IntN(3) {
	case 0:
		pick("PRON", pronouns)
		pick("VERB", both)
		thing()
	case 1:
		thing()
		pick("VERB", []string{"is"})
		pick("ADJ", adjects)
	default:
		pick("PRON", pronouns)
		pick("ADV", adverbs)
		pick("VERB", both)
		pick("NOUN", []string{"water", "music"})
	}
	return words, tags
}

// manyToMany gives each word of a sentence its tag.
func (l *lesson) manyToMany() error {
	rng := rand.New(rand.NewPCG(1, 1))
	lex := cloze.NewLexicon()
	lex.Add("")
	for _, list := range [][]string{both, pronouns, nouns, adverbs, adjects, {"the", "a", "this", "is", "water", "music"}} {
		for _, w := range list {
			lex.Add(w)
		}
	}
	tagIDs := map[string]int{}
	for i, t := range tagNames {
		tagIDs[t] = i
	}
	const T, batch, steps = 6, 32, 120
	m := recurrent.ManyToMany{Embedding: nn.Embedding{Tokens: len(lex.Words), Size: embedded},
		Layer: recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 16}}, Classes: len(tagNames)}
	loss := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], recurrent.Options{Lengths: in[2]})
		return []graph.Node{losses.CrossEntropy{Lengths: in[2]}.Apply(g, logits, in[1]), logits}
	})
	adam := &optim.Adam{}
	draw := func(n int) (ids, tags, lengths []int) {
		ids, tags, lengths = make([]int, T*n), make([]int, T*n), make([]int, n)
		for b := range n {
			w, t := tagged(rng)
			for i := range w {
				ids[i*n+b], tags[i*n+b] = lex.IDs[w[i]], tagIDs[t[i]]
			}
			lengths[b] = len(w)
		}
		return ids, tags, lengths
	}
	accuracy := 0.0
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		ids, tags, lengths := draw(batch)
		now, err := step(loss, adam, 0.01, 1, graph.Ints(ids, T, batch), graph.Ints(tags, T, batch), graph.Ints(lengths, batch))
		if err != nil {
			return err
		}
		if i%20 != 0 {
			continue
		}
		ids, tags, lengths = draw(100)
		out, err := loss.Run(graph.Ints(ids, T, 100), graph.Ints(tags, T, 100), graph.Ints(lengths, 100))
		if err != nil {
			return err
		}
		right, all, logits := 0, 0, out[1].Float32s()
		for b, n := range lengths {
			for t := range n {
				at := t*100 + b
				all++
				if cloze.Likeliest(logits[at*len(tagNames):(at+1)*len(tagNames)]) == tags[at] {
					right++
				}
			}
		}
		accuracy = float64(right) / float64(all)
		if err := l.emit(Progress{"lstm", i, steps, now, accuracy}); err != nil {
			return err
		}
	}
	words, err := sentence(lex, or(l.Sentence, "they watch the play"))
	if err != nil {
		return err
	}
	ids := make([]int, len(words))
	for i, w := range words {
		ids[i] = lex.IDs[w]
	}
	out, err := loss.Run(graph.Ints(ids, len(ids), 1), graph.Ints(make([]int, len(ids)), len(ids), 1), graph.Ints([]int{len(ids)}, 1))
	if err != nil {
		return err
	}
	r := Result{Done: true, Accuracy: accuracy, Words: words}
	for t := range words {
		r.Next = append(r.Next, candidates(out[1].Float32s()[t*len(tagNames):(t+1)*len(tagNames)], tagNames, 2))
	}
	return l.emit(r)
}

var (
	ones = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen " +
		"fourteen fifteen sixteen seventeen eighteen nineteen")
	tens = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
)

// spelled is a number below 1,000 in words.
func spelled(n int) []string {
	var words []string
	if n >= 100 {
		words = append(words, ones[n/100], "hundred")
		if n %= 100; n == 0 {
			return words
		}
	}
	if n >= 20 {
		words = append(words, tens[n/10])
		if n %= 10; n == 0 {
			return words
		}
	}
	return append(words, ones[n])
}

// translate maps numbers in words to their figures: an encoder, a decoder, and attention between them.
func (l *lesson) translate() error {
	lex := cloze.NewLexicon()
	for n := range 1000 {
		for _, w := range spelled(n) {
			lex.Add(w)
		}
	}
	const start, end, S, T, batch, steps = 10, 11, 4, 4, 32, 500
	m := recurrent.Seq2Seq{Source: nn.Embedding{Tokens: len(lex.Words), Size: 16},
		Encoder: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 16}},
		Target:  nn.Embedding{Tokens: 12, Size: 16}, Decoder: recurrent.GRU{Hidden: 32}, Attention: recurrent.LuongGeneral}
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{Lengths: in[4]}.Apply(g, logits, in[3])}
	})
	rng, adam := rand.New(rand.NewPCG(1, 1)), &optim.Adam{}
	order := rng.Perm(1000)
	test, train := order[:100], order[100:]
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		source, lengths := make([]int, S*batch), make([]int, batch)
		before, target, ends := make([]int, T*batch), make([]int, T*batch), make([]int, batch)
		for b := range batch {
			n := train[rng.IntN(len(train))]
			for t, w := range spelled(n) {
				source[t*batch+b] = lex.IDs[w]
				lengths[b]++
			}
			before[b] = start
			digits := strconv.Itoa(n)
			for t := range T {
				target[t*batch+b] = end
				if t < len(digits) {
					target[t*batch+b] = int(digits[t] - '0')
				}
				if t+1 < T {
					before[(t+1)*batch+b] = target[t*batch+b]
				}
			}
			ends[b] = len(digits) + 1
		}
		now, err := step(loss, adam, 0.01, 1, graph.Ints(source, S, batch), graph.Ints(lengths, batch),
			graph.Ints(before, T, batch), graph.Ints(target, T, batch), graph.Ints(ends, batch))
		if err != nil {
			return err
		}
		if i%20 == 0 {
			if err := l.emit(Progress{"gru", i, steps, now, -1}); err != nil {
				return err
			}
		}
	}
	search, how := decode.NewSeq2Seq(m, params, 0), decode.Search{Start: start, End: end, Max: T}
	answer := func(words []string) (decode.Hypothesis, error) {
		ids := make([]int, len(words))
		for i, w := range words {
			ids[i] = lex.IDs[w]
		}
		found, err := search.Run(how, [][]int{ids})
		if err != nil {
			return decode.Hypothesis{}, err
		}
		return found[0][0], nil
	}
	text := func(h decode.Hypothesis) (s string) {
		for _, t := range h.Tokens {
			if t < 10 {
				s += strconv.Itoa(t)
			}
		}
		return s
	}
	right := 0.0
	for _, n := range test {
		h, err := answer(spelled(n))
		if err != nil {
			return err
		}
		if text(h) == strconv.Itoa(n) {
			right += 1 / float64(len(test))
		}
	}
	words, err := sentence(lex, or(l.Sentence, "four hundred two"))
	if err != nil {
		return err
	}
	h, err := answer(words)
	if err != nil {
		return err
	}
	r := Result{Done: true, Accuracy: right, Answer: text(h), Words: words, Weights: h.Attention}
	for _, t := range h.Tokens {
		r.Targets = append(r.Targets, strconv.Itoa(t))
	}
	return l.emit(r)
}
