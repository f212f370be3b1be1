package command

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// foundationEval are the flags of eval that foundation models alone have.
type foundationEval struct{ lines, lastWord string }

func (f *foundationEval) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.lines, "lines", "", "a file of which a foundation model says how likely each line is")
	cmd.Flags().StringVar(&f.lastWord, "last-word", "",
		"passages, one a line or as JSON lines with a text, of which it has to know the last word, as in LAMBADA")
}

// given is the flag that was.
func (f *foundationEval) given() string {
	switch {
	case f.lines != "":
		return "--lines"
	case f.lastWord != "":
		return "--last-word"
	}
	return ""
}

// eval judges a foundation model by a text, by lines, or by last words.
func (f *foundationEval) eval(cmd *cobra.Command, m *pretrained.Model) (report, error) {
	text := cmd.Flags().Lookup("text").Value.String()
	switch {
	case f.lines != "":
		return likelyLines(m, f.lines)
	case f.lastWord != "":
		return lastWords(m, f.lastWord)
	case text == "":
		return nil, usage("a foundation model is judged by --text, --lines or --last-word")
	}
	corpus, err := readText(text)
	if err != nil {
		return nil, err
	}
	l, err := m.Score([]string{corpus.Text})
	if err != nil {
		return nil, err
	}
	whole := l[0]
	words := fluency{whole.Tokens, number(whole.Loss), number(whole.Perplexity()), number(whole.Loss / math.Ln2)}
	return &readingAloud{words, number(whole.BitsPerByte())}, nil
}

// readingAloud is how well a foundation model predicts a text.
type readingAloud struct {
	fluency
	BitsPerByte number `json:"bits_per_byte"` // compares models with other tokens
}

func (r *readingAloud) print(w io.Writer) error {
	if err := r.fluency.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%.4f bits a byte\n", r.BitsPerByte)
	return err
}

// readLines are the lines of a file that are not empty.
func readLines(path string) ([]string, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	in, err := datasets.PlainText{MaxLine: 1 << 24}.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	var out []string
	for in.Next() {
		if strings.TrimSpace(in.Text()) != "" {
			out = append(out, in.Text())
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.Errorf("%s has no lines", path)
	}
	return out, nil
}

// lineScore is how likely a line is.
type lineScore struct {
	Line       string `json:"line"`
	Tokens     int    `json:"tokens"`
	LogProb    number `json:"log_prob"` // nats
	Perplexity number `json:"perplexity"`
}

type lineScores []lineScore

func likelyLines(m *pretrained.Model, path string) (report, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	list, err := m.Score(lines)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	var out lineScores
	for i, l := range list {
		out = append(out, lineScore{lines[i], l.Tokens, number(l.LogProb()), number(l.Perplexity())})
	}
	return out, nil
}

func (s lineScores) print(w io.Writer) error {
	for _, l := range s {
		if _, err := fmt.Fprintf(w, "%10.3f %5d  %s\n", float64(l.LogProb), l.Tokens, shortened(l.Line, columns-18)); err != nil {
			return err
		}
	}
	return nil
}

// wordScores is how many last words a model knows.
type wordScores struct {
	Passages   int    `json:"passages"`
	Accuracy   number `json:"accuracy"`
	Perplexity number `json:"perplexity"` // a word
}

func lastWords(m *pretrained.Model, path string) (report, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	known, sum := 0, 0.0
	for i, line := range lines {
		if strings.HasPrefix(line, "{") {
			var passage struct{ Text string }
			if err := json.Unmarshal([]byte(line), &passage); err != nil || passage.Text == "" {
				return nil, errors.Errorf("%s, passage %d: want JSON with a text", path, i+1)
			}
			line = passage.Text
		}
		line = strings.TrimRight(line, " \t")
		at := strings.LastIndexAny(line, " \t\n")
		if at < 1 {
			return nil, errors.Errorf("%s, passage %d: want several words", path, i+1)
		}
		l, err := m.Ending(line[:at], line[at:])
		if err != nil {
			return nil, errors.Wrapf(err, "%s, passage %d", path, i+1)
		}
		if l.Greedy && l.Tokens > 0 {
			known++
		}
		sum -= l.LogProb()
	}
	n := float64(len(lines))
	return &wordScores{len(lines), number(float64(known) / n), number(math.Exp(sum / n))}, nil
}

func (s *wordScores) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: last word right %.2f %%, perplexity %.4g a word\n",
		count(s.Passages, "passage", "passages"), 100*float64(s.Accuracy), float64(s.Perplexity))
	return err
}
