package command

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/recurrent/models"
	"gorgonia.org/tensor"
)

// benchFlags are the command line of bench.
type benchFlags struct {
	config  models.Config
	tokens  int
	seconds float64
	weights string
}

func benchCommand() *cobra.Command {
	fl := benchFlags{config: models.Defaults(models.KindLanguage)}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast a network trains and generates here",
		Long: `Train a language model of the given sizes on tokens that mean nothing for some
seconds, then generate with it for some more, and print tokens a second and how
much of the processor's limit that is, the best of 5 short runs each. GOMAXPROCS
sets the number of threads.`,
		Example: `  unroll bench
  unroll bench --cell gru --hidden 512 --batch 64 --vocabulary 10000 --json
  unroll bench --hidden 1024 --weights int8`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asked, err := listCells(cmd); asked {
				return err
			}
			m, err := fl.model(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			r, err := measure(m, time.Duration(fl.seconds*float64(time.Second)))
			if err != nil {
				return err
			}
			return show(cmd, r)
		},
	}
	f := cmd.Flags()
	networkFlags(f, &fl.config)
	f.IntVar(&fl.tokens, "vocabulary", 65, "size of the vocabulary")
	f.Float64Var(&fl.seconds, "seconds", 2, "how long to train, and to generate")
	weightsFlag(cmd, &fl.weights)
	jsonFlag(cmd)
	return cmd
}

// model is one as the flags describe it, of tokens that mean nothing.
func (fl benchFlags) model(log io.Writer) (*models.LanguageModel, error) {
	if err := fl.config.Check(models.KindLanguage); err != nil {
		return nil, err
	}
	if fl.tokens < 2 || !(fl.seconds > 0) {
		return nil, usage("--vocabulary %d and --seconds %g; want at least 2 and above 0", fl.tokens, fl.seconds)
	}
	format, err := weightFormat(fl.weights)
	if err != nil {
		return nil, err
	}
	m, err := nonsense(fl.config, fl.tokens)
	if err != nil {
		return nil, err
	}
	if err := enough(log, m, fl.tokens, machineMemory()); err != nil {
		return nil, err
	}
	return m, m.SetWeightFormat(format)
}

// speeds are what bench measures; rates are 10⁹ operations a second.
type speeds struct {
	Network   string `json:"network"`
	Weights   int    `json:"weights"`
	Threads   int    `json:"threads"`
	Training  number `json:"training_tokens_per_s"`
	Rate      number `json:"training_gflops"`
	Limit     number `json:"limit_gflops"` // of all threads; 0 if unknown
	StepMs    number `json:"training_step_ms"`
	Generated number `json:"generating_tokens_per_s"`
}

// nonsense is a language model of tokens that mean nothing.
func nonsense(c models.Config, tokens int) (*models.LanguageModel, error) {
	words := make([]string, tokens)
	for i := range words {
		words[i] = fmt.Sprint("t", i)
	}
	vocab, err := datasets.Labels(words)
	if err != nil {
		return nil, err
	}
	return models.NewLanguageModelOf(c, vocab)
}

func measure(m *models.LanguageModel, each time.Duration) (*speeds, error) {
	c, tokens, params := m.Config(), m.Vocabulary().Len(), m.Params()
	state, err := m.State(c.Batch)
	if err != nil {
		return nil, err
	}
	ids := make([]int, c.Seq*c.Batch)
	for i := range ids {
		ids[i] = (i*i + i/7) % tokens
	}
	in := append([]*tensor.Dense{graph.Ints(ids, c.Seq, c.Batch), graph.Ints(ids, c.Seq, c.Batch)}, state...)
	adam, loss := &optim.Adam{}, m.Loss()
	step, err := repeat(each, func() error {
		if _, err := loss.Grad(in...); err != nil {
			return err
		}
		_, err := optim.Update(adam, params, 1e-4, 1)
		return err
	})
	if err != nil {
		return nil, err
	}
	network := fmt.Sprintf("%d x %s %d, embedding %d, vocabulary %d, batch %d x %d",
		c.Layers, c.Cell, c.Hidden, c.Embed, tokens, c.Seq, c.Batch)
	threads := runtime.GOMAXPROCS(0)
	r := &speeds{Network: network, Weights: params.Elements(), Threads: threads, Limit: number(kernel.PeakFMA(threads))}
	r.Training, r.StepMs = number(float64(len(ids))/step), number(1e3*step)
	multiplied := float64(params.Elements() - params.Get("embedding.weight").Len())
	r.Rate = number(6*multiplied/1e9) * r.Training // every weight: forward, and for both gradients, a multiplication and an addition

	one := graph.Ints([]int{0}, 1, 1)
	if state, err = m.State(1); err != nil {
		return nil, err
	}
	stream, err := m.Next().Stream(state, one)
	if err != nil {
		return nil, err
	}
	if step, err = repeat(each, func() error { _, err := stream.Step(one); return err }); err != nil {
		return nil, err
	}
	r.Generated = number(1 / step)
	return r, nil
}

// repeat calls f for so long, in several short rounds after one call that compiles, and returns the seconds that a call took
// in the best of them: other programs rarely take the processor in all.
func repeat(each time.Duration, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	least := math.Inf(1)
	for range rounds {
		n, start := 0, time.Now()
		for n == 0 || time.Since(start) < each/rounds {
			if err := f(); err != nil {
				return 0, err
			}
			n++
		}
		least = min(least, time.Since(start).Seconds()/float64(n))
	}
	return least, nil
}

func (s *speeds) print(w io.Writer) error {
	limit := ""
	if s.Limit > 0 {
		limit = fmt.Sprintf(", %.0f %% of the limit of %.0f", 100*s.Rate/s.Limit, s.Limit)
	}
	return table(w, []string{
		"network\t" + s.Network,
		fmt.Sprintf("weights\t%s", thousands(s.Weights)),
		fmt.Sprintf("threads\t%d", s.Threads),
		fmt.Sprintf("training\t%s tokens/s, %.2f ms a step, about %.0f GFLOP/s%s (best of %d runs)",
			thousands(int(s.Training)), s.StepMs, s.Rate, limit, rounds),
		fmt.Sprintf("generating\t%s tokens/s", thousands(int(s.Generated))),
	})
}
