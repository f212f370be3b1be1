package command

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// forecastFlags are the command line of forecast.
type forecastFlags struct {
	file      string
	horizon   int
	levels    []float64
	paths     int // to give
	conformal bool
	seed      uint64
	json      bool
	out       string
	force     bool
}

func forecastCommand() *cobra.Command {
	var model modelFlags
	var fl forecastFlags
	cmd := &cobra.Command{
		Use:   "forecast [FILE]",
		Short: "Forecast how series go on",
		Long: `Forecast how the series of a table go on after their last values, or those that
the model was trained on. The table has the columns of the model's own; rows
after the last value give what is known ahead.

It prints CSV: a row for each series and step, with its time, the mean, and the
quantiles; with --paths, also sample paths that a distribution draws. With
--json, a JSON object for each series.`,
		Example: `  unroll forecast --model sales.safetensors > next.csv
  unroll forecast sales-until-today.csv --quantiles 0.05,0.5,0.95 --conformal
  unroll forecast --paths 10 --json`,
		Args: oneFileAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := model.load()
			if err != nil {
				return err
			}
			f, ok := m.(*models.Forecaster)
			if !ok {
				return wrongKind(model.path, m, models.KindForecaster)
			}
			if len(args) > 0 {
				fl.file = args[0]
			}
			fl.json = asJSON(cmd)
			return fl.run(cmd, f)
		},
	}
	model.add(cmd)
	f := cmd.Flags()
	f.IntVar(&fl.horizon, "horizon", 0, "steps to forecast; 0 for those of the model")
	f.Var(levels{&fl.levels}, "quantiles", "quantiles to give, such as 0.1,0.5,0.9; those of the model unless given")
	f.IntVar(&fl.paths, "paths", 0, "sample paths to give, too, of a model of a distribution")
	f.BoolVar(&fl.conformal, "conformal", false, "move the quantiles by the errors on the last steps that the model was not trained on")
	f.Uint64Var(&fl.seed, "seed", 1, "seed of the sample paths")
	f.StringVar(&fl.out, "out", "", "file to write to, instead of the standard output")
	f.BoolVar(&fl.force, "force", false, "overwrite an existing file")
	jsonFlag(cmd)
	return cmd
}

// run forecasts, and writes.
func (fl forecastFlags) run(cmd *cobra.Command, m *models.Forecaster) error {
	c := m.Config()
	switch {
	case fl.horizon < 0:
		return usage("--horizon %d; want 0 or more", fl.horizon)
	case fl.paths < 0:
		return usage("--paths %d; want 0 or more", fl.paths)
	case fl.paths > 0 && !m.Samples():
		return usage("--paths wants a model of a distribution; this one was trained with --output %s", c.Forecast.Output)
	case !m.Samples() && fl.horizon > c.Forecast.Horizon:
		return usage("--horizon %d; with --output %s the model forecasts %d steps", fl.horizon, c.Forecast.Output, c.Forecast.Horizon)
	}
	for _, q := range fl.levels {
		if !(q > 0 && q < 1) {
			return usage("--quantiles %g; want numbers between 0 and 1", q)
		}
	}
	found, err := fl.found(cmd, m, &parting{})
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return fl.write(w, m.Frequency(), found) }
	if fl.out == "" {
		return buffered(cmd, write)
	}
	if err := keepInputs(fl.out, fl.file, c.Origin.Series.File); err != nil {
		return err
	}
	return saveTo(cmd, fl.out, fl.force, func(path string) error {
		return atomicfile.Write(path, write)
	})
}

// found are the forecasts of a part of the series.
func (fl forecastFlags) found(cmd *cobra.Command, m *models.Forecaster, part *parting) ([]models.Forecast, error) {
	p, err := panelOf(cmd.ErrOrStderr(), m.Config().Origin, fl.file)
	if err != nil {
		return nil, err
	}
	o := models.Forecasting{Horizon: fl.horizon, Levels: fl.levels, Keep: fl.paths > 0, Seed: fl.seed, Conformal: fl.conformal}
	o.Paths = max(fl.paths, m.Config().Forecast.Paths)
	if o.From, o.To = part.share(len(p.Series)); o.From == o.To && len(p.Series) > 0 {
		return nil, nil
	}
	found, err := m.Forecast(cmd.Context(), p, o)
	return found, aheadHint(err)
}

// aheadHint says how a table tells what is known ahead.
func aheadHint(err error) error {
	return errors.WithMessage(err, "rows after the last value give what is known ahead")
}

func (fl forecastFlags) write(w io.Writer, f datasets.Frequency, found []models.Forecast) error {
	if fl.json {
		e := json.NewEncoder(w)
		for _, one := range found {
			if err := e.Encode(record.ForecastOf(one, f, fl.paths)); err != nil {
				return err
			}
		}
		return nil
	}
	c := csv.NewWriter(w)
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
	head := []string{"id", "time", "mean"}
	for _, q := range found[0].Levels {
		head = append(head, "q"+strconv.FormatFloat(q, 'g', -1, 64))
	}
	for k := range fl.paths {
		head = append(head, fmt.Sprint("path", k+1))
	}
	_ = c.Write(head) // an error stays, and Flush tells it
	for _, one := range found {
		for h, t := range one.Times {
			row := []string{one.ID, f.Format(t), text(one.Mean[h])}
			for _, q := range one.Quantiles {
				row = append(row, text(q[h]))
			}
			for _, p := range one.Paths[:min(fl.paths, len(one.Paths))] {
				row = append(row, text(p[h]))
			}
			_ = c.Write(row)
		}
	}
	c.Flush()
	return c.Error()
}
