package command

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/pretrained"
	"gorgonia.org/tensor"
)

func inspectCommand() *cobra.Command {
	var histogram string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show the layers, shapes and weights of a model file",
		Long: `Show what is in a model file: tensors with their shapes, spread and extremes,
and how they are distributed, drawn from the smallest to the largest weight. A
terminal of 110 columns, and --json, show numbers of weights and means, too.

It reads checkpoints of this command and any other safetensors file, or the
index of several; files of PyTorch of any version (.pt, .pth, TorchScript), with
the plain values beside the tensors; files of NumPy (.npz, .npy); ONNX models;
whole models of Keras 2 and 3 (.keras, .h5), with their layers, and .weights.h5
files (names only). Of a foundation model, in a folder or a GGUF file, it shows
the family, the layers, and what is carried from token to token. What a file is,
its first bytes tell, not its name. Nothing in a file is run.`,
		Example: `  unroll inspect model.safetensors
  unroll inspect model.safetensors --histogram embedding.weight
  unroll inspect checkpoint.pt
  unroll inspect mamba-130m`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := resolve(args[0])
			if err != nil {
				return err
			}
			if info, err := os.Stat(path); err == nil && pretrained.Is(path) && (info.IsDir() || filepath.Ext(path) != ".pth") {
				r, err := inspectFoundation(path)
				if err != nil {
					return err
				}
				return show(cmd, r)
			}
			if err := noAdapter(path); err != nil {
				return err
			}
			r, err := inspect(path, histogram)
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

// inspect looks into a file of any format.
func inspect(path, histogram string) (report, error) {
	in, err := open(path)
	if err != nil {
		return nil, err
	}
	if len(in.names) > 0 {
		return &contents{File: filepath.Base(path), Kind: in.kind, Notes: in.notes, Names: in.names}, nil
	}
	c, err := contentsOf(path, in.kind, in.tensors, in.metadata, histogram)
	if err == nil {
		c.Values, c.Notes = in.values, in.notes
		if in.layers != "" {
			c.Layers = strings.Split(strings.TrimSpace(in.layers), "\n")
		}
	}
	return c, err
}

// contents is what a file holds.
type contents struct {
	File     string            `json:"file"`
	Kind     string            `json:"kind"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // that stand beside the tensors of a PyTorch file
	Names    []string          `json:"names,omitempty"`
	Layers   []string          `json:"layers,omitempty"` // of a model of another framework, with inputs and outputs
	Notes    []string          `json:"notes,omitempty"`  // what of the file has no effect
	Tensors  []weights         `json:"tensors,omitempty"`
	Weights  int               `json:"weights"`         // numbers in all, without those of the training
	Training int               `json:"training_values"` // of the optimiser and other state
	Chosen   *weights          `json:"histogram_of,omitempty"`
}

// weights describes a tensor. Its figures are those of the numbers that are finite.
type weights struct {
	Name      string `json:"name"`
	Shape     []int  `json:"shape"`
	Type      string `json:"type"`
	Count     int    `json:"count"`
	NotFinite int    `json:"not_finite"` // how many are NaN or infinite
	Mean      number `json:"mean"`
	Std       number `json:"std"`
	Min       number `json:"min"`
	Max       number `json:"max"`
	Histogram []int  `json:"histogram"` // counts in bins of equal width from Min to Max
}

func contentsOf(path, kind string, list []graph.Named, metadata map[string]string, histogram string) (*contents, error) {
	c := &contents{File: filepath.Base(path), Kind: kind, Metadata: metadata}
	for _, t := range list {
		if train.IsState(t.Name) {
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
		return nil, errors.Errorf("%s has no tensor %q; it has %s", path, histogram, strings.Join(names, ", "))
	}
	return c, nil
}

func describeTensor(name string, t *tensor.Dense, bins int) weights {
	all := floatsOf(t)
	x := slices.DeleteFunc(slices.Clone(all), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	w := weights{
		Name: name, Shape: t.Shape(), Type: t.Dtype().String(),
		Count: len(all), NotFinite: len(all) - len(x), Histogram: make([]int, bins),
	}
	if len(x) == 0 {
		none := number(math.NaN())
		w.Mean, w.Std, w.Min, w.Max = none, none, none, none
		return w
	}
	low, high, mean, square := slices.Min(x), slices.Max(x), 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
		i := 0
		if high > low {
			i = min(int(float64(bins)*(v-low)/(high-low)), bins-1)
		}
		w.Histogram[max(i, 0)]++
	}
	w.Mean, w.Std, w.Min, w.Max = number(mean), number(math.Sqrt(square)), number(low), number(high)
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
	fmt.Fprintf(w, "%s: %s\n", quoted(c.File), c.Kind)
	if rows := about(c.Metadata, c.tokens()); len(rows) > 0 {
		if err := table(w, rows); err != nil {
			return err
		}
	}
	if err := c.printValues(w); err != nil {
		return err
	}
	for _, line := range append(slices.Clone(c.Layers), c.Notes...) {
		fmt.Fprintln(w, quoted(line))
	}
	if len(c.Names) > 0 {
		for _, name := range c.Names {
			fmt.Fprintln(w, quoted(name))
		}
		return nil
	}
	var broken []string
	wide := widthOf(w) >= 110
	rows := []string{"tensor\tshape\tstd\tmin\tmax\tdistribution"}
	if wide {
		rows = []string{"tensor\tshape\tweights\tmean\tstd\tmin\tmax\tdistribution"}
	}
	for _, t := range c.Tensors {
		row := fmt.Sprintf("%s\t%v\t%.2g\t%.2g\t%.2g\t%s", quoted(t.Name), t.Shape, t.Std, t.Min, t.Max, sparkline(t.Histogram))
		if wide {
			row = fmt.Sprintf("%s\t%v\t%s\t%.4g\t%.4g\t%.4g\t%.4g\t%s",
				quoted(t.Name), t.Shape, thousands(t.Count), t.Mean, t.Std, t.Min, t.Max, sparkline(t.Histogram))
		}
		rows = append(rows, row)
		if t.NotFinite > 0 {
			broken = append(broken, fmt.Sprintf("%s: %s of %s numbers are NaN or infinite",
				quoted(t.Name), thousands(t.NotFinite), thousands(t.Count)))
		}
	}
	fmt.Fprintln(w)
	if err := table(w, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s weights", thousands(c.Weights))
	if c.Training > 0 {
		fmt.Fprintf(w, "; %s more numbers are kept to resume training", thousands(c.Training))
	}
	fmt.Fprintln(w)
	for _, line := range broken {
		fmt.Fprintln(w, line)
	}
	if c.Chosen != nil {
		c.Chosen.draw(w)
	}
	return nil
}

// shownValues is how many plain values are printed.
const shownValues = 12

// printValues shows the plain values of a PyTorch file: those with the shortest names, which stand highest.
func (c *contents) printValues(w io.Writer) error {
	names := slices.SortedFunc(maps.Keys(c.Values), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	})
	var rows []string
	for _, name := range names[:min(len(names), shownValues)] {
		rows = append(rows, fmt.Sprintf("  %s\t%s", quoted(name), shortened(quoted(c.Values[name]), 50)))
	}
	if more := len(names) - len(rows); more > 0 {
		rows = append(rows, fmt.Sprintf("  and %d more\t(--json shows all)", more))
	}
	if len(rows) == 0 {
		return nil
	}
	return table(w, rows)
}

// tokens is the size of the vocabulary: that of the embedding.
func (c *contents) tokens() int {
	for _, t := range c.Tensors {
		if (t.Name == "embedding.weight" || t.Name == "embedding.weight.lora_B") && len(t.Shape) > 0 {
			return t.Shape[0]
		}
	}
	return 0
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
	fmt.Fprintf(w, "\n%s\n", quoted(t.Name))
	top := max(slices.Max(t.Histogram), 1)
	width := float64(t.Max-t.Min) / float64(len(t.Histogram))
	for i, n := range t.Histogram {
		fmt.Fprintf(w, "%11.4g  %-50s %s\n", float64(t.Min)+(float64(i)+0.5)*width, strings.Repeat("█", (n*50+top-1)/top), thousands(n))
	}
}
