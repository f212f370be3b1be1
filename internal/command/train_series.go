package command

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a forecaster.
func (*seriesTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	t, err := readSeries(origin.Series.File, origin.Series, tableFormat(origin.Format), seriesHint)
	if err != nil {
		return err
	}
	hash, err := hashOf(origin.Series.File)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved; to train on with other series: --from", origin.Series.File, fl.resume)
	}
	file := origin.Series.File
	origin.Series, origin.Hash = seriesTableOf(t.note.Columns), hash
	origin.Series.File = file
	if t.commas {
		origin.Format.Decimal = "comma"
	}
	w := cmd.ErrOrStderr()
	m, err := forecasterFor(cmd, p, t.panel, fl)
	if err != nil {
		return errors.Wrap(asFlag(err), file)
	}
	loop, err := m.Loop(t.panel, fl.run())
	if err != nil {
		return errors.Wrap(err, file)
	}
	c := m.Config()
	if _, err := p.run(cmd, loop, "values", fl, func(w io.Writer) {
		t.describe(w)
		if len(c.Forecast.Lags) > 0 && len(origin.Series.Past) > 0 {
			tell(w, "Note", "--past %s: read by the linear forecast beside the model alone, as --output %s reads no columns of the past",
				strings.Join(origin.Series.Past, ","), c.Forecast.Output)
		}
		describeShort(w, c.Forecast, t.panel)
		tell(w, "Model", "%s", c.Network(m.Kind()))
	}); err != nil {
		return err
	}
	b, err := m.Backtest(cmd.Context(), t.panel, models.Backtesting{Seed: c.Seed})
	if err != nil {
		return err
	}
	j := newJudgedSeries(b)
	fmt.Fprintln(w)
	if err := j.print(w); err != nil {
		return err
	}
	tellSaved(w, fl.out, "eval", "forecast", "plot --fan")
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "test_mase=%.4f test_crps=%.4f seasonal_mase=%.4f seasonal_crps=%.4f\n",
		b.Scores[0].MASE, b.Scores[0].CRPS, b.Scores[2].MASE, b.Scores[2].CRPS)
	return err
}

// forecasterFor is a new model for some series, or one from a file.
func forecasterFor(cmd *cobra.Command, p *plan, panel *datasets.Panel, fl trainFlags) (*models.Forecaster, error) {
	if from, ok := p.from.(*models.Forecaster); ok {
		c := p.config // what the series would fill in, the file has
		had := from.Config().Forecast
		for _, f := range []struct {
			field *int
			value int
		}{
			{&c.Forecast.Season, had.Season}, {&c.Forecast.Paths, had.Paths},
			{&c.Forecast.Validation, had.Validation}, {&c.Forecast.Test, had.Test},
		} {
			if *f.field == 0 {
				*f.field = f.value
			}
		}
		if fl.from != "" {
			tell(cmd.ErrOrStderr(), "Kept", "all weights of %s", fl.from)
		}
		return from.With(c)
	}
	m, err := models.NewForecaster(p.config, panel)
	if err != nil {
		return nil, err
	}
	return m, enough(cmd.ErrOrStderr(), m, 0, machineMemory())
}

// describeShort names the series that are too short.
func describeShort(w io.Writer, f models.ForecastConfig, p *datasets.Panel) {
	fit, short := f.Split(p)
	var names []string
	for _, i := range short {
		names = append(names, p.Series[i].ID)
	}
	if len(short) > 0 {
		tell(w, "Note", "%s too short, and left out: %s", count(len(short), "series is", "series are"), quotedList(names))
	}
	tell(w, "Steps", "%s to train on, %d each to stop by, %d each to test (--valid-steps, --test-steps)",
		count(len(fit), "series", "series"), f.Validation, f.Test)
}

// judgedSeries is how good forecasts were.
type judgedSeries struct {
	Series   int           `json:"series"`
	Origins  int           `json:"origins"`
	Values   int           `json:"values"`
	Constant int           `json:"constant_series"`
	Scores   []seriesScore `json:"forecasts"`
}

type seriesScore struct {
	Name     string            `json:"name"`
	MAE      number            `json:"mae"`
	MASE     number            `json:"mase"`
	SMAPE    number            `json:"smape"`
	RMSSE    number            `json:"rmsse"`
	CRPS     number            `json:"crps"`
	Coverage map[string]number `json:"coverage"`
}

func newJudgedSeries(b *models.Backtest) *judgedSeries {
	j := &judgedSeries{Series: b.Series, Origins: b.Origins, Values: b.Values, Constant: b.Constant}
	for _, s := range b.Scores {
		one := seriesScore{s.Name, number(s.MAE), number(s.MASE), number(s.SMAPE), number(s.RMSSE), number(s.CRPS), map[string]number{}}
		for i, p := range models.Intervals() {
			one.Coverage[strconv.FormatFloat(p, 'g', -1, 64)] = number(s.Coverage[i])
		}
		j.Scores = append(j.Scores, one)
	}
	return j
}

func (j *judgedSeries) print(w io.Writer) error {
	fmt.Fprintf(w, "%s from %s, %s\n\n", count(j.Series, "series", "series"), count(j.Origins, "origin each", "origins each"),
		count(j.Values, "value", "values"))
	rows := []string{"\tMAE\tMASE\tsMAPE\tRMSSE\tCRPS\tin 50 %\t80 %\t95 %"}
	for _, s := range j.Scores {
		var row strings.Builder
		fmt.Fprintf(&row, "%s\t%.4g\t%.3f\t%.1f\t%.3f\t%.4f", s.Name, s.MAE, s.MASE, s.SMAPE, s.RMSSE, s.CRPS)
		for _, p := range models.Intervals() {
			cell := "-"
			if v := float64(s.Coverage[strconv.FormatFloat(p, 'g', -1, 64)]); !math.IsNaN(v) {
				cell = fmt.Sprintf("%.1f", 100*v)
			}
			row.WriteString("\t" + cell)
		}
		rows = append(rows, row.String())
	}
	if err := table(w, rows); err != nil {
		return err
	}
	if j.Constant > 0 {
		fmt.Fprintf(w, "\n%s as a season ago in all that is trained on: no MASE and RMSSE\n", count(j.Constant, "series is", "series are"))
	}
	return nil
}

// levels is a flag of numbers from 0 to 1 with commas between them, whose String is what Set takes.
type levels struct{ list *[]float64 }

func (l levels) String() string {
	if l.list == nil {
		return ""
	}
	out := make([]string, len(*l.list))
	for i, v := range *l.list {
		out[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(out, ",")
}

// Set replaces the numbers.
func (l levels) Set(s string) error {
	*l.list = nil
	if s == "" {
		return nil
	}
	var list []float64
	for word := range strings.SplitSeq(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || math.IsNaN(v) {
			return errors.Errorf("%q is no number; want some between 0 and 1 with commas between them, such as 0.1,0.5,0.9", word)
		}
		list = append(list, v)
	}
	*l.list = list
	return nil
}

// Type is what the help calls the value.
func (l levels) Type() string { return "numbers" }
