package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

// watcher tells of lines, one after the other, how strange each is.
type watcher interface {
	// score is how strange a line is, and by what.
	score(line string) (strangeness, error)
	// forget goes back to before the last line: what is strange is no context for what comes after it.
	forget() error
}

// strangeness of a line.
type strangeness struct {
	score float64 // the higher, the stranger
	token string  // that is strangest; empty if there is none
	at    int     // where it is in the line, in bytes
	worth float64 // how strange it is
}

// watching is a task whose models can watch.
type watching interface {
	// watcher begins to watch. A score is by the strangest token of a line, or by the mean over all of them, as by says.
	watcher(m models.Model, by string) (watcher, error)
}

// What a line is scored by.
const (
	byWorst = "worst"
	byMean  = "mean"
)

// watchFlags are the command line of watch.
type watchFlags struct {
	model     modelFlags
	by        string
	threshold float64
	calibrate string
	quantile  float64
	flagged   bool
	json      bool
}

func watchCommand() *cobra.Command {
	var fl watchFlags
	cmd := &cobra.Command{
		Use:   "watch [FILE]",
		Short: "Tell of lines as they come how strange each is",
		Long: `Read lines from the standard input, or a file, as they come, and print with each
how strange it is to a language model that was trained on such lines: what its
least likely token costs, in nats, given all before it, or with --score mean
what its tokens cost on average. Memory stays the same, however many lines come.

Above a threshold, a line is flagged with "!", its strangest token is marked,
and it is no context for the lines after it. The threshold is --threshold, or
the --quantile of the scores of the lines of --calibrate FILE, in which nothing
is strange: it is kept beside the model, in MODEL.watch.json, for later runs.
With --calibrate and no FILE to watch, the command ends there.`,
		Example: `  unroll train --text clean.log --out log.safetensors
  unroll watch --model log.safetensors --calibrate other-clean.log
  tail -f /var/log/service.log | unroll watch --model log.safetensors --flagged`,
		Args: oneFileAtMost,
		RunE: fl.run,
	}
	fl.model.add(cmd)
	f := cmd.Flags()
	f.StringVar(&fl.by, "score", byWorst, "what a line is scored by: worst (its least likely token) or mean")
	f.Float64Var(&fl.threshold, "threshold", 0, "flag lines with a score above this")
	f.StringVar(&fl.calibrate, "calibrate", "", "lines in which nothing is strange, by which the threshold is found")
	f.Float64Var(&fl.quantile, "quantile", 0.999, "share of the lines of --calibrate that is not above the threshold")
	f.BoolVar(&fl.flagged, "flagged", false, "print the lines that are flagged only")
	f.BoolVar(&fl.json, "json", false, "print a JSON object a line, for other programs")
	return cmd
}

func (fl *watchFlags) run(cmd *cobra.Command, args []string) error {
	given := cmd.Flags().Changed("threshold")
	switch {
	case fl.by != byWorst && fl.by != byMean:
		return usage("--score %q; want %s or %s", fl.by, byWorst, byMean)
	case given && fl.calibrate != "":
		return usage("--threshold and --calibrate; want one of them")
	case !(fl.quantile > 0 && fl.quantile <= 1):
		return usage("--quantile %g; want above 0 and at most 1", fl.quantile)
	case cmd.Flags().Changed("quantile") && fl.calibrate == "":
		return usage("--quantile %g; want --calibrate with it, the lines that it is a share of", fl.quantile)
	case given && math.IsNaN(fl.threshold):
		return usage("--threshold %g; want a number", fl.threshold)
	}
	m, err := fl.model.load()
	if err != nil {
		return err
	}
	t, ok := taskOf(tasks(), m.Kind()).(watching)
	if !ok {
		return wrongKind(fl.model.path, m, models.KindLanguage)
	}
	w, err := t.watcher(m, fl.by)
	if err != nil {
		return err
	}
	limit := fl.threshold
	if !given {
		if limit, err = fl.limit(cmd.ErrOrStderr(), w); err != nil {
			return err
		}
		if fl.calibrate != "" {
			if len(args) == 0 {
				return nil // nothing is to be watched yet
			}
			if w, err = t.watcher(m, fl.by); err != nil { // the lines of --calibrate are no context
				return err
			}
		}
	}
	in, name := cmd.InOrStdin(), "standard input"
	if len(args) > 0 {
		file, err := inputfile.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in, name = file, args[0]
	}
	return fl.watch(cmd, w, datasets.PlainText{}.Read(in, name), name, limit)
}

// watch scores lines, and prints each at once.
func (fl *watchFlags) watch(cmd *cobra.Command, w watcher, lines *datasets.Lines, name string, limit float64) error {
	flagged, n := 0, 0
	for lines.Next() {
		s, err := w.score(lines.Text())
		if err != nil {
			return errors.Wrapf(err, "%s, line %d", name, lines.Line())
		}
		n++
		flag := s.score > limit
		if flag {
			flagged++
			if err := w.forget(); err != nil {
				return err
			}
		}
		if flag || !fl.flagged {
			if err := fl.print(cmd.OutOrStdout(), lines.Line(), lines.Text(), s, flag); err != nil {
				return err
			}
		}
	}
	if !math.IsInf(limit, 1) {
		tell(cmd.ErrOrStderr(), "Lines", "%s, flagged above %.4g: %s", thousands(n), limit, thousands(flagged))
	}
	return lines.Err()
}

