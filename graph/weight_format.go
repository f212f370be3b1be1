package graph

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// WeightFormat is how a function that takes no gradients reads the weights that it multiplies by.
//
// Writing text token by token takes as long as reading every weight once a token, so weights of half or a quarter of the bytes
// are about that much faster, for a loss of accuracy; docs/precision.md measures both. Inputs, states, sums, and everything that
// is no product with a weight, stay float32.
type WeightFormat uint8

// The formats.
const (
	// FullWeights are used as they are.
	FullWeights = WeightFormat(kernel.Full)
	// BFloat16Weights are rounded to bfloat16, the upper half of a float32: a product's relative error is at most about 2⁻⁸ times
	// that of its largest terms.
	BFloat16Weights = WeightFormat(kernel.BFloat16Format)
	// Int8Weights are rounded to 255 levels between minus and plus the largest of the weights that make one output, and so is
	// each row that they are multiplied by. Their sums are exact. Weights with more than 66,311 inputs stay float32.
	Int8Weights = WeightFormat(kernel.Int8Format)
)

// weightNames are the formats by the names that a command takes.
var weightNames = []string{FullWeights: "float32", BFloat16Weights: "bf16", Int8Weights: "int8"}

// ParseWeightFormat reads "float32", "bf16" or "int8".
func ParseWeightFormat(name string) (WeightFormat, error) {
	for w, n := range weightNames {
		if n == name {
			return WeightFormat(w), nil
		}
	}
	return FullWeights, errors.Errorf("graph: weights %q; want one of %s", name, strings.Join(weightNames, ", "))
}

// String is the name that ParseWeightFormat reads.
func (w WeightFormat) String() string {
	if int(w) < len(weightNames) {
		return weightNames[w]
	}
	return "unknown"
}

// SetWeightFormat chooses how Run, and streams that are made afterwards, read weights; Grad reads them as they are. All functions and
// streams over one store share one copy of each weight in a format. The store must be of float32.
func (f *Func) SetWeightFormat(w WeightFormat) error {
	if err := f.made(); err != nil {
		return err
	}
	if int(w) >= len(weightNames) {
		return errors.Errorf("graph: SetWeightFormat: there is no format %d", w)
	}
	if w != FullWeights && f.params.dtype != tensor.Float32 {
		return errors.Errorf("graph: SetWeightFormat: weights of %v are rounded to %v from float32 alone", f.params.dtype, w)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.weights = w
	f.forget(func(c *compiled) bool { return !c.grad })
	return nil
}
