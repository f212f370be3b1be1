package command

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

func generateCommand() *cobra.Command {
	var model modelFlags
	var prompt string
	var length int
	var seed uint64
	var s decode.Sampler
	var state stateFlags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate text from a trained model",
		Long: `Continue a prompt by a language model of this command, or by a foundation model:
a folder as Hugging Face has it, with config.json, weights as safetensors and
tokenizer.json, a GGUF file of llama.cpp, or a .pth file of RWKV with its
vocabulary beside it. What such a model remembers of a text is a state of a
fixed size, which --save-state keeps and --state goes on from, as often as you
like.`,
		Example: `  unroll generate --prompt "In the beginning" --length 500
  unroll generate --temperature 0.7 --top-k 20 --seed 3
  unroll generate --weights int8
  unroll generate --model mamba-130m --prompt "Once upon a time"
  unroll generate --model mamba-130m --prompt "$(cat book.txt)" --length 0 \
    --save-state book.state
  unroll generate --model mamba-130m --state book.state --prompt "Who did it?"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.Check(); err != nil {
				return usage("--%s", strings.TrimPrefix(err.Error(), "decode: "))
			}
			if length < 1 && (length < 0 || state.to == "") {
				return usage("--length %d; want at least 1, or 0 with --save-state", length)
			}
			s.Greedy = s.Temperature == 0
			if model.isFoundation() {
				return generateFoundation(cmd, model, state, prompt, pretrained.Generation{Length: length, Sampler: s, Seed: seed})
			}
			if flag := state.given(); flag != "" {
				return usage("%s is for foundation models; %s is none", flag, model.path)
			}
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
	state.add(cmd)
	f := cmd.Flags()
	f.StringVar(&prompt, "prompt", "", "text to continue")
	f.IntVar(&length, "length", 500, "tokens to generate")
	f.Float64Var(&s.Temperature, "temperature", 0.8, "below 1 for likelier text, above for wilder; 0 always takes the likeliest token")
	f.IntVar(&s.TopK, "top-k", 0, "draw from the k likeliest tokens only; 0 for all")
	f.Float64Var(&s.TopP, "top-p", 0, "draw from the likeliest tokens that make up this share; 0 for all")
	f.Uint64Var(&seed, "seed", 1, "seed of the draws")
	return cmd
}
