package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// pairParts are the pairs of a model: to train on, to stop by, to test. The last two may have files of their own.
type pairParts struct {
	fit, check, test models.Pairs
	untested         bool // there are none to test: those to stop by stand in
}

// readPairParts reads a model's pairs, and those of its parts that have a file of their own.
func readPairParts(c models.Config) (*pairsRead, pairParts, error) {
	o := c.Origin
	all, err := pairSourceOf(o).read()
	if err != nil {
		return nil, pairParts{}, err
	}
	validation, test := 0.05, o.TestPart
	if o.ValidFile != "" {
		validation = 0
	}
	if o.TestFile != "" {
		test = 0
	}
	var p pairParts
	if p.fit, p.check, p.test, err = all.Split(validation, test, c.Seed); err != nil {
		return nil, pairParts{}, err
	}
	for _, own := range []struct {
		file string
		part *models.Pairs
	}{{o.ValidFile, &p.check}, {o.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		s := pairSourceOf(o)
		s.Pairs, s.PairsTarget = own.file, ""
		read, err := s.read()
		if err != nil {
			return nil, pairParts{}, err
		}
		*own.part = read.Pairs
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	if p.fit.Len() == 0 || p.check.Len() == 0 {
		return nil, pairParts{}, errors.Errorf("%s: %d pairs of %d different sources are too few to train on, to stop by and to test",
			o.Pairs.Pairs, all.Len(), len(all.DistinctSources()))
	}
	return all, p, nil
}

// describe says how the pairs were read, and how many each part has.
func (r *pairsRead) describe(w io.Writer, p pairParts) {
	tell(w, "Pairs", "%s: %s", r.Name, count(r.Len(), "pair", "pairs"))
	tell(w, "Format", "%s", r.how)
	for _, note := range r.notes {
		tell(w, "Note", "%s", note)
	}
	test := toTest(thousands(p.test.Len()), p.untested)
	if !p.untested {
		test += ", of " + count(len(p.test.DistinctSources()), "source", "sources")
	}
	tellParts(w, "Parts", thousands(p.fit.Len()), thousands(p.check.Len()), test)
	seen, again := map[string]bool{}, 0
	for _, s := range p.fit.DistinctSources() {
		seen[s] = true
	}
	tested := p.test.DistinctSources()
	for _, s := range tested {
		if seen[s] {
			again++
		}
	}
	if 2*again >= len(tested) {
		tell(w, "Note", "of %d sources to test, %d are also trained on", len(tested), again)
	}
}

// pairsHash tells whether a model's files have changed.
func pairsHash(o models.Origin) (string, error) {
	all := sha256.New()
	for i, file := range pairSourceOf(o).files(o) {
		if file == "" {
			continue
		}
		hash, err := hashOf(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%d %s\n", i, hash)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// ownPairs are the pairs that were kept for the test when a translator was trained, and those that it was trained on.
func ownPairs(c models.Config) (pairParts, error) {
	data := ownData{"pairs", "the model's own pairs (others: --pairs)", c.Origin.Pairs.Pairs,
		"its test pairs may be others; give the pairs with --pairs"}
	if err := data.same(c.Origin, pairsHash); err != nil {
		return pairParts{}, err
	}
	_, p, err := readPairParts(c)
	return p, err
}
