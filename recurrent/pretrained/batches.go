package pretrained

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// What whoever generates for many at once needs beside Next and State.

// Last is Next for the last step alone: ids [T, B] and a state map to logits [B, V] and the state after the last step.
func (m *Model) Last() *graph.Func { return m.last() }

// Prompt is what a text is as ids where it begins one, with what the model was trained to see before a text.
func (m *Model) Prompt(text string) ([]int, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	return m.prompt(text)
}

// Ends are the tokens that end a text.
func (m *Model) Ends() []int { return slices.Clone(m.ends) }
