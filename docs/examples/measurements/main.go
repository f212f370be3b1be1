// Command measurements watches made-up sensors with a forecaster, and tells how well it finds the hours in which something is wrong.
//
//	go run ./docs/examples/measurements              trains on clean weeks, and judges by others
//	go run ./docs/examples/measurements -write DIR   writes clean.csv, calm.csv and mixed.csv, for unroll train and unroll watch
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/unroll-go/unroll/docs/examples/internal/ranking"
	"github.com/unroll-go/unroll/recurrent/models"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("write", "", "write tables to this folder, and watch nothing")
	count := flag.Int("sensors", 8, "how many there are")
	hours := flag.Int("hours", 2000, "to train on, for each")
	epochs := flag.Int("epochs", 12, "passes over them")
	output := flag.String("output", "student-t", "what is forecast, as unroll train --output")
	flag.Parse()
	parts := newParts(*count, *hours)
	var err error
	if *dir != "" {
		err = parts.save(*dir)
	} else {
		err = parts.judge(*output, *epochs)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// parts are three times one after the other: to train, to find the threshold, and to watch.
type parts struct{ clean, calm, mixed [][]reading }

func newParts(count, hours int) parts {
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(n int) time.Time { return from.Add(time.Duration(n) * time.Hour) }
	return parts{sensors(1, from, count, hours, 0), sensors(2, after(hours), count, hours/2, 0),
		sensors(3, after(hours+hours/2), count, hours/2, 8)}
}

func (p parts) save(dir string) error {
	for name, list := range map[string][][]reading{"clean.csv": p.clean, "calm.csv": p.calm, "mixed.csv": p.mixed} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(table(list)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (p parts) judge(output string, epochs int) error {
	panel := panelOf(p.clean)
	c := models.Config{Hidden: 32, Epochs: epochs, Forecast: models.ForecastConfig{Output: output, Horizon: day, Context: 2 * day}}
	if output != models.OutputPoint && output != models.OutputQuantile {
		c.Forecast.Lags = []int{1, 2, 3, 23, 24, 25, 168}
	}
	m, err := models.NewForecaster(c, panel)
	if err != nil {
		return err
	}
	if _, err := m.Fit(context.Background(), panel, models.Run{}); err != nil {
		return err
	}
	limit, err := threshold(m, p.calm)
	if err != nil {
		return err
	}
	mixed := inTime(p.mixed)
	found, err := scores(m, mixed, limit)
	if err != nil {
		return err
	}
	naive, naiveLimit := seasonal(mixed), quantile(seasonal(inTime(p.calm)))
	fmt.Print("| | hours | forecaster | seasonal naive | found | by seasonal naive |\n|---|---|---|---|---|---|\n")
	for k := range len(anomalies) + 1 {
		of, name := func(kind int) bool { return kind >= 0 }, "all"
		if k < len(anomalies) {
			of, name = func(kind int) bool { return kind == k }, anomalies[k]
		}
		hours, own, err := area(mixed, found, of)
		if err != nil {
			return err
		}
		_, other, err := area(mixed, naive, of)
		if err != nil {
			return err
		}
		seen, all := events(mixed, found, limit, of)
		naively, _ := events(mixed, naive, naiveLimit, of)
		fmt.Printf("| %s | %d | %.4f | %.4f | %d of %d | %d of %d |\n", name, hours, own, other, seen, all, naively, all)
	}
	alarms, good := above(mixed, found, limit)
	others, _ := above(mixed, naive, naiveLimit)
	fmt.Printf("\nabove %.3f, as 0.999 of calm hours are not, are %d of %d hours in which all is well; by seasonal naive %d\n",
		limit, alarms, good, others)
	return nil
}

// inTime are the readings of all sensors, hour by hour.
func inTime(list [][]reading) []reading {
	var out []reading
	for t := range list[0] {
		for _, readings := range list {
			out = append(out, readings[t])
		}
	}
	return out
}

// scores are those of a forecaster. The first days, which it has to see before it can judge, have 0.
func scores(m *models.Forecaster, list []reading, limit float64) ([]float64, error) {
	w, err := m.Watch(1000)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(list))
	for i, r := range list {
		s, err := w.Score(r.PanelRow)
		if err != nil {
			return nil, err
		}
		if s.Score > limit {
			w.Forget(r.ID)
		}
		if !math.IsNaN(s.Score) {
			out[i] = s.Score
		}
	}
	return out, nil
}

// threshold is what 0.999 of the scores do not exceed where all is well, as unroll watch --calibrate has it.
func threshold(m *models.Forecaster, calm [][]reading) (float64, error) {
	usual, err := scores(m, inTime(calm), math.Inf(1))
	return quantile(usual), err
}

func quantile(scores []float64) float64 {
	sorted := slices.Sorted(slices.Values(scores))
	return sorted[int(math.Ceil(0.999*float64(len(sorted))))-1]
}

// seasonal is what a simpler method has: how far a value is from that of a day ago, in units of the mean such distance so far.
func seasonal(list []reading) []float64 {
	type known struct {
		values []float64
		sum, n float64
	}
	sensors := map[string]*known{}
	out := make([]float64, len(list))
	for i, r := range list {
		k := sensors[r.ID]
		if k == nil {
			k = &known{}
			sensors[r.ID] = k
		}
		if n := len(k.values); n >= day {
			size := math.Abs(r.Value - k.values[n-day])
			if k.n >= day {
				out[i] = size / (k.sum / k.n)
			}
			k.sum, k.n = k.sum+size, k.n+1
		}
		k.values = append(k.values, r.Value)
	}
	return out
}

// area is how well anomalies of a kind are told from hours in which all is well.
func area(list []reading, scores []float64, of func(kind int) bool) (hours int, area float64, err error) {
	var some []float64
	var strange []bool
	for i, r := range list {
		if r.kind < 0 || of(r.kind) {
			some, strange = append(some, scores[i]), append(strange, r.kind >= 0)
		}
		if of(r.kind) {
			hours++
		}
	}
	area, err = ranking.Area(some, strange)
	return hours, area, err
}

// events is of how many anomalies an hour at least is above a limit.
func events(list []reading, scores []float64, limit float64, of func(kind int) bool) (seen, all int) {
	found := map[int]bool{}
	for i, r := range list {
		if of(r.kind) {
			found[r.event] = found[r.event] || scores[i] > limit
		}
	}
	for _, is := range found {
		if is {
			seen++
		}
	}
	return seen, len(found)
}

// above is how many hours in which all is well are above a limit.
func above(list []reading, scores []float64, limit float64) (n, all int) {
	for i, r := range list {
		if r.kind < 0 {
			all++
			if scores[i] > limit {
				n++
			}
		}
	}
	return n, all
}
