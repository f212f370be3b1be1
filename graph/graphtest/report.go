package graphtest

import (
	"fmt"
	"strings"
)

// Report is the outcome of a gradient check: the element with the largest error, and how every parameter did.
type Report struct {
	Checked           int    // number of elements
	Param             string // name of the worst element's parameter; inputs are called input0, input1, ...
	Index             int    // its place, in row-major order
	Place             []int  // its place, one number a dimension
	Symbolic, Numeric float64
	Error             float64 // |Symbolic - Numeric| relative to the larger, or to 1e-3 of the parameter's largest

	Params []ParamReport // every parameter, in the order in which the graph asked for it
}

// ParamReport is what a gradient check found in one parameter.
type ParamReport struct {
	Name    string
	Shape   []int
	Checked int     // number of elements
	Error   float64 // the largest among them
}

func (r Report) String() string {
	return fmt.Sprintf("worst of %d derivatives: %s%v is %.12g, finite difference %.12g, relative error %.2g",
		r.Checked, r.Param, r.Place, r.Symbolic, r.Numeric, r.Error)
}

// Table lists every parameter with its largest error, those above tolerance marked: where more than one weight is
// wrong, the pattern tells which term of a cell's equations to look at.
func (r Report) Table(tolerance float64) string {
	var b strings.Builder
	for _, p := range r.Params {
		mark := "right"
		if !(p.Error <= tolerance) {
			mark = "WRONG"
		}
		fmt.Fprintf(&b, "%s  %-20s %-12s worst of %2d: %.2g\n", mark, p.Name, fmt.Sprint(p.Shape), p.Checked, p.Error)
	}
	return b.String()
}

// add takes in one derivative of a parameter, whose entry is the last.
func (r *Report) add(index int, symbolic, numeric, relative float64) {
	p := &r.Params[len(r.Params)-1]
	if p.Checked++; p.Checked == 1 || !(relative <= p.Error) {
		p.Error = relative
	}
	if r.Checked++; r.Checked == 1 || !(relative <= r.Error) {
		r.Param, r.Index, r.Place = p.Name, index, place(index, p.Shape)
		r.Symbolic, r.Numeric, r.Error = symbolic, numeric, relative
	}
}

// place turns a row-major index into one number a dimension.
func place(index int, shape []int) []int {
	at := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		at[i] = index % shape[i]
		index /= shape[i]
	}
	return at
}
