package datasets

import (
	"reflect"

	"github.com/pkg/errors"
)

var errNoTokenizer = errors.New("datasets: no tokenizer was given: want a *Vocabulary, a *BPE, or one of your own")

// errNoReader is the error of everything that reads from an io.Reader, if there is none.
func errNoReader(name string) error {
	return errors.Errorf("datasets: no reader of %s was given", name)
}

// absent says whether an argument, such as a tokenizer, a source or a reader, was not given: it is nil, or a nil pointer
// in an interface.
func absent(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}
