// Command logs watches the log of a made-up service with a language model, and tells how well it finds the lines in which
// something is wrong.
//
//	go run ./docs/examples/logs              trains on a clean log, and judges by another one, in about three minutes
//	go run ./docs/examples/logs -write DIR   writes clean.log, calibrate.log and mixed.log, for unroll train and unroll watch
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
	"strings"

	"github.com/unroll-go/unroll/docs/examples/internal/ranking"
	"github.com/unroll-go/unroll/recurrent/models"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("write", "", "write logs to this folder, and watch nothing")
	lines := flag.Int("lines", 20000, "of the clean log")
	epochs := flag.Int("epochs", 4, "passes over it")
	flag.Parse()
	var err error
	if *dir != "" {
		err = save(*dir, *lines)
	} else {
		err = judge(*lines, *epochs)
	}
	if err != nil {
		log.Fatal(err)
	}
}

const share = 0.02 // of the lines of the mixed log

func save(dir string, n int) error {
	clean, _ := watched(1, n, 0)
	calibrate, _ := watched(2, n/4, 0)
	mixed, kinds := watched(3, n/4, share)
	var truth []string
	for _, k := range kinds {
		what := "-"
		if k >= 0 {
			what = anomalies[k]
		}
		truth = append(truth, what)
	}
	for name, lines := range map[string][]string{"clean.log": clean, "calibrate.log": calibrate, "mixed.log": mixed, "truth.txt": truth} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func judge(n, epochs int) error {
	clean, _ := watched(1, n, 0)
	text := strings.Join(clean, "\n") + "\n"
	m, err := models.NewLanguageModel(models.Config{Cell: "lstm", Hidden: 128, Layers: 1, Epochs: epochs, Clip: 1}, text)
	if err != nil {
		return err
	}
	result, err := m.Fit(context.Background(), text, models.Run{})
	if err != nil {
		return err
	}
	fmt.Printf("trained on %d lines: %.3f nats a character\n\n", n, result.Best)
	calm, _ := watched(2, n/4, 0)
	_, usual, err := scores(m, calm, math.Inf(1))
	if err != nil {
		return err
	}
	slices.Sort(usual)
	limit := usual[int(math.Ceil(0.999*float64(len(usual))))-1] // as unroll watch --calibrate has it
	lines, kinds := watched(3, n/4, share)
	mean, worst, err := scores(m, lines, limit)
	if err != nil {
		return err
	}
	rare := rarity(clean, lines)
	fmt.Print("| | lines | least likely character | nats a character | rarest word | flagged |\n|---|---|---|---|---|---|\n")
	for k := range anomalies {
		if err := row(anomalies[k], kinds, func(kind int) bool { return kind == k }, limit, worst, mean, rare); err != nil {
			return err
		}
	}
	if err := row("all", kinds, func(kind int) bool { return kind >= 0 }, limit, worst, mean, rare); err != nil {
		return err
	}
	alarms, good := 0, 0
	for i, k := range kinds {
		if k < 0 {
			good++
			if worst[i] > limit {
				alarms++
			}
		}
	}
	fmt.Printf("\nabove %.3f nats for the least likely character, as 0.999 of clean lines are not, are %d of %d lines in which all is well\n",
		limit, alarms, good)
	return nil
}

// scores are the mean and the worst cost of the tokens of lines.
func scores(m *models.LanguageModel, lines []string, limit float64) (mean, worst []float64, err error) {
	w, err := m.Watch()
	if err != nil {
		return nil, nil, err
	}
	for _, line := range lines {
		s, err := w.Score(line)
		if err != nil {
			return nil, nil, err
		}
		if s.Worst > limit {
			if err := w.Forget(); err != nil {
				return nil, nil, err
			}
		}
		mean, worst = append(mean, s.Mean), append(worst, s.Worst)
	}
	return mean, worst, nil
}

// rarity is what a simpler method has: -log of how often a line's rarest word is in the clean log, digits aside.
func rarity(clean, lines []string) []float64 {
	count, all := map[string]int{}, 0
	words := func(line string) []string {
		return strings.Fields(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '0'
			}
			return r
		}, line))
	}
	for _, line := range clean {
		for _, w := range words(line) {
			count[w]++
			all++
		}
	}
	out := make([]float64, len(lines))
	for i, line := range lines {
		for _, w := range words(line) {
			out[i] = max(out[i], -math.Log((float64(count[w])+0.5)/float64(all)))
		}
	}
	return out
}

// row prints how well anomalies of a kind are told from lines in which all is well, by each score, and how many are flagged.
func row(name string, kinds []int, of func(kind int) bool, limit float64, by ...[]float64) error {
	n, flagged := 0, 0
	for i, k := range kinds {
		if of(k) {
			n++
			if by[0][i] > limit {
				flagged++
			}
		}
	}
	fmt.Printf("| %s | %d |", name, n)
	for _, scores := range by {
		a, err := area(scores, kinds, of)
		if err != nil {
			return err
		}
		fmt.Printf(" %.4f |", a)
	}
	fmt.Printf(" %d of %d |\n", flagged, n)
	return nil
}

// area is how well anomalies of a kind are told from lines in which all is well.
func area(scores []float64, kinds []int, of func(kind int) bool) (float64, error) {
	var some []float64
	var strange []bool
	for i, k := range kinds {
		if k < 0 || of(k) {
			some, strange = append(some, scores[i]), append(strange, k >= 0)
		}
	}
	return ranking.Area(some, strange)
}
