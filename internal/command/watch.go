package command

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

// watcher tells of lines or measurements, one after the other, how strange each is.
type watcher interface {
	// begin begins with a file, or with the standard input if there is no path.
	begin(path string, stdin io.Reader) (io.Closer, error)
	// next scores the next; nil at the end.
	next() (judgement, error)
	// forget goes back to before the last one: what is strange is no context for what comes after it.
	forget() error
	// what is scored, in the plural, and by what.
	what() (things, by string)
	// notes says what should be known at the end.
	notes(log io.Writer)
}

// judgement is of something that was watched.
type judgement interface {
	strangeness() float64     // the higher, the stranger; NaN if nothing can be said
	text(flagged bool) string // for people
	object(flagged bool) any  // for programs
}

// watching is a task whose models can watch.
type watching interface {
	watcher(m models.Model, fl *watchFlags) (watcher, error)
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
	most      int    // series at once
	times     string // how they are written
}

func watchCommand() *cobra.Command {
	var fl watchFlags
	cmd := &cobra.Command{
		Use:   "watch [FILE]",
		Short: "Tell of lines or measurements as they come how strange each is",
		Long: `Read lines or measurements from the standard input, or a file, as they come, and
print with each how strange it is. Memory stays the same, however many come.

To a language model that was trained on such lines, a line is as strange as its
least likely token given all before it, in nats, or with --score mean as its
tokens on average. To a forecaster, a value of a table in CSV with the columns
of the model's own is as strange as -log of the chance of a value as far from
what was expected one step ahead: if the model is right, a share of exp(-s) is
above s, whatever is measured. Steps without a row are missing values.

Above a threshold, a line is flagged with "!", its strangest token is marked,
and it is no context for what comes after it; so is a value. The threshold is
--threshold, or the --quantile of the scores of --calibrate FILE, in which
nothing is strange: it is kept beside the model, in MODEL.watch.json, for later
runs. With --calibrate and no FILE to watch, the command ends there.`,
		Example: `  unroll train --text clean.log --out log.safetensors
  unroll watch --model log.safetensors --calibrate other-clean.log
  tail -f /var/log/service.log | unroll watch --model log.safetensors --flagged
  unroll watch --model sensors.safetensors --threshold 10 < sensors.csv`,
		Args: oneFileAtMost,
		RunE: fl.run,
	}
	fl.model.add(cmd)
	f := cmd.Flags()
	f.StringVar(&fl.by, "score", byWorst, "what a line is scored by: worst (its least likely token) or mean")
	f.Float64Var(&fl.threshold, "threshold", 0, "flag what has a score above this")
	f.StringVar(&fl.calibrate, "calibrate", "", "file in which nothing is strange, by which the threshold is found")
	f.Float64Var(&fl.quantile, "quantile", 0.999, "share of what is in --calibrate that is not above the threshold")
	f.BoolVar(&fl.flagged, "flagged", false, "print what is flagged only")
	f.IntVar(&fl.most, "most-series", 10000, "series to keep at once; of more, the one that came least recently is let go")
	f.StringVar(&fl.times, "time-format", "", "how times are written, such as %d.%m.%Y; that of the model's table, or found, unless given")
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
	case fl.most < 1:
		return usage("--most-series %d; want 1 or more", fl.most)
	}
	m, err := fl.model.load()
	if err != nil {
		return err
	}
	t, ok := taskOf(tasks(), m.Kind()).(watching)
	if !ok {
		return errors.Errorf("%s is a %v; want a %v or a %v", fl.model.path, m.Kind(), models.KindLanguage, models.KindForecaster)
	}
	w, err := t.watcher(m, fl)
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
			if w, err = t.watcher(m, fl); err != nil { // the lines of --calibrate are no context
				return err
			}
		}
	}
	path := ""
	if len(args) > 0 {
		path = args[0]
	}
	return fl.watch(cmd, w, path, limit)
}

