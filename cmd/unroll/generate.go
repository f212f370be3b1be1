package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
)

func generateCommand() *cobra.Command {
	var model modelFlags
	var prompt string
	var length int
	var seed uint64
	var s decode.Sampler
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate text from a trained model",
		Example: `  unroll generate --prompt "In the beginning" --length 500
  unroll generate --temperature 0.7 --top-k 20 --seed 3
  unroll generate --weights int8`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.Check(); err != nil {
				return usage("--%s", strings.TrimPrefix(err.Error(), "decode: "))
			}
			if length < 1 {
				return usage("--length %d; want at least 1", length)
			}
			s.Greedy = s.Temperature == 0
			m, err := model.load()
			if err != nil {
				return err
			}
			language, ok := m.(*models.LanguageModel)
			if !ok {
				return wrongKind(model.path, m, models.KindLanguage)
			}
			out := cmd.OutOrStdout()
			if err := generate(cmd.Context(), out, language, prompt, models.Generation{Length: length, Sampler: s, Seed: seed}); err != nil {
				return err
			}
			_, err = io.WriteString(out, "\n")
			return err
		},
	}
	model.add(cmd)
	f := cmd.Flags()
	f.StringVar(&prompt, "prompt", "", "text to continue")
	f.IntVar(&length, "length", 500, "tokens to generate")
	f.Float64Var(&s.Temperature, "temperature", 0.8, "below 1 for likelier text, above for wilder; 0 always takes the likeliest token")
	f.IntVar(&s.TopK, "top-k", 0, "draw from the k likeliest tokens only; 0 for all")
	f.Float64Var(&s.TopP, "top-p", 0, "draw from the likeliest tokens that make up this share; 0 for all")
	f.Uint64Var(&seed, "seed", 1, "seed of the draws")
	return cmd
}
