package catalog

import (
	"context"
	_ "embed"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/pkg/errors"
)

//go:embed digits/digits.csv.gz
var digitsGzip []byte

var digitsInfo = Info{
	Name:        "digits",
	Title:       "Handwritten digits, 8x8",
	Description: "Digits that 13 people wrote, 8 by 8 points of 17 greys.",
	Task:        "image to class, by its rows; image to word",
	Licence:     "CC BY 4.0 (UCI)",
	Citation:    "Alpaydin, Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998",
	Source:      "Debian package python3-sklearn 1.2.1, from https://archive.ics.uci.edu/dataset/80",
	Size:        "1,797 images of 10 classes",
	Rows:        1797,
	Shipped:     true,
}

// Digits are small pictures of digits. Row by row they are sequences of 8 steps of 8 values.
var Digits = ImageSet{Info: digitsInfo, load: loadDigits}

func loadDigits(_ context.Context, _ Info, o Options) (ImageParts, error) {
	r, err := gunzip(digitsGzip)
	if err != nil {
		return ImageParts{}, err
	}
	all, err := readDigits(r)
	if err != nil {
		return ImageParts{}, err
	}
	validation, test, err := o.fractions()
	if err != nil {
		return ImageParts{}, err
	}
	p := split(all.Len(), nil, validation, test, o.Seed)
	return ImageParts{all.pick(p.train), all.pick(p.validation), all.pick(p.test)}, nil
}

var digitNames = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// readDigits reads lines of 64 greys from 0 to 16 and a digit.
func readDigits(r io.Reader) (Images, error) {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	lines.FieldsPerRecord = 65
	m := Images{Rows: 8, Columns: 8, Classes: digitNames}
	for {
		record, err := lines.Read()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return Images{}, errors.Wrap(err, "datasets: digits")
		}
		for i, field := range record {
			limit := uint64(16)
			if i == 64 {
				limit = 9
			}
			v, err := strconv.ParseUint(field, 10, 8)
			if err != nil || v > limit {
				line, _ := lines.FieldPos(i)
				return Images{}, errors.Errorf("datasets: digits: line %d, field %d is %q; want 0 to %d", line, i+1, field, limit)
			}
			if i == 64 {
				m.Labels = append(m.Labels, int(v))
			} else {
				m.Pixels = append(m.Pixels, float32(v)/16)
			}
		}
	}
}
