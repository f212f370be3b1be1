package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

func inspectCommand() *cobra.Command {
	var histogram string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show the layers, shapes and weights of a model file",
		Long: `Show what is in a model file: tensors with their shapes, number of weights, mean, spread and extremes,
and how they are distributed, drawn from the smallest to the largest weight.

It reads checkpoints of this command and any other safetensors file, ONNX models, and the .weights.h5
files of Keras 3 (names only).`,
		Example: `  unroll inspect model.safetensors
  unroll inspect model.safetensors --histogram embedding.weight
  unroll inspect tagger.onnx`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := inspect(args[0], histogram)
			if err != nil {
				return err
			}
			return show(cmd, r)
		},
	}
	cmd.Flags().StringVar(&histogram, "histogram", "", "draw the distribution of this tensor")
	jsonFlag(cmd)
	return cmd
}

// inspect looks into a file by the kind that its name tells.
func inspect(path, histogram string) (report, error) {
	switch {
	case strings.HasSuffix(path, ".onnx"):
		m, err := onnx.Read(path)
		if err != nil {
			return nil, err
		}
		p, err := m.Params(1)
		if err != nil {
			return nil, err
		}
		return contentsOf(path, "ONNX model", p.Tensors(""), nil, histogram)
	case strings.HasSuffix(path, ".h5"):
		names, err := keras.Paths(path)
		if err != nil {
			return nil, err
		}
		return &contents{File: filepath.Base(path), Kind: "weights of a Keras model", Names: names}, nil
	}
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	kind := "safetensors"
	switch {
	case isClassifier(metadata):
		kind = "classifier of texts"
	case metadata["config"] != "" && metadata["vocabulary"] != "":
		kind = "language model"
	}
	return contentsOf(path, kind, list, metadata, histogram)
}

// contents is what a file holds.
type contents struct {
	File     string            `json:"file"`
	Kind     string            `json:"kind"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Names    []string          `json:"names,omitempty"`
	Tensors  []weights         `json:"tensors,omitempty"`
	Weights  int               `json:"weights"`         // numbers in all, without those of the training
	Training int               `json:"training_values"` // of the optimiser and other state
	Chosen   *weights          `json:"histogram_of,omitempty"`
}

// weights describes a tensor.
type weights struct {
	Name      string  `json:"name"`
	Shape     []int   `json:"shape"`
	Type      string  `json:"type"`
	Count     int     `json:"count"`
	Mean      float64 `json:"mean"`
	Std       float64 `json:"std"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	Histogram []int   `json:"histogram"` // counts in bins of equal width from Min to Max
}

func contentsOf(path, kind string, list []graph.Named, metadata map[string]string, histogram string) (*contents, error) {
	c := &contents{File: filepath.Base(path), Kind: kind, Metadata: metadata}
	for _, t := range list {
		if strings.HasPrefix(t.Name, "train/") {
			c.Training += t.Value.Shape().TotalSize()
			continue
		}
		bins := 16
		if t.Name == histogram {
			bins = 20
		}
		w := describeTensor(t.Name, t.Value, bins)
		c.Tensors = append(c.Tensors, w)
		c.Weights += w.Count
		if t.Name == histogram {
			c.Chosen = &c.Tensors[len(c.Tensors)-1]
		}
	}
	if histogram != "" && c.Chosen == nil {
		var names []string
		for _, w := range c.Tensors {
			names = append(names, w.Name)
		}
		return nil, errors.Errorf("%s has no tensor %s; it has %s", path, histogram, strings.Join(names, ", "))
	}
	return c, nil
}

func describeTensor(name string, t *tensor.Dense, bins int) weights {
	x := floatsOf(t)
	w := weights{Name: name, Shape: t.Shape(), Type: t.Dtype().String(), Count: len(x), Histogram: make([]int, bins)}
	if len(x) == 0 {
		return w
	}
	w.Min, w.Max = slices.Min(x), slices.Max(x)
	for _, v := range x {
		w.Mean += v / float64(len(x))
	}
	for _, v := range x {
		w.Std += (v - w.Mean) * (v - w.Mean) / float64(len(x))
	}
	w.Std = math.Sqrt(w.Std)
	for _, v := range x {
		i := 0
		if w.Max > w.Min {
			i = min(int(float64(bins)*(v-w.Min)/(w.Max-w.Min)), bins-1)
		}
		w.Histogram[max(i, 0)]++
	}
	return w
}

func floatsOf(t *tensor.Dense) []float64 {
	switch t.Dtype() {
	case tensor.Float64:
		return t.Float64s()
	case tensor.Int:
		out := make([]float64, len(t.Ints()))
		for i, v := range t.Ints() {
			out[i] = float64(v)
		}
		return out
	}
	out := make([]float64, len(t.Float32s()))
	for i, v := range t.Float32s() {
		out[i] = float64(v)
	}
	return out
}

func (c *contents) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s\n", c.File, c.Kind)
	var keys []string
	for k := range c.Metadata {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Fprintf(w, "  %s: %s\n", k, shortened(c.Metadata[k], 100))
	}
	if len(c.Names) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(c.Names, "\n"))
		return nil
	}
	rows := []string{"tensor\tshape\tweights\tmean\tstd\tmin\tmax\tdistribution"}
	for _, t := range c.Tensors {
		rows = append(rows, fmt.Sprintf("%s\t%v\t%s\t%.4g\t%.4g\t%.4g\t%.4g\t%s",
			t.Name, t.Shape, thousands(t.Count), t.Mean, t.Std, t.Min, t.Max, sparkline(t.Histogram)))
	}
	fmt.Fprintln(w)
	if err := table(w, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s weights", thousands(c.Weights))
	if c.Training > 0 {
		fmt.Fprintf(w, ", and %s numbers that training goes on from", thousands(c.Training))
	}
	fmt.Fprintln(w)
	if c.Chosen != nil {
		c.Chosen.draw(w)
	}
	return nil
}

// shortened is the beginning of a text, in one line.
func shortened(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + " ..."
	}
	return s
}

// sparkline draws counts as a line of blocks.
func sparkline(counts []int) string {
	const blocks = " ▁▂▃▄▅▆▇█"
	top := max(slices.Max(counts), 1)
	var b strings.Builder
	for _, n := range counts {
		level := (n*8 + top - 1) / top // any at all shows
		b.WriteRune([]rune(blocks)[level])
	}
	return b.String()
}

// draw writes the distribution as bars.
func (t *weights) draw(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", t.Name)
	top := max(slices.Max(t.Histogram), 1)
	width := (t.Max - t.Min) / float64(len(t.Histogram))
	for i, n := range t.Histogram {
		fmt.Fprintf(w, "%11.4g  %-50s %s\n", t.Min+(float64(i)+0.5)*width, strings.Repeat("█", (n*50+top-1)/top), thousands(n))
	}
}