// watch scores what comes, and prints each at once.
func (fl *watchFlags) watch(cmd *cobra.Command, w watcher, path string, limit float64) error {
	flagged, n := 0, 0
	err := each(w, path, cmd.InOrStdin(), func(s judgement) error {
		n++
		flag := s.strangeness() > limit
		if flag {
			flagged++
			if err := w.forget(); err != nil {
				return err
			}
		}
		if flag || !fl.flagged {
			return fl.print(cmd.OutOrStdout(), s, flag)
		}
		return nil
	})
	if err != nil && n == 0 {
		return err
	}
	if things, _ := w.what(); !math.IsInf(limit, 1) {
		tell(cmd.ErrOrStderr(), capital(things), "%s, flagged above %.4g: %s", thousands(n), limit, thousands(flagged))
	}
	w.notes(cmd.ErrOrStderr())
	return err
}

// capital is a word at the beginning of a line.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// each scores all of a file, or of the standard input.
func each(w watcher, path string, stdin io.Reader, take func(judgement) error) error {
	c, err := w.begin(path, stdin)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for {
		s, err := w.next()
		if err != nil || s == nil {
			return err
		}
		if err := take(s); err != nil {
			return err
		}
	}
}

// print writes what was scored with its score, and marked if it is flagged.
func (fl *watchFlags) print(w io.Writer, s judgement, flag bool) error {
	if fl.json {
		return json.NewEncoder(w).Encode(s.object(flag))
	}
	mark := " "
	if flag {
		mark = "!"
	}
	score := "-"
	if v := s.strangeness(); !math.IsNaN(v) {
		score = strconv.FormatFloat(v, 'f', 3, 64)
	}
	_, err := fmt.Fprintf(printable{w}, "%7s %s %s\n", score, mark, s.text(flag))
	return err
}

// calibration is what is known of the scores of lines or values in which nothing is strange.
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
		return fl.known(log, path, hash, w)
	}
	things, by := w.what()
	var scores []float64
	err = each(w, fl.calibrate, nil, func(s judgement) error {
		if v := s.strangeness(); !math.IsNaN(v) {
			scores = append(scores, v)
		}
		return nil
	})
	if err != nil {
		return 0, errors.WithMessage(err, "--calibrate")
	}
	if len(scores) == 0 {
		return 0, errors.Errorf("--calibrate %s has no %s that can be scored", fl.calibrate, things)
	}
	c := calibration{hash, by, fl.quantile, quantileOf(scores, fl.quantile), len(scores), fl.calibrate}
	data, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	if err := atomicfile.WriteBytes(path, data); err != nil {
		return 0, err
	}
	tell(log, "Scores", "of %s %s of %s: half are below %.4g, %g of them at most %.4g, all at most %.4g",
		thousands(c.Lines), things, fl.calibrate, quantileOf(scores, 0.5), c.Quantile, c.Threshold, quantileOf(scores, 1))
	tell(log, "Saved", "%s: %s above %.4g are flagged", path, things, c.Threshold)
	return c.Threshold, nil
}

// quantileOf is the least of the numbers that a share of them does not exceed. It sorts them.
func quantileOf(numbers []float64, share float64) float64 {
	slices.Sort(numbers)
	return numbers[max(int(math.Ceil(share*float64(len(numbers))))-1, 0)]
}

// known is the threshold that was found before, if it is that of the model and of the score.
func (fl *watchFlags) known(log io.Writer, path, hash string, w watcher) (float64, error) {
	data, err := os.ReadFile(path)
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
	things, by := w.what()
	if c.Score != by {
		return 0, errors.Errorf("%s is for --score %s: make it again with --calibrate, or say --threshold", path, c.Score)
	}
	tell(log, "Above", "%.4g %s are flagged, as %g of %s %s of %s were not",
		c.Threshold, things, c.Quantile, thousands(c.Lines), things, c.File)
	return c.Threshold, nil
}
