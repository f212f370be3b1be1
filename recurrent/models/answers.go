package models

import (
	"context"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
)

// Names that the fields of prompts and of answers have in the files that are shared.
var (
	promptFields = []string{"prompt", "instruction", "question", "input"}
	answerFields = []string{"answer", "completion", "response", "output"}
)

// ReadAnswers reads prompts with their answers: a JSON object a line, with the fields prompt and answer. A field of a prompt may
// be called instruction, question or input, too, and that of an answer completion, response or output.
func ReadAnswers(path string) (Pairs, error) {
	objects, err := datasets.JSONL{}.Open(path)
	if err != nil {
		return Pairs{}, err
	}
	defer func() { _ = objects.Close() }()
	p := Pairs{Name: path}
	for objects.Next() {
		fields := objects.Fields()
		prompt, answer := firstOf(promptFields, fields), firstOf(answerFields, fields)
		if prompt == "" || answer == "" {
			return Pairs{}, errors.Errorf("%s, line %d has the fields %s; want %s, and %s",
				path, objects.Line(), listed(fields), oneOf(promptFields), oneOf(answerFields))
		}
		a, b := objects.Text(prompt), objects.Text(answer)
		if objects.Err() != nil {
			break
		}
		if err := p.Add(a, b, objects.Line()); err != nil {
			return Pairs{}, err
		}
	}
	return p, objects.Err()
}

// firstOf is the first of some names that is in a list.
func firstOf(names, list []string) string {
	for _, name := range names {
		if slices.Contains(list, name) {
			return name
		}
	}
	return ""
}

// noTarget is the target of a step that counts for nothing: no token has it.
const noTarget = -1

// FitAnswers trains the model to give answers, the targets of pairs, to prompts, their sources. The loss is that of the answers
// alone, each with the end of a line after it if the model knows one. A tenth of the pairs validates, and the model ends with
// the weights that were best there. If ctx is cancelled it saves to Run.Checkpoint.
func (m *LanguageModel) FitAnswers(ctx context.Context, p Pairs, r Run) (train.Result, error) {
	l, err := m.AnswersLoop(p, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// AnswersLoop is what FitAnswers runs: model, data and settings.
func (m *LanguageModel) AnswersLoop(p Pairs, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	if len(m.config.Adaptive) > 0 {
		return nil, wrong("Adaptive", "%v; want none: an adaptive softmax counts all targets, and prompts are none", m.config.Adaptive)
	}
	fit, check, _, err := p.Split(0.1, 0, m.config.Seed)
	if err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Validation.KeepBest = m.answersLoss(), true
	if l.Data, err = m.answers(fit, datasets.Batching{Shuffle: true}); err != nil {
		return nil, err
	}
	if l.Validation.Data, err = m.answers(check, datasets.Batching{}); err != nil {
		return nil, err
	}
	l.Schedule = m.config.falling(l.Total())
	return l, nil
}

// answersLoss maps ids [T, B], lengths [B] and the ids that follow [T, B], -1 where they do not count, to the mean loss in nats
// a token. Each sequence begins with the first state.
func (m *LanguageModel) answersLoss() *graph.Func {
	none := noTarget
	return m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		if g.Err() != nil {
			return []graph.Node{{}}
		}
		state := m.layer.Begin(g, b.Inputs.Dim(1))
		return []graph.Node{m.net.build(g, flow{x: b.Inputs, state: state, targets: b.Targets, ignore: &none}).loss}
	})
}

// answers makes batches of prompts with their answers.
func (m *LanguageModel) answers(p Pairs, o datasets.Batching) (train.Source, error) {
	if p.Len() == 0 {
		return nil, errors.Errorf("models: %s has too few prompts with answers to train on some and to validate with others", p.Name)
	}
	end, err := m.vocab.Encode("\n")
	if err != nil {
		end = nil
	}
	ids, targets := make([][]int, p.Len()), make([][]int, p.Len())
	for i := range ids {
		prompt, err := m.vocab.Encode(p.Sources[i])
		if err != nil {
			return nil, errors.Wrapf(err, "%s: in its prompt", p.Place(i))
		}
		answer, err := m.vocab.Encode(strings.TrimRight(p.Targets[i], "\n"))
		if err != nil {
			return nil, errors.Wrapf(err, "%s: in its answer", p.Place(i))
		}
		if len(prompt) == 0 || len(answer) == 0 {
			return nil, errors.Errorf("%s: the prompt and its answer are %d and %d tokens; want one at least of each",
				p.Place(i), len(prompt), len(answer))
		}
		whole := slices.Concat(prompt, answer, end)
		ids[i], targets[i] = whole[:len(whole)-1], slices.Clone(whole[1:])
		for t := range len(prompt) - 1 {
			targets[i][t] = noTarget
		}
	}
	o.Size, o.Pool, o.RoundTo, o.Seed, o.TargetPadding = min(m.config.Batch, len(ids)), 20, 16, m.config.Seed, noTarget
	b, err := datasets.TaggedBatches(ids, targets, o)
	return train.FromBatches(b), err
}
