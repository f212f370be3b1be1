package models

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Entries of a forecaster's metadata.
const (
	forecasterKey = "forecaster" // the configuration
	featuresKey   = "features"   // what is read beside the values, and how it is brought to size
)

// forecasterKind is the row of the forecaster in the table of kinds.
func forecasterKind() spec {
	return spec{
		title: "forecaster", maker: "NewForecaster", keys: []string{forecasterKey, featuresKey},
		defaults: Config{
			Cell: "gru", Layers: 1, Hidden: 64, Embed: 8, Dropout: 0.1, Batch: 32, Optimizer: "adamw", Rate: 0.003, Clip: 1,
			Epochs: 30, Patience: 8, Seed: 1, Forecast: ForecastConfig{Output: OutputQuantile},
		},
		lacks: []lack{
			{"Tokens", "a forecaster reads numbers"}, {"Vocabulary", "a forecaster reads numbers"},
			{"Pool", "a forecaster reads up to the last value"}, {"OneWay", "a forecaster reads in one direction anyway"},
			{"Adaptive", "a forecaster has no words"}, {"Seq", "Forecast.Context says how much is read"},
		},
		network:  []string{"Forecast.Horizon", "Forecast.Context", "Forecast.Output", "Forecast.Scaling", "Forecast.Quantiles", "Forecast.Lags"},
		check:    Config.checkForecast,
		fields:   func() fileFields { return new(forecasterFields) },
		contents: func() contents { return new(forecasterContents) },
		words: func(c Config, cell string) string {
			f := c.Forecast
			what := fmt.Sprintf("%d x %s, hidden %d, reads %d steps, forecasts %d: ", c.Layers, cell, c.Hidden, f.Context, f.Horizon)
			if f.Output == OutputQuantile {
				return what + "quantiles " + numbersInWords(f.Quantiles)
			}
			return what + f.Output
		},
	}
}

// numbersInWords lists numbers as they are written most shortly.
func numbersInWords(list []float64) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(out, " ")
}

// SeriesTable tells which table a forecaster was trained on, and its columns, see datasets.PanelColumns.
type SeriesTable struct {
	File       string
	ID, Time   string
	Target     []string
	Past       []string
	Known      []string
	Static     []string
	Class      []string
	Frequency  string // as it was given; empty for what was found
	TimeFormat string // likewise
}

// forecasterFields are the configuration of a forecaster as files have it, in this order.
type forecasterFields struct {
	File       string   `json:"series"`
	ID         string   `json:"id"`
	Time       string   `json:"time"`
	Target     []string `json:"target"`
	Past       []string `json:"past,omitempty"`
	Known      []string `json:"known,omitempty"`
	Static     []string `json:"static,omitempty"`
	Class      []string `json:"class,omitempty"`
	Frequency  string   `json:"frequency,omitempty"`
	TimeFormat string   `json:"time_format,omitempty"`
	formatFields
	originFields
	networkSizes
	Horizon    int       `json:"horizon"`
	Context    int       `json:"context"`
	Output     string    `json:"output"`
	Scaling    string    `json:"scaling"`
	Quantiles  []float64 `json:"quantiles"`
	Lags       []int     `json:"lags,omitempty"`
	Paths      int       `json:"paths"`
	Weighted   bool      `json:"weighted"`
	Season     int       `json:"season"`
	Validation int       `json:"valid_steps"`
	Test       int       `json:"test_steps"`
	runFields
}

func (f *forecasterFields) set(c Config) {
	s, x := c.Origin.Series, c.Forecast
	*f = forecasterFields{
		File: s.File, ID: s.ID, Time: s.Time, Target: append([]string{}, s.Target...),
		Past: s.Past, Known: s.Known, Static: s.Static, Class: s.Class,
		Frequency: s.Frequency, TimeFormat: s.TimeFormat,
		Horizon: x.Horizon, Context: x.Context, Output: x.Output, Scaling: x.Scaling, Quantiles: x.Quantiles, Lags: x.Lags, Paths: x.Paths,
		Weighted: x.Weighted, Season: x.Season, Validation: x.Validation, Test: x.Test,
	}
	f.formatFields.set(c)
	f.originFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
}

func (f *forecasterFields) config() Config {
	c := Config{
		Forecast: ForecastConfig{
			Horizon: f.Horizon, Context: f.Context, Output: f.Output, Scaling: f.Scaling, Quantiles: f.Quantiles, Lags: f.Lags, Paths: f.Paths,
			Weighted: f.Weighted, Season: f.Season, Validation: f.Validation, Test: f.Test,
		},
		Origin: Origin{Series: SeriesTable{
			File: f.File, ID: f.ID, Time: f.Time, Target: f.Target, Past: f.Past, Known: f.Known, Static: f.Static, Class: f.Class,
			Frequency: f.Frequency, TimeFormat: f.TimeFormat,
		}},
	}
	f.formatFields.into(&c)
	f.originFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	return c
}

// forecasterContents is what a forecaster's file has beside its configuration.
type forecasterContents struct{ f *features }

func (l *forecasterContents) read(path string, metadata map[string]string, _ Config) error {
	l.f = new(features)
	return decodeEntry(path, metadata, featuresKey, l.f)
}

func (l *forecasterContents) check(c Config) error {
	var whole *ConfigError
	if errors.As(c.checkWhole(), &whole) {
		return errors.Errorf("its configuration has %s %s", FileField(whole.Field), whole.Problem)
	}
	return l.f.check()
}

func (l *forecasterContents) network(c Config) (network, error) { return forecastNetwork(c, l.f) }

func (l *forecasterContents) model(c Config) (built, error) {
	m, err := newForecaster(c, l.f)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *Forecaster) metadata() (map[string]string, error) {
	return forecasterKind().metadata(m.config, map[string]any{featuresKey: m.features})
}
