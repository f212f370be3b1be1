// Command gradients shows gradients that vanish and explode over 200 steps, what names them, and what helps:
//
//	go run ./docs/examples/gradients                   # prints the reports, half a minute
//	go run ./docs/examples/gradients -out docs/images  # and draws them
//
// What it says is told in docs/gradients.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
)

func main() {
	out := flag.String("out", "", "folder for the pictures; none are drawn without it")
	flag.Parse()
	pictures := album{folder: *out}
	for _, part := range []func(*album) error{atTheStart, exploding, vanishing} {
		if err := part(&pictures); err != nil {
			fmt.Fprintf(os.Stderr, "gradients: %v\n", err)
			os.Exit(1)
		}
	}
}

// plain is a simple recurrent network whose recurrent weights start orthogonal, times a factor.
func plain(scale float32) *network {
	return &network{name: fmt.Sprintf("tanh, orthogonal x %g", scale), cell: recurrent.RNN{Hidden: hidden}, scale: scale}
}

// linear is one of ReLUs, whose weights start as the identity times a factor: while they are active, it is linear.
func linear(scale float32) *network {
	cell := recurrent.RNN{Hidden: hidden, ReLU: true, Identity: true}
	return &network{name: fmt.Sprintf("ReLU, identity x %g", scale), cell: cell, scale: scale}
}

// lstm is an LSTM; with a span, its gates start with memories of up to so many steps.
func lstm(span int) *network {
	n := &network{name: "LSTM", cell: recurrent.LSTM{Hidden: hidden, ChronoSpan: span}, scale: 1}
	if span > 0 {
		n.name = fmt.Sprintf("LSTM, ChronoSpan %d", span)
	}
	return n
}

// atTheStart measures the gradients of new networks.
func atTheStart(a *album) error {
	var lines []chart.Series
	var report *flow.Report
	for _, n := range []*network{plain(0.9), plain(1.2), plain(1.5), linear(1.05), lstm(0), lstm(steps)} {
		err := n.start(1)
		if err == nil {
			report, err = n.flow()
		}
		if err != nil {
			return err
		}
		fmt.Printf("--- %s\n%s\n", n.name, report)
		s := report.States[len(report.States)-1] // the memory: h of a plain network, c of an LSTM
		lines = append(lines, chart.Series{Name: fmt.Sprintf("%s: times %.3f a step back", n.name, s.Factor), Y: s.Norms})
	}
	return a.add("gradients", chart.Lines(chart.Axes{Title: "How far back the gradient of the last step's loss reaches",
		X: "time step t", Y: "norm of dL/dh(t), LSTM: dL/dc(t)", Log: true}, lines...))
}

// exploding trains networks whose gradients explode, at the start or soon after it, without and with clipping.
func exploding(a *album) error {
	const seeds = 4
	var lines []chart.Series
	for _, scale := range []float32{1.2, 1.5} {
		for _, clip := range []float64{0, 1} {
			name := fmt.Sprintf("x %g, no clipping", scale)
			if clip > 0 {
				name = fmt.Sprintf("x %g, norm clipped to %g", scale, clip)
			}
			mean := make([]float64, updates)
			fmt.Printf("%s: loss after %d updates by SGD (largest norm of a gradient):", name, updates)
			for seed := range uint64(seeds) {
				n := plain(scale)
				if err := n.start(seed + 1); err != nil {
					return err
				}
				course, largest, err := n.train(how{&optim.SGD{}, 0.02, clip})
				if err != nil {
					return err
				}
				course = smooth(course)
				for i, v := range course {
					mean[i] += v / seeds
				}
				fmt.Printf("  %.2f (%.0f)", course[updates-1], largest)
			}
			fmt.Println()
			lines = append(lines, chart.Series{Name: name, Y: mean})
		}
	}
	fmt.Println()
	return a.add("clipping", chart.Lines(chart.Axes{Title: "Plain networks that explode, with and without clipping",
		X: "update", Y: "loss (mean of 20 updates and 4 seeds)"}, lines...))
}

// vanishing trains networks whose gradients vanish, and one whose gradients do not.
func vanishing(a *album) error {
	var lines []chart.Series
	var n *network
	var answers *metric.Confusion
	for _, n = range []*network{plain(0.9), lstm(0), lstm(steps)} {
		err := n.start(1)
		if err != nil {
			return err
		}
		course, _, err := n.train(how{&optim.Adam{}, 0.005, 1})
		if err != nil {
			return err
		}
		if answers, err = n.test(); err != nil {
			return err
		}
		course = smooth(course)
		fmt.Printf("%s: loss after %d updates by Adam %.3f, %.1f %% of %d other sequences answered rightly\n",
			n.name, updates, course[updates-1], 100*answers.Accuracy(), answers.Total())
		lines = append(lines, chart.Series{Name: n.name, Y: course})
	}
	report, err := n.flow() // of the last one, trained
	if err != nil {
		return err
	}
	fmt.Printf("\n--- %s, trained\n%s\n", n.name, report)
	axes := chart.Axes{
		Title: "Networks whose gradients vanish, and one with a long memory", X: "update", Y: "loss (mean of 20 updates)",
	}
	for name, p := range map[string]*chart.Picture{
		"vanishing": chart.Lines(axes, lines...),
		"gates":     chart.GateUse(report),
		"answers":   chart.Confusion(answers),
	} {
		if err := a.add(name, p); err != nil {
			return err
		}
	}
	return nil
}

// album is the folder of the pictures.
type album struct{ folder string }

func (a *album) add(name string, p *chart.Picture) error {
	if a.folder == "" {
		return nil
	}
	if err := os.MkdirAll(a.folder, 0o755); err != nil {
		return err
	}
	return p.Save(filepath.Join(a.folder, name+".png"))
}
