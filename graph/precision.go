package graph

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Precision is how the matrix products of a function round what they multiply, forward and backward. Their sums, and
// everything that is no product (states, gradients, losses, the optimiser and the parameters themselves), stay float32.
//
// Products take nine tenths of the time of training. Processors with instructions for bfloat16, the upper half of a
// float32, multiply rounded numbers twice to many times as fast. docs/precision.md measures what that costs in accuracy.
type Precision uint8

// The precisions.
const (
	// Float32 rounds nothing that is multiplied.
	Float32 = Precision(kernel.FullPrecision)
	// BFloat16x3 takes each number for the sum of two bfloat16, and adds up three of their four products: the relative
	// error of a product is about 2⁻¹⁶ times that of its largest terms.
	BFloat16x3 = Precision(kernel.BFloat16x3Precision)
	// BFloat16 rounds each number to one: the relative error of a product is about 2⁻⁸ times that of its largest terms.
	BFloat16 = Precision(kernel.BFloat16Precision)
)

// precisionNames are the precisions by the names that a command takes.
var precisionNames = []string{Float32: "float32", BFloat16x3: "bf16x3", BFloat16: "bf16"}

// ParsePrecision reads "float32", "bf16x3" or "bf16".
func ParsePrecision(name string) (Precision, error) {
	for p, n := range precisionNames {
		if n == name {
			return Precision(p), nil
		}
	}
	return Float32, errors.Errorf("graph: precision %q; want one of %s", name, strings.Join(precisionNames, ", "))
}

// String is the name that ParsePrecision reads.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return "unknown"
}

// Instructions names the instructions that compute products in the precision on this machine: "AMX" or "AVX512_BF16" if
// numbers are rounded. It is an error that says what the machine lacks if there are none.
func (p Precision) Instructions() (string, error) {
	if int(p) >= len(precisionNames) {
		return "", errors.Errorf("graph: there is no precision %d", p)
	}
	name, err := kernel.Instructions(kernel.Precision(p))
	if err != nil {
		return "", errors.Errorf("graph: products in %v are slower than in float32 here: the machine lacks %v", p, err)
	}
	return name, nil
}

// SetPrecision chooses the precision of Run, Grad and streams that are made afterwards. Weights that SetWeightFormat has in
// fewer bits stay as they are there.
//
// The store must be of float32, and the machine must have instructions for the precision, see Precision.Instructions: a run
// does not become another one because it found another machine. One machine gives the same bits at every number of
// processors; machines with different instructions differ in the order of sums.
func (f *Func) SetPrecision(p Precision) error {
	if err := f.made(); err != nil {
		return err
	}
	if _, err := p.Instructions(); err != nil {
		return err
	}
	if p != Float32 && f.params.dtype != tensor.Float32 {
		return errors.Errorf("graph: SetPrecision: products of %v are not computed in %v, those of float32 are", f.params.dtype, p)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.precision = p
	f.forget(func(*compiled) bool { return true })
	return nil
}
