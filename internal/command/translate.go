package command

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// translateFlags are the command line of translate.
type translateFlags struct {
	model     modelFlags
	search    models.Translation
	attention string
	force     bool
}

func translateCommand() *cobra.Command {
	var fl translateFlags
	cmd := &cobra.Command{
		Use:   "translate [FILE]",
		Short: "Translate the lines of a text",
		Long: `Translate the lines of a file, or of the standard input, there each as soon as
it is read. With --n-best, each line gives several translations, with their
number and score before them. With --attention, the picture of where the decoder
looked for the translation of the first line: a file in SVG or PNG, or - for
letters below every translation.`,
		Example: `  echo "How are you?" | unroll translate --model vi.safetensors
  unroll translate --model vi.safetensors english.txt > vietnamese.txt
  unroll translate --model vi.safetensors --n-best 3 --json < english.txt
  echo "How are you?" | unroll translate --model vi.safetensors --attention -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("found %d files; want one at most (texts come from the standard input)", len(args))
			}
			return nil
		},
		RunE: fl.run,
	}
	fl.model.add(cmd)
	f := cmd.Flags()
	searchFlags(f, &fl.search)
	f.IntVar(&fl.search.Best, "n-best", 1, "translations of each line, the best first")
	f.StringVar(&fl.attention, "attention", "", "draw where the decoder looked: FILE.svg or FILE.png, or - in the terminal")
	f.BoolVar(&fl.force, "force", false, "overwrite an existing picture")
	jsonFlag(cmd)
	return cmd
}

func (fl *translateFlags) run(cmd *cobra.Command, args []string) error {
	if err := checkSearch(fl.search); err != nil {
		return err
	}
	if err := fl.checkAttention(asJSON(cmd)); err != nil {
		return err
	}
	m, err := fl.model.load()
	if err != nil {
		return err
	}
	translator, ok := m.(*models.Translator)
	if !ok {
		return wrongKind(fl.model.path, m, models.KindTranslator)
	}
	if fl.attention != "" && translator.Config().Translate.Attention == "none" {
		return usage("--attention: %s has no attention to draw", fl.model.path)
	}
	in, name, together := cmd.InOrStdin(), "standard input", 1
	if len(args) > 0 {
		file, err := inputfile.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in, name, together = file, args[0], 64
	}
	out := &translationLines{
		ctx: cmd.Context(), model: translator, search: fl.search, w: bufio.NewWriter(cmd.OutOrStdout()),
		asJSON: asJSON(cmd), drawn: fl.attention == "-", together: together,
	}
	if fl.attention == "" || out.drawn {
		return out.all(in, name)
	}
	release, err := newFile("--attention", fl.attention, fl.force, "choose another name, or overwrite it with --force")
	if err != nil {
		return err
	}
	defer release()
	if err := out.all(in, name); err != nil {
		return err
	}
	return fl.draw(cmd, out.first)
}

// checkAttention refuses a picture that cannot be saved, before anything is translated.
func (fl *translateFlags) checkAttention(json bool) error {
	switch {
	case fl.attention == "":
	case fl.attention == "-":
		if json {
			return usage("--attention - and --json; want one of them")
		}
	case !strings.HasSuffix(fl.attention, ".svg") && !strings.HasSuffix(fl.attention, ".png"):
		return usage("--attention %s; want a name that ends in .svg or .png, or -", fl.attention)
	}
	return nil
}

// draw saves where the decoder looked.
func (fl *translateFlags) draw(cmd *cobra.Command, t *models.Translated) error {
	if t == nil || len(t.Tokens) == 0 {
		return errors.Errorf("--attention %s: the first line has no translation to draw", fl.attention)
	}
	if err := chart.Attention(t.Attention, pieces(t.Source), pieces(t.Tokens)).Save(fl.attention); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "Saved %s\n", fl.attention)
	return err
}

// pieces are tokens as they are shown: a space in front is a low line, so that words can be told from their parts.
func pieces(tokens []string) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = withoutControls(strings.ReplaceAll(t, " ", "▁"))
	}
	return out
}

// translationLines translates lines, some at a time.
type translationLines struct {
	ctx      context.Context
	model    *models.Translator
	search   models.Translation
	w        *bufio.Writer
	asJSON   bool
	drawn    bool // below every translation, where the decoder looked
	together int  // lines at a time

	texts []string // that were read, and not translated yet
	lines []int    // their numbers
	first *models.Translated
}

func (l *translationLines) all(r io.Reader, name string) error {
	lines := datasets.PlainText{}.Read(r, name)
	for lines.Next() {
		l.texts, l.lines = append(l.texts, lines.Text()), append(l.lines, lines.Line())
		if len(l.texts) < l.together {
			continue
		}
		if err := l.translate(name); err != nil {
			return err
		}
	}
	return cmp.Or(l.translate(name), lines.Err())
}

// translate translates the lines that were read, up to the first that the model cannot read, and hands them on.
func (l *translationLines) translate(name string) error {
	found, err := l.model.Translate(l.ctx, l.texts, l.search)
	for i, list := range found {
		if l.first == nil {
			l.first = &list[0]
		}
		if err := l.write(l.texts[i], list); err != nil {
			return err
		}
	}
	if err := l.w.Flush(); err != nil {
		return err
	}
	var at *models.TextError
	if errors.As(err, &at) {
		return errors.Wrapf(at.Err, "%s, line %d", name, l.lines[at.Index])
	}
	l.texts, l.lines = l.texts[:0], l.lines[:0]
	return err
}

// write writes the translations of a line.
func (l *translationLines) write(text string, found []models.Translated) error {
	if l.asJSON {
		return json.NewEncoder(l.w).Encode(record.TranslatedOf(text, found, nil))
	}
	for i, t := range found {
		if l.search.Best > 1 {
			fmt.Fprintf(l.w, "%d\t%.4f\t", i+1, t.Score)
		}
		fmt.Fprintln(l.w, t.Text)
		if l.drawn && len(t.Tokens) > 0 {
			fmt.Fprintf(l.w, "\n%s\n", chart.AttentionText(t.Attention, pieces(t.Source), pieces(t.Tokens)))
		}
	}
	return nil
}
