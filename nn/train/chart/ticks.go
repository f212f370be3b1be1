package chart

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
)

// rounds marks multiples of 1, 2 or 5 times a power of ten, at most nine of them.
type rounds struct {
	whole bool // whole numbers only: epochs, steps
	first bool // and the lower end of the axis, where there is room: epoch 1
}

func (r rounds) Ticks(low, high float64) []plot.Tick {
	const most = 8
	each := math.Pow(10, math.Floor(math.Log10((high-low)/most)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(m*each) <= most {
			each *= m
			break
		}
	}
	if r.whole {
		each = max(each, 1)
	}
	first, last := math.Ceil(low/each-1e-9), math.Floor(high/each+1e-9)
	var ticks []plot.Tick
	if r.first && first*each-low >= 0.6*each {
		ticks = append(ticks, plot.Tick{Value: low, Label: fmt.Sprintf("%.6g", low)})
	}
	for n := first; n <= last && len(ticks) <= most+1; n++ { // beyond 2⁵³, n+1 may be n
		v := n*each + 0 // and no -0
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
	}
	return ticks
}

// decades marks a logarithmic axis, whose places are powers of ten: nine of them at most with labels, and multiples
// between where there are few. (The axis is a linear one of logarithms: the plotting library's own logarithmic axis puts
// its label where the middle of a linear one would be, and leaves that much room empty.)
type decades struct{}

func (decades) Ticks(low, high float64) []plot.Tick {
	first, last := int(math.Floor(low+1e-9)), int(math.Ceil(high-1e-9))
	each := (last-first)/9 + 1
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			at := float64(e) + math.Log10(float64(m))
			if at < low-1e-9 || at > high+1e-9 || m > 1 && last-first > 3 {
				continue
			}
			label := ""
			if m == 1 && e%each == 0 || last-first <= 2 && (m == 2 || m == 5) {
				label = power(m, e)
			}
			ticks = append(ticks, plot.Tick{Value: at, Label: label})
		}
	}
	return ticks
}

// power is m times 10 to e.
func power(m, e int) string {
	if e >= -3 && e <= 3 {
		return fmt.Sprintf("%.4g", float64(m)*math.Pow10(e))
	}
	return fmt.Sprintf("%de%d", m, e)
}