// watched is a line with its score, for other programs.
type watched struct {
	Line  int    `json:"line"`
	Score number `json:"score"`
	Flag  bool   `json:"flag"`
	Token string `json:"token,omitempty"`
	At    int    `json:"at"`
	Worth number `json:"token_score"`
	Text  string `json:"text"`
}

// print writes a line with its score, flagged and with its strangest token marked.
func (fl *watchFlags) print(w io.Writer, line int, text string, s strangeness, flag bool) error {
	if fl.json {
		return json.NewEncoder(w).Encode(watched{line, number(s.score), flag, s.token, s.at, number(s.worth), text})
	}
	mark := " "
	if flag {
		mark = "!"
		text = markedToken(text, s)
	}
	_, err := fmt.Fprintf(printable{w}, "%7.3f %s %s\n", s.score, mark, text)
	return err
}

// markedToken is a line with its strangest token between angle quotes.
func markedToken(text string, s strangeness) string {
	blanks := len(s.token) - len(strings.TrimLeft(s.token, " "))
	from := s.at + blanks
	to := s.at + len(s.token)
	if s.token == "\n" || from >= len(text) {
		return text + "»«" // it ends too early
	}
	if to > len(text) || text[s.at:to] != s.token {
		return text // it was normalised, and lies elsewhere
	}
	return text[:from] + "»" + text[from:to] + "«" + text[to:]
}

// calibration is what is known of the scores of lines in which nothing is strange.
type calibration struct {
	Model     string  `json:"model_sha256"`
	Score     string  `json:"score"`
	Quantile  float64 `json:"quantile"`
	Threshold float64 `json:"threshold"`
	Lines     int     `json:"lines"`
	File      string  `json:"file"`
}

// limit finds the threshold: by lines that are given now, or were given before. Without any nothing is above it.
func (fl *watchFlags) limit(log io.Writer, w watcher) (float64, error) {
	path := fl.model.path + ".watch.json"
	hash, err := hashOf(fl.model.path)
	if err != nil {
		return 0, err
	}
	if fl.calibrate == "" {
		return fl.known(log, path, hash)
	}
	file, err := inputfile.Open(fl.calibrate)
	if err != nil {
		return 0, errors.Wrap(err, "--calibrate")
	}
	defer file.Close()
	lines := datasets.PlainText{}.Read(file, fl.calibrate)
	var scores []float64
	for lines.Next() {
		s, err := w.score(lines.Text())
		if err != nil {
			return 0, errors.Wrapf(err, "%s, line %d", fl.calibrate, lines.Line())
		}
		scores = append(scores, s.score)
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	if len(scores) == 0 {
		return 0, errors.Errorf("--calibrate %s has no lines", fl.calibrate)
	}
	c := calibration{hash, fl.by, fl.quantile, quantileOf(scores, fl.quantile), len(scores), fl.calibrate}
	data, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	if err := atomicfile.WriteBytes(path, data); err != nil {
		return 0, err
	}
	tell(log, "Scores", "of %s lines of %s: half are below %.4g, %g of them at most %.4g, all at most %.4g",
		thousands(c.Lines), fl.calibrate, quantileOf(scores, 0.5), c.Quantile, c.Threshold, quantileOf(scores, 1))
	tell(log, "Saved", "%s: lines above %.4g are flagged", path, c.Threshold)
	return c.Threshold, nil
}

// quantileOf is the least of the numbers that a share of them does not exceed. It sorts them.
func quantileOf(numbers []float64, share float64) float64 {
	slices.Sort(numbers)
	return numbers[max(int(math.Ceil(share*float64(len(numbers))))-1, 0)]
}

// known is the threshold that was found before, if it is that of the model and of the score.
func (fl *watchFlags) known(log io.Writer, path, hash string) (float64, error) {
	data, err := inputfile.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		tell(log, "Note", "no threshold is known, so nothing is flagged (--threshold, --calibrate)")
		return math.Inf(1), nil
	}
	if err != nil {
		return 0, err
	}
	var c calibration
	if err := json.Unmarshal(data, &c); err != nil || math.IsNaN(c.Threshold) {
		return 0, errors.Errorf("%s is no record of a threshold: make it again with --calibrate", path)
	}
	if c.Model != hash {
		return 0, errors.Errorf("%s is of another model: make it again with --calibrate, or say --threshold", path)
	}
	if c.Score != fl.by {
		return 0, errors.Errorf("%s is for --score %s: make it again with --calibrate, or say --threshold", path, c.Score)
	}
	tell(log, "Above", "%.4g lines are flagged, as %g of %s lines of %s were not", c.Threshold, c.Quantile, thousands(c.Lines), c.File)
	return c.Threshold, nil
}

// lineWatcher watches with a language model.
type lineWatcher struct {
	*models.LineWatch
	by string
}

func (l lineWatcher) score(line string) (strangeness, error) {
	s, err := l.Score(line)
	score := s.Worst
	if l.by == byMean {
		score = s.Mean
	}
	return strangeness{score, s.Token, s.At, s.Worst}, err
}

func (l lineWatcher) forget() error { return l.Forget() }

// watcher makes a language model watch.
func (t *textTask) watcher(m models.Model, by string) (watcher, error) {
	w, err := m.(*models.LanguageModel).Watch()
	return lineWatcher{w, by}, err
}
