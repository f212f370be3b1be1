// Command sensors makes windows of sensor data with missing values, and tells by which network the state of the machine is
// recognised best: GRU-D, or a GRU whose missing values are filled in.
//
//	go run ./docs/examples/sensors                       compares them, in about ten minutes
//	go run ./docs/examples/sensors -write windows.csv    writes windows, for unroll train --sequences windows.csv
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"os"

	"github.com/unroll-go/unroll/recurrent/models"
)

func main() {
	log.SetFlags(0)
	file := flag.String("write", "", "write windows to this file, and compare nothing")
	windows := flag.Int("windows", 2000, "how many, of which three tenths test")
	missing := flag.Float64("missing", 0.5, "share of the values that are missing, in the file")
	informative := flag.Bool("informative", false, "in the file, what is missing tells of the state")
	seeds := flag.Int("seeds", 3, "trainings of each network")
	epochs := flag.Int("epochs", 40, "passes over the windows, at most")
	flag.Parse()
	var err error
	if *file != "" {
		err = save(*file, task{*windows, *missing, *informative, 1})
	} else {
		err = compare(*windows, *seeds, *epochs)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func save(path string, k task) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f, k.sequences()); err != nil {
		return err
	}
	return f.Close()
}

// networks are what is compared: all read forward and have the same width.
var networks = []struct {
	name   string
	cell   string
	config models.SequenceConfig
}{
	{"GRU, mean", "gru", models.SequenceConfig{}},
	{"GRU, forward", "gru", models.SequenceConfig{Fill: models.FillForward}},
	{"GRU, mean, marks", "gru", models.SequenceConfig{Marks: true}},
	{"GRU, forward, marks", "gru", models.SequenceConfig{Fill: models.FillForward, Marks: true}},
	{"GRU-D", "grud", models.SequenceConfig{}},
}

// compare prints a table of accuracies on the test: the mean over seeds of the windows and the weights, and the deviation.
func compare(windows, seeds, epochs int) error {
	fmt.Print("| missing | | logistic |")
	for _, n := range networks {
		fmt.Printf(" %s |", n.name)
	}
	fmt.Println()
	for _, informative := range []bool{false, true} {
		for _, missing := range []float64{0, 0.3, 0.6, 0.8} {
			if informative && missing == 0 {
				continue
			}
			how := "at random"
			if informative {
				how = "tells of the state"
			}
			fmt.Printf("| %.0f %% | %s |", 100*missing, how)
			if err := line(task{windows: windows, missing: missing, informative: informative}, seeds, epochs); err != nil {
				return err
			}
		}
	}
	return nil
}

// line prints the accuracies of one task.
func line(k task, seeds, epochs int) error {
	scores := make([][]float64, 1+len(networks))
	for seed := range seeds {
		k.seed = uint64(seed + 1)
		fit, valid, test, err := k.sequences().Split(0.15, 0.3)
		if err != nil {
			return err
		}
		for i, n := range networks {
			m, err := models.NewSequenceModel(models.Config{
				Cell: n.cell, Hidden: 32, OneWay: true, Pool: "last", Batch: 32, Rate: 0.004, Clip: 1, Epochs: epochs, Patience: 10,
				Seed: k.seed, Sequence: n.config,
			}, fit)
			if err != nil {
				return err
			}
			if _, err := m.Fit(context.Background(), fit, valid, models.Run{}); err != nil {
				return err
			}
			e, err := m.Evaluate(test)
			if err != nil {
				return err
			}
			scores[i+1] = append(scores[i+1], 100*e.Confusion.Accuracy())
			if i > 0 {
				continue
			}
			base, err := m.Baselines(fit, valid, test)
			if err != nil {
				return err
			}
			scores[0] = append(scores[0], 100*base[1].Confusion.Accuracy())
		}
	}
	for _, s := range scores {
		mean, square := 0.0, 0.0
		for _, v := range s {
			mean += v / float64(len(s))
			square += v * v / float64(len(s))
		}
		fmt.Printf(" %.1f ±%.1f |", mean, math.Sqrt(max(square-mean*mean, 0)))
	}
	fmt.Println()
	return nil
}
