package main

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/unroll-go/unroll/datasets/audio"
)

// nearest recognises each recording by the one that is nearest to it, among those that a recogniser would be trained on: with all
// speakers known, and with each of them left out.
func nearest(all digits) error {
	frames := make([]*audio.Frames, len(all))
	for i, d := range all {
		var err error
		if frames[i], err = featuresOf(d.sound); err != nil {
			return err
		}
	}
	distance := distances(frames)
	fmt.Printf("%-18s %9s %9s\n", "", "templates", "right")
	show := func(name string, templates, tests func(d digit) bool) float64 {
		right, tested, n := 0, 0, 0
		for i, d := range all {
			if templates(d) {
				n++
			}
			if !tests(d) {
				continue
			}
			tested++
			best, least := -1, math.Inf(1)
			for j, other := range all {
				if away := float64(distance[i][j]); templates(other) && away < least {
					best, least = j, away
				}
			}
			if best >= 0 && all[best].number == d.number {
				right++
			}
		}
		rate := 100 * float64(right) / float64(max(tested, 1))
		fmt.Printf("%-18s %9d %7.2f %%\n", name, n, rate)
		return rate
	}
	show("all known", func(d digit) bool { return d.take >= firstToTrain }, func(d digit) bool { return d.take < firstToStop })
	sum, speakers := 0.0, all.speakers()
	for _, out := range speakers {
		sum += show("without "+out, func(d digit) bool { return d.speaker != out }, func(d digit) bool { return d.speaker == out })
	}
	fmt.Printf("%-18s %9s %7.2f %%\n", "mean of these", "", sum/float64(len(speakers)))
	return nil
}

// featuresOf are 13 cepstral coefficients and their deltas, with mean 0 and variance 1 over the recording.
func featuresOf(sound *audio.Sound) (*audio.Frames, error) {
	frames, err := audio.MFCC(sound.Rate).Of(sound)
	if err != nil {
		return nil, err
	}
	if err := frames.Normalise(true); err != nil {
		return nil, err
	}
	deltas, err := frames.Deltas(2)
	if err != nil {
		return nil, err
	}
	return frames.Beside(deltas)
}

// distances are those between all pairs.
func distances(frames []*audio.Frames) [][]float32 {
	out := make([][]float32, len(frames))
	for i := range out {
		out[i] = make([]float32, len(frames))
	}
	rows := make(chan int)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range rows {
				for j := range i {
					d := float32(warped(frames[i], frames[j]))
					out[i][j], out[j][i] = d, d
				}
			}
		})
	}
	for i := range frames {
		rows <- i
	}
	close(rows)
	all.Wait()
	return out
}

// warped is the distance of two recordings by dynamic time warping (Sakoe and Chiba, 1978): the sum of the distances of their
// frames along the best path, where a step along both counts twice, over the sum of their lengths.
func warped(a, b *audio.Frames) float64 {
	n, m := a.Steps(), b.Steps()
	row := make([]float64, m+1) // the best paths to a's frame so far and every frame of b
	for j := range row {
		row[j] = math.Inf(1)
	}
	row[0] = 0
	for i := range n {
		diagonal := row[0]
		row[0] = math.Inf(1)
		x := a.Values[i*a.Width:][:a.Width]
		for j := range m {
			y, sum := b.Values[j*b.Width:][:b.Width], float32(0)
			for k, v := range x {
				sum += (v - y[k]) * (v - y[k])
			}
			d := math.Sqrt(float64(sum))
			best := min(diagonal+2*d, row[j+1]+d, row[j]+d)
			diagonal, row[j+1] = row[j+1], best
		}
	}
	return row[m] / float64(max(n+m, 1))
}
