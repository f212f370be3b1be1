package catalog

import (
	"math"
	"net/http"

	"github.com/pkg/errors"
)

// Options say how a data set is loaded. The zero value is right for most uses.
type Options struct {
	// Validation and Test are the parts of a set, from 0 to 1, that are kept from training; 0 means 0.1, and below 0
	// none. A part that the makers of the set have fixed stays as it is, and its fraction here does nothing.
	Validation, Test float64

	// Seed shuffles the rows before they are cut into parts: the same seed gives the same parts in the same order.
	// Series and running text are cut in their order, whatever the seed.
	Seed uint64

	Folder   string                               // where fetched files are kept; "" means CacheFolder()
	Offline  bool                                 // nothing is fetched: what is not there is an error that says how to bring it
	Progress func(file string, done, total int64) // called while a file comes in; total is -1 while it is not known
	Client   *http.Client                         // nil means http.DefaultClient, which knows of proxies
}

// fractions returns the parts for validation and for the test.
func (o Options) fractions() (validation, test float64, err error) {
	validation, test = fraction(o.Validation), fraction(o.Test)
	if !(validation+test < 1) || math.IsNaN(o.Validation) || math.IsNaN(o.Test) {
		return 0, 0, errors.Errorf("datasets: validation %g and test %g leave nothing to train on", validation, test)
	}
	return validation, test, nil
}

func fraction(f float64) float64 {
	switch {
	case f == 0:
		return 0.1
	case f < 0:
		return 0
	}
	return f
}

// validationOnly are the fractions of a set whose test part is fixed.
func (o Options) validationOnly() (float64, error) {
	o.Test = -1
	validation, _, err := o.fractions()
	return validation, err
}
