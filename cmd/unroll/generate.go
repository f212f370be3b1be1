package main

import (
	"context"
	"io"
	"math/rand/v2"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

func generateCommand() *cobra.Command {
	var path, prompt string
	var length int
	var seed uint64
	var s decode.Sampler
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate text from a trained model",
		Example: `  unroll generate --prompt "In the beginning" --length 500
  unroll generate --temperature 0.7 --top-k 20 --seed 3`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.Check(); err != nil {
				return usageError{err}
			}
			if length < 1 {
				return usage("--length %d; want at least 1", length)
			}
			s.Greedy = s.Temperature == 0
			m, err := loadModel(path)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if err := m.generate(cmd.Context(), out, prompt, length, s, seed); err != nil {
				return err
			}
			_, err = io.WriteString(out, "\n")
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", "model.safetensors", "checkpoint of the model")
	f.StringVar(&prompt, "prompt", "", "text to continue")
	f.IntVar(&length, "length", 500, "tokens to generate")
	f.Float64Var(&s.Temperature, "temperature", 0.8, "below 1 for likelier text, above for wilder; 0 always takes the likeliest token")
	f.IntVar(&s.TopK, "top-k", 0, "draw from the k likeliest tokens only; 0 for all")
	f.Float64Var(&s.TopP, "top-p", 0, "draw from the likeliest tokens that make up this share; 0 for all")
	f.Uint64Var(&seed, "seed", 1, "seed of the draws")
	return cmd
}

// generate writes the prompt and its continuation, token by token. Without a prompt, the model first reads a piece of
// its training text, unseen: a network that always carried a state does not know how to begin from nothing.
func (m *model) generate(ctx context.Context, w io.Writer, prompt string, length int, s decode.Sampler, seed uint64) error {
	read := prompt
	if prompt == "" {
		read = m.primer
	}
	ids, err := m.vocab.Encode(read)
	if err != nil {
		return errors.Wrap(err, "prompt")
	}
	if len(ids) == 0 {
		ids = []int{0}
	}
	if _, err := io.WriteString(w, prompt); err != nil {
		return err
	}
	token := []int{0}
	in := graph.Ints(token, 1, 1)
	stream, err := m.next.Stream(m.state(1), in)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	prefix := len(ids) - 1 // tokens of the prompt whose prediction is not needed
	for i := 0; i < prefix+length; i++ {
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted")
		}
		token[0] = ids[i]
		result, err := stream.Step(in)
		if err != nil {
			return err
		}
		if i < prefix {
			continue
		}
		id, err := s.Sample(result[0].Float32s(), rng)
		if err != nil {
			return err
		}
		ids = append(ids, id)
		text, err := m.vocab.Decode(ids[len(ids)-1:])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
