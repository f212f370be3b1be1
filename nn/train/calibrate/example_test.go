package calibrate_test

import (
	"fmt"

	"github.com/unroll-go/unroll/nn/train/calibrate"
)

// A forecast of two steps, whose errors on nine earlier weeks tell how wide an interval of 80 % is.
func ExampleIntervals() {
	var c calibrate.Intervals
	for _, miss := range [][]float64{{1, 2}, {-1, 3}, {2, -4}, {0, 5}, {-2, 1}, {1, -1}, {3, 6}, {0, -2}, {-1, 0}} {
		forecast := []float64{10, 10}
		if err := c.Add(forecast, forecast, []float64{10 + miss[0], 10 + miss[1]}); err != nil {
			fmt.Println(err)
			return
		}
	}
	margins, err := c.Margins(0.8)
	fmt.Println("next week: 12 ±", margins[0], "and 13 ±", margins[1], err)
	// Output: next week: 12 ± 2 and 13 ± 5 <nil>
}
