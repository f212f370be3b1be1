package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// seriesTask is the forecaster of series in time.
type seriesTask struct {
	simple
	judged    string // table to judge the model by
	backtest  models.Backtesting
	conformal bool // predict and plot move the quantiles, too
	parting   parting
	fan       string // the series of the picture
}

func (t *seriesTask) kind() models.Kind { return models.KindForecaster }

func (t *seriesTask) data() string { return "series" }

func (t *seriesTask) help() string {
	return `With --series: a forecaster, on a table in CSV, TSV or JSONL with a column of
times and one of numbers, or one for each series, or an --id column that tells
many series apart. The last --test-steps of each series are kept for the test,
the --valid-steps before them to stop by; the weights of the best pass are kept,
and judged beside forecasts that need no network. The last line is
test_mase=<scaled error> test_crps=<error of the distribution>
seasonal_mase=<of the forecast of a season ago> seasonal_crps=<likewise>, all in
one.
` + otherDefaults(t)
}

func (t *seriesTask) judge(s *sample) (likelihood, string) {
	if !isTable(s.path) {
		return impossible, ""
	}
	if len(s.lines) < 3 {
		return possible, "it is a table"
	}
	// A date, a number, and no text of several words.
	date, number := "", false
	for field := range strings.FieldsFuncSeq(s.lines[len(s.lines)/2], func(r rune) bool { return strings.ContainsRune(",;\t|\"", r) }) {
		field = strings.TrimSpace(field)
		_, err := strconv.ParseFloat(field, 64)
		switch {
		case looksLikeDate(field):
			date = field
		case strings.Contains(field, " "):
			return possible, "it is a table"
		default:
			number = number || err == nil
		}
	}
	if date == "" || !number {
		return possible, "it is a table"
	}
	return certain, fmt.Sprintf("a line of it has a date, %s, and numbers", date)
}

