package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// image is 8 rows of 8 grey values from 0 to 1, and the digit it shows.
type image struct {
	pixels [64]float32
	digit  int
}

func readDigits(path string) ([]image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	images := make([]image, len(rows))
	for i, row := range rows {
		if len(row) != 65 {
			return nil, errors.Errorf("%s: line %d has %d fields; want 64 grey values and a digit", path, i+1, len(row))
		}
		for j, field := range row {
			v, err := strconv.ParseFloat(field, 32)
			if err != nil {
				return nil, errors.Wrapf(err, "%s: line %d", path, i+1)
			}
			if j == 64 {
				images[i].digit = int(v)
			} else {
				images[i].pixels[j] = float32(v / 16)
			}
		}
	}
	return images, nil
}

// rowsOf is a batch of images as sequences of their rows, [8, B, 8], and their digits [B].
func rowsOf(images []image) []*tensor.Dense {
	x, digits := make([]float32, 64*len(images)), make([]int, len(images))
	for b, im := range images {
		for t := range 8 {
			copy(x[(t*len(images)+b)*8:], im.pixels[t*8:t*8+8])
		}
		digits[b] = im.digit
	}
	return []*tensor.Dense{graph.Floats(x, 8, len(images), 8), graph.Ints(digits)}
}

// digits reads images row by row and says at the end which digit it was.
func digits() error {
	if *digitsFile == "" {
		fmt.Println("Digits row by row: left out; give the file with -digits")
		return nil
	}
	images, err := readDigits(*digitsFile)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
	test, train := images[:len(images)/5], images[len(images)/5:]
	fmt.Printf("Digits of 8x8 pixels, row by row, LSTM 64: %d to train on, %d to test\n", len(train), len(test))
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits := nn.Head{Classes: 10}.Apply(g.Scope("head"), lastOf(recurrent.LSTM{Hidden: 64})(g, in[0]))
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	})
	adam := &optim.Adam{}
	const epochs, size = 60, 32
	for epoch := range epochs {
		rng.Shuffle(len(train), func(i, j int) { train[i], train[j] = train[j], train[i] })
		for at := 0; at+size <= len(train); at += size {
			if _, err := loss.Grad(rowsOf(train[at : at+size])...); err != nil {
				return err
			}
			if _, err := optim.Update(adam, params, optim.Cosine{Start: 3e-3, End: 1e-4, Steps: epochs}.Rate(epoch), 1); err != nil {
				return err
			}
		}
	}
	out, err := loss.Run(rowsOf(test)...)
	if err != nil {
		return err
	}
	right := 0
	for i, im := range test {
		row, best := out[1].Float32s()[i*10:][:10], 0
		for d, v := range row {
			if v > row[best] {
				best = d
			}
		}
		if best == im.digit {
			right++
		}
	}
	fmt.Printf("  %.1f %% of the test images are right\n", 100*float64(right)/float64(len(test)))
	return nil
}
