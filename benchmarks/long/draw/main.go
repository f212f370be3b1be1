// Command draw makes the pictures of docs/long-sequences.md from the lines that benchmarks/long and peers/torch_long.py print:
//
//	go run ./benchmarks/long/draw docs/images < lines
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/unroll-go/unroll/nn/train/chart"
)

// line is what the pictures show of a measurement of this library.
type line struct {
	Library   string  `json:"library"`
	Steps     float64 `json:"steps"`
	Recompute bool    `json:"recompute"`
	CompileMS float64 `json:"compile_ms"`
	ProgramMB float64 `json:"program_mb"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("draw: want the folder of the pictures, found %d arguments", len(args))
	}
	compile := []chart.Series{{Name: "all states kept"}, {Name: "Recompute"}}
	memory := []chart.Series{{Name: "all states kept"}, {Name: "Recompute"}}
	add := func(s *chart.Series, x, y float64) { s.X, s.Y = append(s.X, x), append(s.Y, y) }
	for in := json.NewDecoder(os.Stdin); ; {
		var l line
		if err := in.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if strings.HasPrefix(l.Library, "torch") {
			continue // whole processes stand in the page's table
		}
		way := 0
		if l.Recompute {
			way = 1
		}
		add(&compile[way], l.Steps, l.CompileMS/1e3)
		add(&memory[way], l.Steps, l.ProgramMB)
	}
	axes := chart.Axes{X: "time steps", Y: "seconds to build, differentiate and compile"}
	if err := chart.Lines(axes, compile...).Save(filepath.Join(args[0], "long-compile.png")); err != nil {
		return err
	}
	axes = chart.Axes{X: "time steps", Y: "memory of the program in MB", Log: true}
	return chart.Lines(axes, memory...).Save(filepath.Join(args[0], "long-memory.png"))
}