// looksLikeDate tells whether a field begins with a date as ISO writes it.
func looksLikeDate(field string) bool {
	field = strings.TrimSpace(field)
	if len(field) < len("2006-01-02") {
		return false
	}
	for i, r := range field[:len("2006-01-02")] {
		if dash := i == 4 || i == 7; dash != (r == '-' || r == '/') || !dash && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

func (t *seriesTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	s, x := &c.Origin.Series, &c.Forecast
	f.StringVar(&s.File, t.data(), s.File, "table of series to learn to forecast: .csv, .tsv or .jsonl")
	f.StringVar(&s.ID, "id", s.ID, "column that tells the series apart; found unless given")
	f.StringVar(&s.Time, "time", s.Time, "column of the times; found unless given")
	f.Var(words{list: &s.Target}, "target", "column of what is to be forecast; found unless given; of several, each is a series")
	f.Var(words{list: &s.Past}, "past", "columns of numbers that are known up to the last value")
	f.Var(words{list: &s.Known}, "known", "columns of numbers that are known ahead, such as price,promotion")
	f.Var(words{list: &s.Static}, "static", "columns that stay the same in a series: of numbers, or of classes")
	f.Var(words{list: &s.Class}, "class", "columns of classes, even if they look like numbers; the id may be one, and target in a wide table")
	f.StringVar(&s.Frequency, "frequency", s.Frequency, "step between times, such as day, 15 minutes, business day; found unless given")
	f.StringVar(&s.TimeFormat, "time-format", s.TimeFormat, "how times are written, such as %d.%m.%Y; found unless given")
	formatFlags(f, (*tableFormat)(&c.Origin.Format))
	decimalFlag(f, (*tableFormat)(&c.Origin.Format))
	missingFlag(f, (*tableFormat)(&c.Origin.Format))
	f.IntVar(&x.Horizon, "horizon", x.Horizon, "steps to forecast; 0 for a season")
	f.IntVar(&x.Context, "context", x.Context, "steps to read before a forecast; 0 for two seasons, or what the series are long enough for")
	f.StringVar(&x.Output, "output", x.Output, "what is forecast: "+oneOf(models.Outputs()))
	f.StringVar(&x.Scaling, "scaling", x.Scaling,
		"how windows are brought to one size: "+oneOf(models.Scalings())+"; mean for counts unless given")
	f.Var(levels{&x.Quantiles}, "quantiles", "quantiles to learn and to give, such as 0.1,0.5,0.9")
	f.Var(numbers{&x.Lags}, "lags", "how many steps ago the values are that each step reads, with a distribution; found unless given")
	f.IntVar(&x.Paths, "paths", x.Paths, "sample paths of a distribution to draw; 0 for 200")
	f.BoolVar(&x.Weighted, "weighted", x.Weighted, "learn from large series more often")
	f.IntVar(&x.Season, "season", x.Season, "steps after which the series repeat themselves; 0 for what the frequency says")
	f.IntVar(&x.Validation, "valid-steps", x.Validation, "steps of each series to stop by; 0 for one horizon")
	f.IntVar(&x.Test, "test-steps", x.Test, "steps at the end of each series that are kept for the test; 0 for one horizon")
}

func (t *seriesTask) check(c models.Config) error { return tableFormat(c.Origin.Format).check() }

func (t *seriesTask) inputs(c models.Config) []string { return []string{c.Origin.Series.File} }

func (t *seriesTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "table of series to judge a forecaster by; that of its training unless given")
	f.IntVar(&t.backtest.Origins, "origins", 0, "points in time to forecast each series from; 0 for all that the test has room for")
	f.IntVar(&t.backtest.Step, "step", 0, "steps from one to the next; 0 for a horizon")
	t.conformalFlag(f)
}

func (t *seriesTask) conformalFlag(f *pflag.FlagSet) {
	f.BoolVar(&t.conformal, "conformal", false, "move a forecaster's quantiles by its errors on the steps that it was stopped by")
}

func (t *seriesTask) eval(cmd *cobra.Command, m models.Model) (report, error) {
	c := m.Config()
	p, err := panelOf(cmd.ErrOrStderr(), c.Origin, t.judged)
	if err != nil {
		return nil, err
	}
	if t.backtest.Origins < 0 || t.backtest.Step < 0 {
		return nil, usage("--origins %d, --step %d; want 0 or more", t.backtest.Origins, t.backtest.Step)
	}
	t.backtest.Conformal, t.backtest.Seed = t.conformal, c.Seed
	b, err := m.(*models.Forecaster).Backtest(cmd.Context(), p, t.backtest)
	if err != nil {
		return nil, err
	}
	return newJudgedSeries(b), nil
}

func (t *seriesTask) predictFlags(f *pflag.FlagSet) {
	t.conformalFlag(f)
	t.parting.flags(f)
}

// predict prints the forecasts of a table, or of the model's own, as JSON.
func (t *seriesTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	fl := forecastFlags{conformal: t.conformal, json: true}
	if len(args) > 0 {
		fl.file = args[0]
	}
	if err := t.parting.check(args); err != nil {
		return err
	}
	f := m.(*models.Forecaster)
	return t.parting.write(cmd, m, args, func(w io.Writer) error {
		found, err := fl.found(cmd, f, &t.parting)
		if err != nil {
			return err
		}
		return fl.write(w, f.Frequency(), found)
	})
}

func (t *seriesTask) plotFlags(f *pflag.FlagSet) {
	f.StringVar(&t.fan, "fan", "", "draw how a series is forecast to go on: its id; \"\" is the first")
	f.Lookup("fan").NoOptDefVal = firstSeries
	t.conformalFlag(f)
}

// firstSeries is the value of --fan without one.
const firstSeries = "first"

func (t *seriesTask) picture(m models.Model) (*chart.Picture, error) {
	if t.fan == "" {
		return nil, nil
	}
	return fanPicture(context.Background(), m.(*models.Forecaster), t.fan, t.conformal)
}

func (t *seriesTask) about(a *account, c models.Config) {
	var features any
	a.take("features", &features)
	s := c.Origin.Series
	if s.File != "" {
		a.say("series", "%s", s.File)
		a.say("columns", "%s", columnsInWords(s))
	}
	f := c.Forecast
	a.say("season", "%d steps", f.Season)
	if len(f.Lags) > 0 {
		a.say("lags", "%s", numbers{&f.Lags})
	}
	a.say("windows", "brought to size by %s; %d steps to stop by, %d to test", f.Scaling, f.Validation, f.Test)
}

// columnsInWords says which columns have what.
func columnsInWords(s models.SeriesTable) string {
	var out []string
	say := func(what string, list ...string) {
		if list = slices.DeleteFunc(list, func(c string) bool { return c == "" }); len(list) > 0 {
			out = append(out, what+" "+quotedList(list))
		}
	}
	say("time in", s.Time)
	say("id in", s.ID)
	say("target", slices.Clone(s.Target)...)
	say("past", slices.Clone(s.Past)...)
	say("known ahead", slices.Clone(s.Known)...)
	say("static", append(slices.Clone(s.Static), s.Class...)...)
	return strings.Join(out, "; ")
}
