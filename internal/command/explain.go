package command

import (
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent/models"
)

// explainFlags are the command line of explain.
type explainFlags struct {
	model     string
	file      string
	label     string
	method    string
	byToken   bool
	color     string
	html      string
	gradients bool
	units     bool
	length    int
	out       string
	force     bool
}

func explainCommand() *cobra.Command {
	var fl explainFlags
	cmd := &cobra.Command{
		Use:   "explain [TEXT]",
		Short: "Show which words an answer rests on, and what single units do",
		Long: `Explain what a model says of TEXT, or of each line of --file or of the standard
input. A classifier tells which words its label rests on, a language model which
characters or words made it expect the next one. Words are coloured, and listed
with a score in nats of the label's log-odds, log(p/(1-p)), and with the label's
probability for the text without them.

Scores are integrated gradients: they add up to what the log-odds are more than
those of a text that says nothing. Or, by --method: occlusion, the log-odds with
the word less those without it; gradient, a small change of the word times its
size.

With --gradients: how the gradient of the loss travels back through the text.

With --units: which units keep track of a property of a text, such as being
inside of quotes, or the position in the line, by correlation over the first
half of a long text (--file, or the end of the model's own), and what that
correlation is over the second half; --out draws what they do.`,
		Example: `  unroll explain --model reviews.safetensors "a dull start, a wonderful end"
  unroll explain --label negative --html page.html --file new.txt
  unroll explain --model book.safetensors "In the begin"
  unroll explain --gradients "a dull start" --out flow.svg
  unroll explain --units --file book.txt --out units.png`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("found %d texts; want one, between quotes", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := fl.check(cmd, args); err != nil {
				return err
			}
			m, err := load(fl.model)
			if err != nil {
				return err
			}
			switch {
			case fl.units:
				return fl.followUnits(cmd, m, args)
			case fl.gradients:
				return fl.flow(cmd, m, args)
			}
			return fl.explain(cmd, m, args)
		},
	}
	cmd.AddCommand(explainRNNCommand())
	f := cmd.Flags()
	f.StringVar(&fl.model, modelFlag, firstName, "checkpoint of the model")
	f.StringVar(&fl.file, "file", "", "file of texts, one a line; with --units, of one long text")
	f.StringVar(&fl.label, "label", "", "label, or next token, to explain; the likeliest unless given")
	f.StringVar(&fl.method, "method", models.ByIntegratedGradients, oneOf(models.ExplainMethods()))
	f.BoolVar(&fl.byToken, "by-token", false, "score each token; otherwise those of a word together (a language model's: always each)")
	f.StringVar(&fl.color, "color", "auto", "colour words: auto, always or never")
	f.StringVar(&fl.html, "html", "", "save the coloured texts as a page, too")
	f.BoolVar(&fl.gradients, "gradients", false, "show how the gradient travels back through the text")
	f.BoolVar(&fl.units, "units", false, "find units that keep track of a property of a text")
	f.IntVar(&fl.length, "length", 100000, "with --units: read so many tokens at most")
	f.StringVar(&fl.out, "out", "", "with --units or --gradients: picture to save, .svg or .png")
	f.BoolVar(&fl.force, "force", false, "overwrite existing files")
	jsonFlag(cmd)
	completions(cmd, map[string][]string{"method": models.ExplainMethods(), "color": {"auto", "always", "never"}})
	return cmd
}

// check refuses flags that do not go together, before the model is read.
func (fl explainFlags) check(cmd *cobra.Command, args []string) error {
	switch given := cmd.Flags().Changed; {
	case !slices.Contains(models.ExplainMethods(), fl.method):
		return usage("--method %q; want %s", fl.method, oneOf(models.ExplainMethods()))
	case !slices.Contains([]string{"auto", "always", "never"}, fl.color):
		return usage("--color %q; want auto, always or never", fl.color)
	case fl.units && fl.gradients:
		return usage("--units and --gradients; want one of them")
	case given("file") && len(args) > 0:
		return usage("a text and --file; want one of them")
	case fl.out != "" && !fl.units && !fl.gradients:
		return usage("--out goes with --units or --gradients; a page of explanations is saved with --html")
	case fl.html != "" && (fl.units || fl.gradients):
		return usage("--html goes without --units and --gradients; they draw a picture with --out")
	case fl.units && (given("label") || given("method")):
		return usage("--label and --method go without --units")
	case fl.length < 4:
		return usage("--length %d; want 4 or more", fl.length)
	}
	return nil
}

// eachText calls use with the text of the command line, or each line of a file or the standard input.
func (fl explainFlags) eachText(cmd *cobra.Command, args []string, use func(text string) error) error {
	if len(args) == 1 {
		return use(args[0])
	}
	in := cmd.InOrStdin()
	name := "standard input"
	if fl.file != "" {
		f, err := inputfile.Open(fl.file)
		if err != nil {
			return err
		}
		defer f.Close()
		in, name = f, fl.file
	}
	n := 0
	lines := datasets.PlainText{}.Read(in, name)
	for lines.Next() {
		n++
		if err := use(lines.Text()); err != nil {
			return errors.Wrapf(err, "%s, line %d", name, lines.Line())
		}
	}
	if lines.Err() == nil && n == 0 {
		return errors.Errorf("%s has no lines to explain", name)
	}
	return lines.Err()
}

// explain explains texts.
func (fl explainFlags) explain(cmd *cobra.Command, m models.Model, args []string) error {
	e, ok := m.(models.Explainable)
	if !ok {
		return errors.Errorf("%s is a %v, which cannot be explained yet", fl.model, m.Kind())
	}
	out := newExplainer(cmd, fl.color)
	o := models.Explaining{Label: fl.label, Method: fl.method, ByToken: fl.byToken || m.Kind() == models.KindLanguage}
	var all []explained
	err := fl.eachText(cmd, args, func(text string) error {
		found, err := e.Explain(cmd.Context(), text, o)
		if err != nil {
			return err
		}
		x := newExplained(text, m.Kind(), found)
		if fl.html != "" {
			all = append(all, x)
		}
		return out.write(x)
	})
	if err != nil || fl.html == "" {
		return err
	}
	return savePage(cmd, fl.html, fl.force, fl.model, all)
}

// flow shows how gradients travel back through a text.
func (fl explainFlags) flow(cmd *cobra.Command, m models.Model, args []string) error {
	return fl.eachText(cmd, args, func(text string) error {
		var r *flow.Report
		var err error
		switch m := m.(type) {
		case *models.Classifier:
			r, err = m.GradientFlow(text, fl.label)
		case *models.LanguageModel:
			r, err = m.GradientFlow(text)
		default:
			err = errors.Errorf("%s is a %v, whose gradients cannot be shown yet", fl.model, m.Kind())
		}
		if err != nil {
			return err
		}
		if err := show(cmd, flowReport{r}); err != nil || fl.out == "" {
			return err
		}
		return saveTo(cmd, fl.out, fl.force, chart.GradientNorms(r).Save)
	})
}

// flowReport prints itself.
type flowReport struct{ *flow.Report }

func (r flowReport) print(w io.Writer) error {
	for line := range strings.Lines(r.String()) {
		if uniseg.StringWidth(line) > widthOf(w) {
			paragraph(w, line)
		} else if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}
