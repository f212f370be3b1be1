package main

import (
	"math"
	"strings"

	"github.com/unroll-go/unroll/datasets/catalog"
)

// nearest is the accuracy of taking a picture for the digit whose mean picture is nearest.
func nearest(fit, test catalog.Images) (float64, error) {
	var means [10][64]float64
	var counts [10]float64
	for i, digit := range fit.Labels {
		counts[digit]++
		for j := range 64 {
			means[digit][j] += float64(fit.Pixels[i*64+j])
		}
	}
	right := 0
	for i, digit := range test.Labels {
		best, distance := 0, math.Inf(1)
		for d := range means {
			sum := 0.0
			for j := range 64 {
				v := float64(test.Pixels[i*64+j]) - means[d][j]/max(counts[d], 1)
				sum += v * v
			}
			if sum < distance {
				best, distance = d, sum
			}
		}
		if best == digit {
			right++
		}
	}
	return float64(right) / float64(test.Len()), nil
}

// picture draws a digit in characters.
func picture(of catalog.Images, i int) string {
	var b strings.Builder
	for r := range of.Rows {
		b.WriteString("  ")
		for c := range of.Columns {
			b.WriteString(strings.Repeat(string([]rune(" ░▒▓█")[int(4*of.Pixel(i, r, c)+0.5)]), 2))
		}
		if r < of.Rows-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
