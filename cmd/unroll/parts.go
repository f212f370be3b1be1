package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/pkg/errors"
)

// parts are the rows of a classifier's table: to train on, to stop by, to test. The last two may have files of their own.
type parts struct{ fit, check, test *samples }

// readTables reads a model's table, and those of its parts that have a file of their own.
func (c classConfig) readTables() (*labelledTable, parts, error) {
	t, err := readTable(c.Table, tableColumns{c.TextColumn, c.LabelColumn}, c.tableFormat)
	if err != nil {
		return nil, parts{}, err
	}
	p, count := c.parts(&t.samples), t.count()
	for _, own := range []struct {
		file string
		part **samples
	}{{c.ValidFile, &p.check}, {c.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		table, err := readTable(own.file, t.columns, c.tableFormat)
		if err != nil {
			return nil, parts{}, err
		}
		for i, label := range table.labels {
			if count[label] == 0 {
				return nil, parts{}, errors.Errorf("%s has the label %q, which %s lacks", table.place(i), label, c.Table)
			}
		}
		*own.part = &table.samples
	}
	if len(p.test.texts) == 0 {
		p.test = p.check
	}
	return t, p, nil
}

// parts cuts the rows of the model's table, in an order that is always the same.
func (c classConfig) parts(s *samples) parts {
	rows := len(s.texts)
	order := rand.New(rand.NewPCG(1, 1)).Perm(rows)
	a := int(c.TestPart * float64(rows))
	if c.TestFile != "" {
		a = 0
	}
	b := a + max((rows-a)/10, 1)
	if c.ValidFile != "" {
		b = a
	}
	return parts{test: s.pick(order[:a]), check: s.pick(order[a:b]), fit: s.pick(order[b:])}
}

// describe says how many rows each part has, and whether the test is one.
func (p parts) describe(w io.Writer) {
	if p.test == p.check {
		fmt.Fprintf(w, "Rows    %d to train on, %d to stop by, which test it, too\n", len(p.fit.texts), len(p.check.texts))
	} else {
		fmt.Fprintf(w, "Rows    %d to train on, %d to stop by, %d to test\n", len(p.fit.texts), len(p.check.texts), len(p.test.texts))
	}
	seen, known := map[string]bool{}, 0
	for _, text := range p.fit.texts {
		seen[text] = true
	}
	for _, text := range p.test.texts {
		if seen[text] {
			known++
		}
	}
	if 2*known >= len(p.test.texts) {
		fmt.Fprintf(w, "Note    of %d texts to test, %d are also trained on: their accuracy says little of new texts\n", len(p.test.texts), known)
	}
}

// tablesHash tells whether a model's files have changed.
func (c classConfig) tablesHash() (string, error) {
	hash, err := hashOf(c.Table)
	for _, file := range []string{c.ValidFile, c.TestFile} {
		if file == "" || err != nil {
			continue
		}
		var more string
		more, err = hashOf(file)
		sum := sha256.Sum256([]byte(hash + more))
		hash = hex.EncodeToString(sum[:])
	}
	return hash, err
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.Wrap(err, path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
