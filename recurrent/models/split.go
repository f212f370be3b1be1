package models

import (
	"math/rand/v2"

	"github.com/pkg/errors"
)

// splitRows deals the numbers of rows into three parts, always in the same order, which is no order of theirs: to train on, to
// stop by, and to test. A validation that is more than nothing is one row at least.
func splitRows(rows int, validation, test float64) (fit, valid, exam []int, err error) {
	if err := checkShares(validation, test); err != nil {
		return nil, nil, nil, err
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(rows)
	a := int(test * float64(rows))
	b := a
	if validation > 0 && rows > a {
		b += max(int(validation*float64(rows-a)), 1)
	}
	return order[b:], order[a:b], order[:a], nil
}

// checkShares refuses shares that are none.
func checkShares(validation, test float64) error {
	if !(validation >= 0 && test >= 0 && validation+test <= 1) {
		return errors.Errorf("models: Split: validation %g, test %g; want 0 or more, and 1 at most together", validation, test)
	}
	return nil
}
