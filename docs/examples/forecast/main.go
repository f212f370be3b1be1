// Command forecast predicts the weekly CO2 of the air at Mauna Loa and the daily weather of Seattle with a GRU, beside
// the forecasts that need no learning and a linear one:
//
//	go run ./docs/examples/forecast
//
// What it reached is in docs/examples/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
)

var seed = flag.Uint64("seed", 1, "of the weights and the order of windows")

// problem is a series with what is to be predicted of it.
type problem struct {
	name    string
	set     catalog.SeriesSet
	goal    string // the column
	season  int    // rows
	window  int    // rows that are seen
	horizon int    // rows to predict
}

var problems = []problem{
	{"CO2, the next 13 weeks", catalog.CO2, "co2", 52, 104, 13},
	{"Seattle, tomorrow's highest temperature", catalog.Weather, "temp_max", 365, 30, 1},
}

func main() {
	flag.Parse()
	for _, p := range problems {
		if err := p.run(); err != nil {
			fmt.Fprintln(os.Stderr, "forecast:", err)
			os.Exit(1)
		}
	}
}

// data is a problem's series, cut in time: the last fifth is for the test, the tenth before it to stop by.
type data struct {
	problem
	all              datasets.Series // in units of the source, without gaps
	goal             int             // the column's number
	fitRows, endRows int             // rows to train on, and those with the ones to stop by
}

func (p problem) load() (*data, error) {
	parts, err := p.set.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		return nil, err
	}
	s := parts.Train
	d := &data{problem: p, goal: -1}
	for i, c := range s.Columns {
		if c == p.goal {
			d.goal = i
		}
	}
	if d.goal < 0 {
		return nil, fmt.Errorf("%s has no column %s; it has %v", p.set.Name, p.goal, s.Columns)
	}
	d.all = datasets.Series{
		Values: s.Values, Features: len(s.Columns), Window: p.window, Horizon: p.horizon, Goals: []int{d.goal},
	}.FillForward()
	d.fitRows, d.endRows = s.Len()*7/10, s.Len()*8/10
	return d, nil
}

// column are the values of the goal in rows from to to.
func (d *data) column(from, to int) []float64 {
	out := make([]float64, to-from)
	for i := range out {
		out[i] = d.all.Values[(from+i)*d.all.Features+d.goal]
	}
	return out
}

func (p problem) run() error {
	d, err := p.load()
	if err != nil {
		return err
	}
	rows := d.all.Rows()
	fmt.Printf("%s: %d rows, %d to train on, %d to stop by, %d to test\n", p.name, rows, d.fitRows, d.endRows-d.fitRows, rows-d.endRows)
	network, err := d.learn()
	if err != nil {
		return err
	}
	line, err := d.regress()
	if err != nil {
		return err
	}
	fmt.Printf("\n%-40s %8s %8s %8s %8s\n", "on the test rows", "MAE", "RMSE", "MAPE", "MASE")
	for _, f := range []struct {
		name    string
		predict func(at int) ([]float64, error)
	}{
		{"as a season ago", d.seasonal}, {"as it was last", d.last}, {"linear in the window", line}, {"GRU 64", network},
	} {
		m, scale, err := d.judge(f.predict)
		if err != nil {
			return err
		}
		fmt.Printf("%-40s %8.3f %8.3f %7.2f%% %8.3f\n", f.name, m.MAE(), m.RMSE(), m.MAPE(), m.MASE(scale))
	}
	fmt.Println()
	return nil
}
